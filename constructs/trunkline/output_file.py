"""Writes a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from trunkline.errors import OutputError


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path` in one step; what was there stays until all is on the disk.

    A symbolic link stays one, and the mode of an existing file is kept. Raises OutputError.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        _replace(target, content, mode)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; choose another file"
        ) from error


def _replace(target: Path, content: bytes, mode: int) -> None:
    if target.is_dir():
        raise IsADirectoryError(0, "it is a directory")
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
