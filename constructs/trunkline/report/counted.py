"""Reads what `trunkline traffic --format json` has printed."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from trunkline.documents.json import parse_json
from trunkline.documents.source import FileKind, read_source
from trunkline.errors import ConfigurationError
from trunkline.traffic.counted import Counted, figures, group
from trunkline.traffic.query import FIGURES, TIME, TIME_FORMAT
from trunkline.traffic.span import Span, TrafficError

REPAIR = "run trunkline traffic --format json again, and keep all that it prints"
COUNTED_FILE = FileKind("traffic", max_bytes=16 * 1024 * 1024, remedy=REPAIR, repair=REPAIR)

_TEXTS = ("topology", "asked_at", "since", "every")


def load_counted(path: str | os.PathLike[str]) -> Counted:
    """What was counted, of a file; an error with what to do where it holds something else."""
    data = parse_json(read_source(path, COUNTED_FILE)).data
    try:
        return _counted(data)
    except (ValueError, KeyError, TypeError, AttributeError, TrafficError):
        raise ConfigurationError(
            f"{os.fspath(path)}: not the result of trunkline traffic; {REPAIR}"
        ) from None


def _counted(data: Any) -> Counted:
    texts = {name: _text(data[name]) for name in _TEXTS}
    by = [_text(each) for each in data["by"]]
    keys = [TIME, *by] if texts["every"] else by
    for each in data["groups"]:
        if set(each) != {*keys, *FIGURES}:
            raise ValueError("other figures")
        if texts["every"]:
            datetime.strptime(each[TIME], TIME_FORMAT)  # noqa: DTZ007  it is UTC
    Span.parse(texts["every"] or texts["since"], "every")
    return Counted(
        **texts,
        by=by,
        only={_text(name): _text(value) for name, value in data["only"].items()},
        total=figures(data["total"]),
        groups=[group(each, keys) for each in data["groups"]],
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
