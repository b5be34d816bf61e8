"""A topology file as text, and the way back from an offset to a line and a column."""

from __future__ import annotations

import re
import stat
from bisect import bisect_right
from os import PathLike, fspath
from pathlib import Path

from attrs import field, frozen

from trunkline.documents.findings import Finding, Level

MAX_BYTES = 256 * 1024

_LINE_END = re.compile(r"\r\n|\r|\n")
# What YAML allows in a file, the same set as in ruamel.yaml's reader.
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class UnreadableError(Exception):
    """A file that yields no data at all; carries the findings that say why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__()
        self.findings = findings


@frozen
class Source:
    """The text of a file under the name that the user gave it."""

    file: str
    text: str
    starts: list[int] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        starts = [0, *(match.end() for match in _LINE_END.finditer(self.text))]
        object.__setattr__(self, "starts", starts)

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset, both counted from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def finding(
        self,
        offset: int,
        message: str,
        remedy: str,
        *,
        path: str = "topology",
        level: Level = "error",
    ) -> Finding:
        """A finding at an offset of the text."""
        return Finding(self.file, *self.position(offset), path, message, remedy, level)


def read_source(path: str | PathLike[str]) -> Source:
    """Read a UTF-8 file, with or without a byte order mark; or raise UnreadableError."""
    file = fspath(path)
    try:
        _refuse_special(file)
        data = Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise _unreadable(file, *_explain(error)) from error
    if len(data) > MAX_BYTES:
        raise _too_large(file)
    return _decode(file, data)


def _refuse_special(file: str) -> None:
    status = Path(file).stat()
    if stat.S_ISDIR(status.st_mode):
        raise _unreadable(file, "is a directory", "name the topology file inside it")
    if not stat.S_ISREG(status.st_mode):
        # Reading a pipe or a device could block for ever.
        raise _unreadable(file, "is not a regular file", "write the topology into a file first")
    if status.st_size > MAX_BYTES:
        raise _too_large(file)


def _explain(error: OSError | ValueError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "there is no such file", "check the name and the folder"
    if isinstance(error, PermissionError):
        return "the file may not be read", "give yourself the right to read it"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"the file cannot be read: {reason}", "check the name and the file"


def _too_large(file: str) -> UnreadableError:
    return _unreadable(
        file, f"is larger than {MAX_BYTES // 1024} KiB", "check that this is the topology file"
    )


def _unreadable(file: str, message: str, remedy: str) -> UnreadableError:
    return UnreadableError([Source(file, "").finding(0, message, remedy)])


def _decode(file: str, data: bytes) -> Source:
    try:
        source = Source(file, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = Source(file, data[: error.start].decode("utf-8-sig"))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        finding = before.finding(len(before.text), message, "save the file as UTF-8")
        raise UnreadableError([finding]) from error
    if bad := _NOT_TEXT.search(source.text):
        message = f"character U+{ord(bad.group()):04X} may not stand in a text file"
        raise UnreadableError([source.finding(bad.start(), message, "delete it")])
    return source
