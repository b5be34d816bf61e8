"""What Terraform says while it runs: counted, written to a log, and searched for what went wrong.

Its lines of JSON: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from attrs import define, field, frozen

from trunkline.errors import OutputError

# What trunkline.local says through Terraform, and what of it is no failure.
SAID = re.compile(r"\(local-exec\): (?!Executing: )(.+)")
GOOD_NEWS = re.compile(r"^Executing: | is up after | runs already")


@frozen
class Trouble:
    """An error of Terraform or of a provider; `address` is the resource that it is about."""

    summary: str
    detail: str = ""
    address: str = ""

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(filter(None, (self.summary, self.detail)))


@define
class Transcript:
    """What the commands of one stack say, in a file that only this user may read.

    - `done`: how many resources are made, changed or destroyed so far.
    - `troubles`: the errors so far.
    """

    path: Path
    done: int = 0
    troubles: list[Trouble] = field(factory=list)
    changed: Callable[[int], None] = lambda done: None
    _said: list[str] = field(factory=list)
    _plain: list[str] = field(factory=list)
    _file: TextIO = field(init=False)

    @_file.default
    def _open(self) -> TextIO:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise OutputError(
                f"cannot write {self.path}: {error.strerror or error}; choose another --output"
            ) from None
        return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")

    def begin(self, command: str) -> None:
        """Another command begins."""
        self._plain.clear()
        self._write(f"$ {command}")

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()

    def hear(self, line: str) -> None:
        """Take a line that Terraform prints, of JSON or of text."""
        event = _event(line)
        if event is None:
            self._plain.append(line)
            self._write(line)
            return
        self._write(f"{event.get('@timestamp', '')} {event.get('@message', '')}".strip())
        match event.get("type"):
            case "apply_complete" if event["hook"].get("action") in ("create", "update", "delete"):
                self.done += 1
                self.changed(self.done)
            case "diagnostic" if event["diagnostic"].get("severity") == "error":
                self._take(event["diagnostic"])
            case "provision_progress":
                self._said.append(event["hook"].get("output", ""))

    def trouble(self) -> Trouble:
        """What went wrong: what a machine's own command said, else the first error."""
        said = [text for text in self._said if not GOOD_NEWS.search(text)]
        if self.troubles and said and "local-exec" in self.troubles[0].summary:
            return Trouble("\n".join(said[-3:]), address=self.troubles[0].address)
        if self.troubles:
            return self.troubles[0]
        return _plain_trouble(self._plain)

    def _take(self, diagnostic: dict[str, Any]) -> None:
        detail = diagnostic.get("detail", "")
        self._write(detail)
        trouble = Trouble(diagnostic.get("summary", ""), detail, diagnostic.get("address", ""))
        self.troubles.append(trouble)

    def _write(self, text: str) -> None:
        self._file.write(f"{text}\n")
        self._file.flush()


def _event(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _plain_trouble(lines: list[str]) -> Trouble:
    """The first error in a frame of text: its first line, and what follows."""
    text = [line.strip("│╷╵ ").rstrip() for line in lines]
    starts = [i for i, line in enumerate(text) if line.startswith("Error: ")]
    if not starts:
        return Trouble("\n".join([line for line in text if line][-3:]) or "it said nothing")
    first, rest = text[starts[0]].removeprefix("Error: "), text[starts[0] + 1 :]
    end = next((i for i, line in enumerate(rest) if line.startswith("Error: ")), len(rest))
    return Trouble(first, "\n".join(rest[:end]).strip())
