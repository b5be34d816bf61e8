"""The nodes file: the public halves of a backbone's keys, committed beside the topology.

`trunkline keys` writes it (deploy/nodes.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from trunkline.documents.document import Document
from trunkline.documents.findings import Finding, Problem
from trunkline.documents.schema import check_schema
from trunkline.documents.source import FileKind, UnreadableError, read_source
from trunkline.documents.yaml import parse_yaml
from trunkline.model import DEFAULT_OVERLAY, NO_BACKBONE

REPAIR = "take the file from where it was committed, or delete it and run trunkline keys"
NODES_FILE = FileKind(
    "nodes", max_bytes=64 * 1024, remedy="run trunkline keys, which writes it", repair=REPAIR
)


def nodes_path(topology: str | Path) -> Path:
    """The nodes file of a topology file: `acme.yaml` has `acme.nodes.yaml`."""
    return Path(topology).with_suffix(".nodes.yaml")


def read_nodes(data: Any, topology: str) -> list[Finding]:
    """Put the nodes of the nodes file into the backbone of `data`; what is wrong with the file.

    `data` is what the file `topology` holds, as far as it fits the schema. Without a backbone, or
    without a nodes file, nothing is put.
    """
    backbone = data.get("backbone") if isinstance(data, dict) else None
    path = nodes_path(topology)
    if not isinstance(backbone, dict) or backbone.get("kind") == NO_BACKBONE:
        return []
    if not path.is_file():
        return []
    try:
        document = parse_yaml(read_source(path, NODES_FILE))
    except UnreadableError as unreadable:
        return list(unreadable.findings)
    problems, found = check_schema(document, "nodes")
    findings = [*document.findings, *map(document.finding, problems)]
    if not findings:
        backbone["nodes"] = found["nodes"]
        backbone["authorities"] = found.get("authorities", [])
        findings = [document.finding(each) for each in _problems(document, data, backbone)]
    return findings


def _problems(document: Document, data: Any, backbone: Mapping[str, Any]) -> Iterator[Problem]:
    named = document.data["topology"]
    if data.get("name") and named != data["name"]:
        message = f"these are the nodes of the topology {named}, not of {data['name']}"
        yield Problem(("topology",), message, REPAIR)
        return
    overlay = IPv4Network(backbone.get("cidr") or DEFAULT_OVERLAY)
    taken: dict[str, str] = {}
    for name, node in document.data["nodes"].items():
        path = ("nodes", name, "address")
        address = node["address"]
        if not _is_in(address, overlay):
            message = f"{address} is not an address of a machine in backbone.cidr, {overlay}"
            yield Problem(path, message, "delete the address's node, and run trunkline keys")
        elif address in taken:
            yield Problem(path, f"{taken[address]} has {address} as well", REPAIR)
        taken.setdefault(address, name)


def _is_in(text: str, overlay: IPv4Network) -> bool:
    try:
        address = IPv4Address(text)
    except ValueError:
        return False
    return address in overlay and address not in (
        overlay.network_address,
        overlay.broadcast_address,
    )
