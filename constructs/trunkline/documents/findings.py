"""A mistake in a file: its place, what is wrong, and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Literal

from attrs import asdict, frozen

from trunkline.documents.secrets import redact
from trunkline.errors import TrunklineError

Level = Literal["error", "warning"]
KeyPath = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_SHOWN = 60


@frozen
class Finding:
    """One mistake. `line` and `column` count from 1, `column` in characters.

    `path` reads like `sites.aws.zones[2]`. A "warning" leaves the file usable. `str()` gives
    `file:line:column: path: what is wrong; what to do`.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    remedy: str
    level: Level = "error"

    def __str__(self) -> str:
        label = "warning: " if self.level == "warning" else ""
        place = f"{self.file}:{self.line}:{self.column}: {self.path}"
        return printable(f"{place}: {label}{self.message}; {self.remedy}")

    def as_dict(self) -> dict[str, str | int]:
        """The fields by name, for JSON."""
        return asdict(self)


class FindingsError(TrunklineError):
    """A file that cannot be used; `findings` names every mistake."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


@frozen
class Problem:
    """A mistake at a key path; `at_key` points at the key, not at its value."""

    path: KeyPath
    message: str
    remedy: str
    level: Level = "error"
    at_key: bool = False


def show_path(path: KeyPath) -> str:
    """`("sites", "aws", "zones", 2)` as `sites.aws.zones[2]`; unusual keys are in quotes."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{_show_key(step)}" for step in path]
    return "".join(parts).removeprefix(".")


def shown(value: object) -> str:
    """A value of the file as messages show it: in quotes, short, and never a secret."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if not isinstance(value, str):
        return shorten(json.dumps(value, default=str))
    return f'"{shorten(redact(value))}"'


def shorten(text: str) -> str:
    """`text`, cut to what fits in a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def printable(text: str) -> str:
    """`text` with control characters escaped, so that a file cannot control the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _show_key(key: str) -> str:
    safe = redact(key)
    return safe if safe != key or _PLAIN_KEY.match(key) else shown(key)
