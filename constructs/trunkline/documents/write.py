"""Writes a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from trunkline.errors import OutputError


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path` in one step; what was there stays until all is on the disk.

    A symbolic link stays one, and the mode of an existing file is kept. A pipe or a terminal, such
    as /dev/stdout, is written to; nothing else than a regular file is replaced. Raises OutputError.
    """
    try:
        there = path.stat().st_mode if path.exists() else None
        if there is None or stat.S_ISREG(there):
            mode = 0o666 & ~_umask() if there is None else stat.S_IMODE(there) & 0o777
            _replace(Path(os.path.realpath(path)), content, mode)
        else:
            _write_into(path, content, there)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; choose another file"
        ) from error


def _write_into(path: Path, content: bytes, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(0, "it is a directory")
    if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        raise OSError(0, "it is no regular file")
    # Without O_NONBLOCK a pipe that nobody reads would be waited for.
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(descriptor, "wb") as file:
        os.set_blocking(descriptor, True)
        file.write(content)


def _replace(target: Path, content: bytes, mode: int) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
