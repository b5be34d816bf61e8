"""A topology file: read it, check it, and name everything that is wrong with it at once.

`load` gives the `Topology` of a valid file and raises `TopologyError` for any other. `check_file`
does not raise: it gives the findings, and the topology where none of them is an error. Nothing here
imports cdktf, so that checking takes a fraction of a second.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from attrs import evolve

from trunkline.documents.document import Document
from trunkline.documents.findings import Finding
from trunkline.documents.schema import check_schema
from trunkline.documents.secrets import redact
from trunkline.documents.source import FileKind, Source, UnreadableError, read_source
from trunkline.documents.yaml import parse_yaml
from trunkline.model import Topology
from trunkline.topology.authorities import read_authorities
from trunkline.topology.build import build
from trunkline.topology.check import check_meaning, check_secrets, secrets_in_text
from trunkline.topology.errors import TopologyError
from trunkline.topology.nodes import read_nodes

__all__ = ["TOPOLOGY_FILE", "Finding", "check_file", "check_text", "load"]

TOPOLOGY_FILE = FileKind(
    "topology", max_bytes=256 * 1024, remedy="start from one of the examples in topologies/"
)


def load(path: str | PathLike[str]) -> Topology:
    """The topology in a YAML or JSON file.

    Raises TopologyError with every finding, warnings included, where one is an error.
    """
    topology, findings = check_file(path)
    if topology is None:
        raise TopologyError(findings)
    return topology


def check_file(path: str | PathLike[str]) -> tuple[Topology | None, list[Finding]]:
    """The topology in a file, or None where a finding is an error; and the findings in order."""
    try:
        source = read_source(path, TOPOLOGY_FILE)
    except UnreadableError as unreadable:
        return None, list(unreadable.findings)
    return _check(source)


def check_text(text: str, file: str = "topology") -> tuple[Topology | None, list[Finding]]:
    """The same for a text; `file` is what the findings call it."""
    return _check(Source(file, text, TOPOLOGY_FILE))


def _check(source: Source) -> tuple[Topology | None, list[Finding]]:
    try:
        document = parse_yaml(source)
    except UnreadableError as unreadable:
        return None, _in_order([*unreadable.findings, *secrets_in_text(source)])
    findings, data = _find(document)
    if any(finding.level == "error" for finding in findings):
        return None, _in_order(findings)
    return build(data), _in_order(findings)


def _find(document: Document) -> tuple[list[Finding], Any]:
    problems, data = check_schema(document, "topology")
    problems += read_authorities(data, Path(document.source.file).parent)
    of_nodes = read_nodes(data, document.source.file)
    problems += check_meaning(document, data)
    secrets = check_secrets(document)
    places = {(secret.line, secret.column) for secret in secrets}
    findings = [document.finding(problem) for problem in problems]
    # Where a secret stands, what else is wrong with the value does not matter.
    others = [found for found in findings if (found.line, found.column) not in places]
    return [*document.findings, *secrets, *others, *of_nodes], data


def _in_order(findings: list[Finding]) -> list[Finding]:
    """By place in the file, each once, and without the secrets that a key may contain."""
    safe = [
        evolve(
            finding,
            path=redact(finding.path),
            message=redact(finding.message),
            remedy=redact(finding.remedy),
        )
        for finding in findings
    ]
    return sorted(dict.fromkeys(safe), key=lambda finding: (finding.line, finding.column))
