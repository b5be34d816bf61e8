"""A measurement file as text: how it is read, and the way from a key path to line and column.

The json module knows no places, and is needed for its speed; so a place is looked up afterwards,
only where there is something to say about it.
"""

from __future__ import annotations

import json
import re
import stat
from json.decoder import scanstring  # type: ignore[attr-defined]
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from attrs import field, frozen

from trunkline.documents.findings import Finding, KeyPath, Level, Problem, show_path, shown

MAX_BYTES = 64 * 1024 * 1024
NAME = "measurements"
AGAIN = "measure again, or take the whole file from where it was made"

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class UnreadableError(Exception):
    """A file that yields no data at all; its finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.finding = finding


@frozen
class Text:
    """A file's text under the name that the user gave it."""

    file: str
    text: str
    _children: dict[int, dict[Any, tuple[int, int]]] = field(factory=dict, eq=False, repr=False)

    def finding(self, problem: Problem) -> Finding:
        """The problem at its place, or at the nearest thing to it that exists."""
        path = show_path(problem.path) if problem.path else NAME
        return self.at(self._offset(problem), path, problem.message, problem.remedy, problem.level)

    def at(
        self, offset: int, path: str, message: str, remedy: str, level: Level = "error"
    ) -> Finding:
        """A finding at an offset of the text."""
        line = self.text.count("\n", 0, offset) + 1
        column = offset - self.text.rfind("\n", 0, offset)
        return Finding(self.file, line, column, path, message, remedy, level)

    def _offset(self, problem: Problem) -> int:
        key = value = _skip_space(self.text, 0)
        for step in problem.path:
            children = self._inside(value)
            if step not in children:
                return key
            key, value = children[step]
        return key if problem.at_key else value

    def _inside(self, offset: int) -> dict[Any, tuple[int, int]]:
        """Where the members of the list or mapping at `offset` are: their keys and values."""
        if offset not in self._children:
            self._children[offset] = _members(self.text, offset)
        return self._children[offset]


def read_text(path: str | PathLike[str]) -> Text:
    """Read a UTF-8 file; or raise UnreadableError."""
    file = fspath(path)
    try:
        status = Path(file).stat()
        if not stat.S_ISREG(status.st_mode):  # Reading a pipe or a device could block for ever.
            raise _unreadable(file, "is not a regular file", "name a measurement file")
        if status.st_size > MAX_BYTES:
            size = MAX_BYTES // 1024 // 1024
            raise _unreadable(file, f"is larger than {size} MiB", "name a measurement file")
        return Text(file, Path(file).read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _unreadable(file, "is not UTF-8", AGAIN) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _unreadable(file, f"cannot be read: {reason}", "check the name") from error


def parse(text: Text) -> Any:
    """The data in the text; UnreadableError where it is not JSON, or a key stands in it twice."""
    repeated: list[tuple[dict[str, Any], str]] = []
    try:
        data = json.loads(text.text, object_pairs_hook=lambda pairs: _mapping(pairs, repeated))
    except json.JSONDecodeError as error:
        raise UnreadableError(_explain(text, error)) from error
    except (ValueError, RecursionError) as error:
        message = "this is no measurement file: it nests too deeply or holds an endless number"
        raise UnreadableError(text.at(0, NAME, message, AGAIN)) from error
    for mapping, key in repeated:
        path = _path_to(data, mapping, ()) or ()
        message = f"the key {shown(key)} stands here twice"
        raise UnreadableError(text.finding(Problem(path, message, "keep one of them")))
    return data


def _mapping(
    pairs: list[tuple[str, Any]], repeated: list[tuple[dict[str, Any], str]]
) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated.append((result, next(key for key in keys if keys.count(key) > 1)))
    return result


def _path_to(data: Any, wanted: object, path: KeyPath) -> KeyPath | None:
    if data is wanted:
        return path
    members = data.items() if isinstance(data, dict) else ()
    for key, item in enumerate(data) if isinstance(data, list) else members:
        found = _path_to(item, wanted, (*path, key))
        if found is not None:
            return found
    return None


def _explain(text: Text, error: json.JSONDecodeError) -> Finding:
    if not text.text.strip():
        return text.at(0, NAME, "the file is empty", AGAIN)
    if error.pos >= len(text.text.rstrip()) or "Unterminated" in error.msg:
        message = "the file is cut short: it ends in the middle of a value"
        return text.at(max(0, len(text.text.rstrip()) - 1), NAME, message, AGAIN)
    return text.at(error.pos, NAME, f"this is not JSON: {error.msg}", AGAIN)


def _unreadable(file: str, message: str, remedy: str) -> UnreadableError:
    return UnreadableError(Finding(file, 1, 1, NAME, message, remedy))


def _skip_space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _members(text: str, offset: int) -> dict[Any, tuple[int, int]]:
    """Offsets of key and value by key or index, of valid JSON; nothing where a scalar stands."""
    kind, found = text[offset : offset + 1], {}
    if kind not in ("[", "{"):
        return {}
    offset, index = _skip_space(text, offset + 1), 0
    while text[offset] not in "]}":
        key: Any = index
        start = offset
        if kind == "{":
            key, offset = scanstring(text, offset + 1)
            offset = _skip_space(text, _skip_space(text, offset) + 1)
        found[key] = (start, offset)
        offset = _skip_space(text, _DECODER.raw_decode(text, offset)[1])
        if text[offset] == ",":
            offset = _skip_space(text, offset + 1)
        index += 1
    return found
