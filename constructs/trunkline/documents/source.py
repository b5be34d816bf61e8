"""Reads a file as text, and turns offsets in it into lines and columns."""

from __future__ import annotations

import re
import stat
import sys
from bisect import bisect_right
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path

from attrs import frozen

from trunkline.documents.findings import Finding, FindingsError, Level

_LINE_END = re.compile(r"\r\n|\r|\n")
_GZIP = b"\x1f\x8b"
_KIB, _MIB = 1024, 1024 * 1024


class UnreadableError(FindingsError):
    """A file that gives no data; `findings` says why."""


@frozen
class FileKind:
    """A kind of file: how large it may be, and what messages about it say.

    `name` is the path of a finding about the whole file. `remedy` is what to do where the file as a
    whole cannot be used. `repair` is for files that programs write: what to do about a wrong value,
    where the schema's example would not help.
    """

    name: str
    max_bytes: int
    remedy: str
    repair: str | None = None


@frozen
class Source:
    """The text of a file under the name that the user gave it."""

    file: str
    text: str
    kind: FileKind

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset, both counted from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def finding(
        self,
        offset: int,
        message: str,
        remedy: str,
        *,
        path: str = "",
        level: Level = "error",
    ) -> Finding:
        """A finding at an offset of the text; without `path` it is about the whole file."""
        name = path or self.kind.name
        return Finding(self.file, *self.position(offset), name, message, remedy, level)

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]


def read_source(path: str | PathLike[str], kind: FileKind) -> Source:
    """Read a UTF-8 file, with or without a byte order mark; or raise UnreadableError.

    `-` is standard input.
    """
    file = fspath(path)
    if file == "-":
        file, data = "<stdin>", sys.stdin.buffer.read(kind.max_bytes + 1)
        return _checked(file, data, kind)
    try:
        _refuse_special(file, kind)
        data = Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise _unreadable(file, kind, *_explain(error)) from error
    return _checked(file, data, kind)


def _checked(file: str, data: bytes, kind: FileKind) -> Source:
    if len(data) > kind.max_bytes:
        raise _too_large(file, kind)
    return _decode(file, data, kind)


def _refuse_special(file: str, kind: FileKind) -> None:
    status = Path(file).stat()
    if stat.S_ISDIR(status.st_mode):
        raise _unreadable(file, kind, "is a directory", f"name the {kind.name} file inside it")
    if not stat.S_ISREG(status.st_mode):
        # Reading a pipe or a device could block for ever.
        remedy = f"write the {kind.name} into a file first"
        raise _unreadable(file, kind, "is not a regular file", remedy)
    if status.st_size > kind.max_bytes:
        raise _too_large(file, kind)


def _explain(error: OSError | ValueError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "there is no such file", "check the name and the folder"
    if isinstance(error, PermissionError):
        return "the file may not be read", "give yourself the right to read it"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return f"the file cannot be read: {reason}", "check the name and the file"


def _too_large(file: str, kind: FileKind) -> UnreadableError:
    large = kind.max_bytes >= _MIB
    limit = f"{kind.max_bytes // _MIB} MiB" if large else f"{kind.max_bytes // _KIB} KiB"
    remedy = f"check that this is the {kind.name} file"
    return _unreadable(file, kind, f"is larger than {limit}", remedy)


def _unreadable(file: str, kind: FileKind, message: str, remedy: str) -> UnreadableError:
    return UnreadableError([Source(file, "", kind).finding(0, message, remedy)])


def _decode(file: str, data: bytes, kind: FileKind) -> Source:
    try:
        return Source(file, data.decode("utf-8-sig"), kind)
    except UnicodeDecodeError as error:
        if data.startswith(_GZIP):
            remedy = f"unpack it: gunzip --keep {file}"
            raise _unreadable(file, kind, "is compressed with gzip", remedy) from error
        before = Source(file, data[: error.start].decode("utf-8-sig"), kind)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        finding = before.finding(len(before.text), message, "save the file as UTF-8")
        raise UnreadableError([finding]) from error
