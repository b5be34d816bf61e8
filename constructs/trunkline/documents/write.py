"""Writes a file whole or not at all. Light: the start of a local machine imports it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from trunkline.errors import OutputError


def write_whole(
    path: Path, content: bytes, remedy: str = "choose another file", *, sync: bool = True
) -> None:
    """Replace the file at `path` in one step; what was there stays until all is written.

    With `sync` it stays until all is on the disk. A symbolic link stays one, and an existing file
    keeps its mode. A pipe or a terminal, such as /dev/stdout, is written to. Raises OutputError,
    which ends with `remedy`.
    """
    try:
        mode = path.stat().st_mode if path.exists() else None
        if mode is None or stat.S_ISREG(mode):
            _replace(Path(os.path.realpath(path)), content, old_mode=mode, sync=sync)
        else:
            _write_into(path, content, mode)
    except OSError as error:
        raise _output_error(path, error, remedy) from error


def write_changed(path: Path, content: bytes, remedy: str) -> None:
    """Write whole what can be made again, with the folders above it, and only where it differs.

    It does not wait for the disk. Raises OutputError, which ends with `remedy`.
    """
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _output_error(path, error, remedy) from error
    write_whole(path, content, remedy, sync=False)


def write_private(path: Path, content: bytes) -> None:
    """Replace the file at `path` in one step with one that only this user may read.

    It does not wait for the disk. Raises OSError.
    """
    _replace(path, content, new_mode=0o600)


def _output_error(path: Path, error: OSError, remedy: str) -> OutputError:
    return OutputError(f"cannot write {path}: {error.strerror or error}; {remedy}")


def _write_into(path: Path, content: bytes, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(0, "it is a directory")
    if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)):
        raise OSError(0, "it is not a regular file")
    # Without O_NONBLOCK this would wait for a pipe that nobody reads.
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    with os.fdopen(descriptor, "wb") as file:
        os.set_blocking(descriptor, True)
        file.write(content)


def _replace(
    target: Path,
    content: bytes,
    *,
    new_mode: int = 0o666,
    old_mode: int | None = None,
    sync: bool = False,
) -> None:
    """Write beside `target`, then rename; `new_mode` is less the umask, `old_mode` is exact."""
    # Not tempfile: it imports the modules of random numbers and of compression.
    beside = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    created = new_mode if old_mode is None else 0o600
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, created)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if old_mode is not None:
                beside.chmod(stat.S_IMODE(old_mode) & 0o777)
            file.write(content)
            if sync:
                file.flush()
                os.fsync(descriptor)
        beside.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise
