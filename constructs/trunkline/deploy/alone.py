"""Keeps two runs from working in one folder at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from trunkline.errors import ConfigurationError, OutputError


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other run out of the folder; ConfigurationError where another is at work."""
    path = folder / "lock"
    lock = FileLock(path, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise ConfigurationError(
            f"another run is at work in {folder} (pid {path.read_text() or 'unknown'}): "
            "wait for it, or end it with Ctrl-C"
        ) from None
    except OSError as error:
        raise OutputError(
            f"cannot write {folder}: {error.strerror or error}; choose another folder"
        ) from None
    try:
        path.write_text(str(os.getpid()))  # for the message above
        yield
    finally:
        lock.release()
