"""Which kinds of backbone a topology file can have, whether or not it names one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

from attrs import frozen

from trunkline.backbone import DRIVERS
from trunkline.documents.document import Document
from trunkline.documents.schema import check_schema
from trunkline.documents.source import UnreadableError, read_source
from trunkline.documents.yaml import parse_yaml
from trunkline.model import NO_BACKBONE
from trunkline.topology import TOPOLOGY_FILE
from trunkline.topology.check import check_meaning
from trunkline.topology.checks.backbone import PATH
from trunkline.topology.errors import TopologyError

_ANY_NETWORK = "0" * 16
_ANY_TEAM = "team"


@frozen
class Choice:
    """What a topology can have.

    - `name`: the topology's name.
    - `edges`: how many nodes its backbone would have.
    - `refusals`: for each kind, what `validate` would refuse of it.
    """

    name: str
    edges: int
    refusals: Mapping[str, tuple[str, ...]]


def choice_of(path: str | PathLike[str], kinds: Iterable[str]) -> Choice:
    """The kinds among `kinds` that the topology in a file can have, and why not the others.

    Raises TopologyError for a file that does not fit the schema, apart from its backbone.
    """
    try:
        document = parse_yaml(read_source(path, TOPOLOGY_FILE))
    except UnreadableError as unreadable:
        raise TopologyError(list(unreadable.findings)) from None
    problems, data = check_schema(document, "topology")
    about_others = [each for each in problems if each.path[:1] != PATH and each.level == "error"]
    findings = [*document.findings, *map(document.finding, about_others)]
    if any(each.level == "error" for each in findings):
        raise TopologyError(findings)
    replicas = int((data.get("edge") or {}).get("replicas") or 1)
    return Choice(
        name=data["name"],
        edges=len(data["sites"]) * replicas,
        refusals={kind: _refusals(document, data, kind) for kind in kinds},
    )


def _refusals(document: Document, data: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """What `validate` says of the backbone, where it were of that kind."""
    said = dict(data.get("backbone") or {})
    if kind == NO_BACKBONE:
        said.pop("cidr", None)  # that of another kind, which goes with it
    if kind != said.get("kind"):
        for name in ("network_id", "auth_key_version", "team", "precedence"):
            said.pop(name, None)
        # Which network and which team, is a choice of those who take the kind.
        driver = {str(known): each for known, each in DRIVERS.items()}.get(kind)
        if driver and driver.has_network_id:
            said["network_id"] = _ANY_NETWORK
        if driver and driver.has_connectors:
            said["team"] = _ANY_TEAM
    asked = {**data, "backbone": {**said, "kind": kind}}
    return tuple(
        f"{problem.message}; {problem.remedy}"
        for problem in check_meaning(document, asked)
        if problem.path[:1] == PATH and problem.level == "error"
    )
