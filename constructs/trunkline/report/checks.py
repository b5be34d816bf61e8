"""Reads what `trunkline check --format json` has printed."""

from __future__ import annotations

import os
from typing import Any

from attrs import fields, frozen

from trunkline.check.line import CheckLine, State
from trunkline.documents.json import parse_json
from trunkline.documents.source import FileKind, read_source
from trunkline.errors import ConfigurationError

REPAIR = "run trunkline check --format json again, and keep all that it prints"
CHECKS_FILE = FileKind("checks", max_bytes=16 * 1024 * 1024, remedy=REPAIR, repair=REPAIR)

_KEYS = {field.name for field in fields(CheckLine)}


@frozen
class Checks:
    """What a check of a topology has found, line by line."""

    topology: str
    lines: tuple[CheckLine, ...]


def load_checks(path: str | os.PathLike[str]) -> Checks:
    """The checks in a file; an error with what to do where it holds something else."""
    data = parse_json(read_source(path, CHECKS_FILE)).data
    lines = data.get("checks") if isinstance(data, dict) else None
    if not isinstance(lines, list) or not isinstance(data.get("topology"), str):
        raise _wrong(path, "it has no list of checks")
    return Checks(data["topology"], tuple(_line(path, each) for each in lines))


def _line(path: str | os.PathLike[str], given: Any) -> CheckLine:
    if not isinstance(given, dict) or set(given) != _KEYS:
        raise _wrong(path, "one of its checks has other keys")
    if not all(isinstance(value, str) for value in given.values()):
        raise _wrong(path, "one of its checks has a value that is no text")
    if given["state"] not in set(State):
        raise _wrong(path, f"{given['state']!r} is not a state")
    return CheckLine(**{**given, "state": State(given["state"])})


def _wrong(path: str | os.PathLike[str], why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{os.fspath(path)}: not the result of trunkline check: {why}; {REPAIR}"
    )
