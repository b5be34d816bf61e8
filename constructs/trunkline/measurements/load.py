"""Reads measurement files: the measurements, or every mistake with its line and column."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from os import PathLike
from typing import Any

from trunkline.documents.document import Document
from trunkline.documents.findings import Finding, FindingsError, Problem, shown
from trunkline.documents.json import parse_json
from trunkline.documents.schema import find_problems
from trunkline.documents.source import FileKind, Source, UnreadableError, read_source
from trunkline.measurements.check import REPAIR, check_meaning
from trunkline.measurements.model import (
    VERSION,
    MeasuredZone,
    Measurements,
    Method,
    Pair,
    RoundTrip,
    TcpConnect,
)
from trunkline.measurements.save import to_text

MOST_FINDINGS = 50
MEASUREMENT_FILE = FileKind(
    "measurements",
    max_bytes=64 * 1024 * 1024,
    remedy="measure again, or take the whole file from where it was made",
    repair=REPAIR,
)

Data = Mapping[str, Any]


class MeasurementsError(FindingsError):
    """A measurement file that cannot be used; `findings` holds its mistakes."""


def load(path: str | PathLike[str]) -> Measurements:
    """The measurements in a file; MeasurementsError with every finding if one is an error."""
    measurements, findings = check_file(path)
    if measurements is None:
        raise MeasurementsError(findings)
    return measurements


def check_file(path: str | PathLike[str]) -> tuple[Measurements | None, list[Finding]]:
    """The measurements in a file, or None if a finding is an error; and the findings.

    Of many mistakes the first fifty are reported.
    """
    try:
        document = parse_json(read_source(path, MEASUREMENT_FILE))
        problems = _problems(document)
    except UnreadableError as unreadable:
        return None, list(unreadable.findings)
    findings = [document.finding(problem) for problem in problems[:MOST_FINDINGS]]
    if len(problems) > MOST_FINDINGS:
        findings.append(_more(document.source))
    if any(finding.level == "error" for finding in findings):
        return None, findings
    return _build(document.data), findings


def mistakes(measurements: Measurements) -> list[str]:
    """What `load` would refuse in a file of these measurements."""
    try:
        document = parse_json(Source("measurements", to_text(measurements), MEASUREMENT_FILE))
        problems = _problems(document)
    except UnreadableError as unreadable:
        return [finding.message for finding in unreadable.findings]
    return [document.finding(each).message for each in problems if each.level == "error"]


def _problems(document: Document) -> list[Problem]:
    if version := _version(document.data):
        return [version]
    enough = MOST_FINDINGS + 1
    problems = list(islice(find_problems(document, "measurements"), enough))
    return problems or list(islice(check_meaning(document.data), enough))


def _version(data: Any) -> Problem | None:
    """The finding of another version, which alone is reported: other mistakes follow from it."""
    version = data.get("version") if isinstance(data, dict) else VERSION
    if version == VERSION or not isinstance(version, int):
        return None
    message = f"this file is of version {shown(version)}, and version {VERSION} is read here"
    newer = version > VERSION
    remedy = "use a newer trunkline" if newer else "measure again: the older format is not read"
    return Problem(("version",), message, remedy)


def _more(source: Source) -> Finding:
    message = f"there are more than {MOST_FINDINGS} mistakes"
    return source.finding(0, message, "correct these first, or measure again")


def _build(data: Data) -> Measurements:
    return Measurements(
        topology=data["topology"],
        method=Method(**data["method"]),
        started_at=datetime.fromisoformat(data["started_at"]),
        finished_at=datetime.fromisoformat(data["finished_at"]),
        complete=data["complete"],
        zones=[MeasuredZone(**zone) for zone in data["zones"]],
        pairs=[_pair(pair) for pair in data["pairs"]],
    )


def _pair(data: Data) -> Pair:
    connect = data["tcp_connect_us"]
    return Pair(
        from_zone=data["from"],
        to_zone=data["to"],
        round_trip_us=RoundTrip(**data["round_trip_us"]),
        samples=data["samples"],
        lost=data["lost"],
        sweeps=data["sweeps"],
        jitter_us=data["jitter_us"],
        addresses=data.get("addresses"),
        tcp_connect_us=TcpConnect(**connect) if connect else None,
        throughput_mbit_s=data["throughput_mbit_s"],
    )
