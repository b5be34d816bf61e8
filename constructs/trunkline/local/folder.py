"""What may be done with the folder of a machine: make it, lock it, empty it, remove it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trunkline.errors import MachineError
from trunkline.local.layout import LOCK, MACHINE, ROOT, STATE

try:
    import fcntl
except ImportError as error:
    raise MachineError("local machines run on Linux and macOS; on Windows, use WSL") from error

LOCK_SECONDS = 30.0


def checked(folder: str | Path) -> Path:
    """The absolute path of a folder below `.trunkline`; MachineError for any other.

    `stop` removes the folder that it gets, so it must not get one that is not ours.
    """
    path = Path(folder).resolve()
    if ROOT not in path.parent.parts:
        raise MachineError(f"{folder} does not lie below a folder named {ROOT}; give one that does")
    return path


def make(folder: Path) -> None:
    """Make `folder` and its parents, for this user alone, although another `stop` may remove them
    meanwhile."""
    for _ in range(100):
        with suppress(FileNotFoundError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def locked(folder: Path, seconds: float = LOCK_SECONDS, *, create: bool = True) -> Iterator[None]:
    """Keep every other start and stop of `folder` out; MachineError where one takes longer.

    FileNotFoundError where there is no folder and `create` is false.
    """
    deadline = time.monotonic() + seconds
    while (lock := _try_lock(folder, create)) is None:
        if time.monotonic() > deadline:
            raise MachineError(
                f"{folder.name}: another start or stop{_holder(folder)} is at work; wait for it, "
                "or end it"
            )
        time.sleep(0.02)
    try:
        yield
    finally:
        os.close(lock)


def _try_lock(folder: Path, create: bool) -> int | None:
    path = folder / LOCK
    if create:
        make(folder)
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        if create:
            return None  # removed by the stop before this one
        raise
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), path.stat()):
            _sign(lock)
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass  # held by another, or removed by the stop that held it
    os.close(lock)
    return None


def _sign(lock: int) -> None:
    """Write our PID, for the message of another; a full disk may refuse it."""
    with suppress(OSError):
        os.pwrite(lock, f"{os.getpid():<10}".encode(), 0)


def _holder(folder: Path) -> str:
    with suppress(OSError, ValueError):
        return f" (pid {int((folder / LOCK).read_text())})"
    return ""


def empty(folder: Path) -> None:
    """Remove everything in `folder` but the lock; last what another stop would need."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name in (MACHINE, STATE)):
        if path.name != LOCK:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for inner in list(path.iterdir()):
            _remove(inner)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove `folder` and its empty parents; the caller holds the lock."""
    empty(folder)
    (folder / LOCK).unlink(missing_ok=True)
    remove_empty(folder)


def remove_empty(folder: Path) -> None:
    """Remove `folder` where it is empty, and its empty parents up to `.trunkline`."""
    while ROOT in folder.parts:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass  # a parent may still be there
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return
            raise
        folder = folder.parent
