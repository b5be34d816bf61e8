"""Reads the logs of a machine: their last lines, and what is added."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

TAIL = 65_536  # bytes; lines before that are not read


def last_lines(log: Path, count: int) -> list[str]:
    """The last `count` lines of a log, with those of the rotated one; fewer where it is shorter."""
    data = b"".join(_tail(path) for path in (log.with_name(f"{log.name}.1"), log))
    return data.decode(errors="replace").splitlines()[-count:] if count else []


def _tail(path: Path) -> bytes:
    with suppress(OSError), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - TAIL, 0))
        data = file.read()
        return data if size <= TAIL else data.partition(b"\n")[2]
    return b""


def follow(path: Path) -> Iterator[str]:
    """What is added to a log after this call, in whole lines, across rotations; "" where there is
    nothing new."""
    return _whole_lines(_added_bytes(path, _open_at_end(path)))


def _open_at_end(path: Path) -> BinaryIO | None:
    with suppress(FileNotFoundError):
        file = path.open("rb")
        file.seek(0, os.SEEK_END)
        return file
    return None


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for data in pieces:
        lines, newline, rest = (rest + data).rpartition(b"\n")
        yield (lines + newline).decode(errors="replace")


def _added_bytes(path: Path, file: BinaryIO | None) -> Iterator[bytes]:
    while True:
        data = file.read() if file else b""
        if not data and (file is None or _is_another(path, file.fileno())):
            with suppress(OSError):
                newer = path.open("rb")
                if file:
                    file.close()
                file = newer
        yield data


def _is_another(path: Path, descriptor: int) -> bool:
    try:
        return not os.path.samestat(path.stat(), os.fstat(descriptor))
    except OSError:
        return False
