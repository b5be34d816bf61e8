"""The folder of a machine, below a folder `.trunkline`: what lies in it, and who may change it.

.trunkline/                     removed with the last thing in it
└── …/machines/edge-aws/
    ├── lock                    held (flock) by the one start or stop that is at work
    ├── machine.json            what it runs, as start was told
    ├── state.json              PIDs and restarts, written by the supervisor
    ├── supervisor.log          what the supervisor has to say; empty as a rule
    ├── envoy.log  envoy.log.1  the output of a process, 1 MB each
    └── envoy.json …            the process's own files
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trunkline.local.errors import MachineError

try:
    import fcntl
except ImportError as error:
    raise MachineError("local machines run on Linux and macOS; on Windows, use WSL") from error

ROOT = ".trunkline"
LOCK, MACHINE, STATE = "lock", "machine.json", "state.json"
SUPERVISOR = "supervisor"
LOG = ".log"
RESERVED = (LOCK, MACHINE, STATE)
RESERVED_ENDINGS = (LOG, f"{LOG}.1")
LOCK_SECONDS = 30.0


def checked(folder: str | Path) -> Path:
    """The absolute path of a folder below `.trunkline`; MachineError for any other.

    `stop` removes what it is given, so it is given nothing but our own.
    """
    path = Path(folder).resolve()
    if ROOT not in path.parent.parts:
        raise MachineError(f"{folder} does not lie below a folder named {ROOT}; give one that does")
    return path


def make(folder: Path) -> None:
    """Make `folder` and its parents, for this user alone; another stop may remove parents."""
    for _ in range(100):
        with suppress(FileNotFoundError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def locked(folder: Path, seconds: float = LOCK_SECONDS, *, create: bool = True) -> Iterator[None]:
    """Keep every other start and stop of `folder` out; MachineError after `seconds`.

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
            return None  # removed by the stop before us
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
    """Leave our PID for a message; a full disk may refuse it."""
    with suppress(OSError):
        os.pwrite(lock, f"{os.getpid():<10}".encode(), 0)


def _holder(folder: Path) -> str:
    with suppress(OSError, ValueError):
        return f" (pid {int((folder / LOCK).read_text())})"
    return ""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that only this user may read, all of it or nothing."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.rename(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def empty(folder: Path) -> None:
    """Remove everything in `folder` but the lock, what is needed to stop again last."""
    for path in sorted(folder.iterdir(), key=lambda path: path.name in RESERVED):
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
            pass  # a parent may be there still
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return
            raise
        folder = folder.parent
