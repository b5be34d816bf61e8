"""Writes measurement files: whole or not at all, sorted, one zone or pair per line."""

from __future__ import annotations

import json
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

from attrs import asdict

from trunkline.documents.write import write_whole
from trunkline.measurements.model import VERSION, Measurements, Pair


def save(measurements: Measurements, path: str | PathLike[str]) -> None:
    """Write the file whole or not at all; raises OutputError. Equal measurements, equal bytes."""
    write_whole(Path(path), to_text(measurements).encode())


def to_text(measurements: Measurements) -> str:
    """The text of the file: JSON with one zone or pair per line, so that diffs are readable."""
    head = {
        "version": VERSION,
        "topology": measurements.topology,
        "method": asdict(measurements.method),
        "started_at": _moment(measurements.started_at),
        "finished_at": _moment(measurements.finished_at),
        "complete": measurements.complete,
    }
    lines = [f"  {_compact(key)}: {_compact(value)}" for key, value in head.items()]
    lines.append(_rows("zones", [asdict(zone) for zone in measurements.zones]))
    lines.append(_rows("pairs", [_pair(pair) for pair in measurements.pairs]))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _rows(key: str, rows: list[dict[str, Any]]) -> str:
    inner = ",\n".join(f"    {_compact(row)}" for row in rows)
    return f'  "{key}": [\n{inner}\n  ]' if rows else f'  "{key}": []'


def _pair(pair: Pair) -> dict[str, Any]:
    fields = asdict(pair)
    ends = {"from": fields.pop("from_zone"), "to": fields.pop("to_zone")}
    if pair.addresses is None:
        del fields["addresses"]
    return {**ends, **fields}


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
