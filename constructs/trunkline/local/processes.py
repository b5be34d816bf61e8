"""Processes by PID and birth, so that whoever got the PID later is left alone."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

MARK = "TRUNKLINE_FOLDER"
"""The variable that all processes of a machine have in their environment: its folder."""

LAST_SECONDS = 5.0  # for the kernel to end who is killed

Known = tuple[int, str]
"""A PID, and the birth of its process."""


def birth(pid: int) -> str | None:
    """When the process began, in words that no later process with its PID shares; None where it has
    ended. On Linux the boot's id and field 22 of /proc/PID/stat (proc(5)); else what ps says."""
    if not sys.platform.startswith("linux"):
        state, _, start = (_ask_ps(pid, "stat", "lstart") or "").partition(" ")
        return None if state.startswith("Z") else start.strip() or None
    with suppress(OSError, IndexError):
        fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        if fields[0] not in (b"Z", b"X"):
            boot = _read("/proc/sys/kernel/random/boot_id")[:8].decode()
            return f"{boot}-{fields[19].decode()}"
    return None


def lives(process: Known) -> bool:
    """Whether this very process still runs."""
    pid, born = process
    return pid > 0 and born != "" and birth(pid) == born


def send(process: Known, number: int) -> None:
    """Send a signal to this very process, if it lives; never to another with its PID."""
    handle = _open(process[0])
    try:
        if lives(process):
            with suppress(ProcessLookupError, PermissionError):
                _send(process[0], handle, number)
    finally:
        if handle is not None:
            os.close(handle)


def _open(pid: int) -> int | None:
    """A handle that stays with this process; None where it has ended, or the system has none."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # older than 5.3
            return os.pidfd_open(pid)
    return None


def _send(pid: int, handle: int | None, number: int) -> None:
    """Signal the process; where nothing finds its descendants, its group, if it leads one."""
    if sys.platform == "linux" and handle is not None:
        signal.pidfd_send_signal(handle, number)
    else:
        os.kill(-pid if os.getpgid(pid) == pid else pid, number)


def end(processes: Iterable[Known], grace: float) -> list[Known]:
    """End all of them: ask first, and kill who is still there after `grace` seconds; returns whom
    even that did not end."""
    left = [process for process in sorted(set(processes)) if lives(process)]
    for process in left:
        send(process, signal.SIGTERM)
    left = _wait(left, grace)
    for process in left:
        send(process, signal.SIGKILL)
        send(process, signal.SIGCONT)
    return _wait(left, LAST_SECONDS)


def _wait(processes: list[Known], seconds: float) -> list[Known]:
    """Wait up to `seconds` for them to end; who is left."""
    deadline = time.monotonic() + seconds
    while (left := [each for each in processes if lives(each)]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def marked(folder: str) -> list[Known]:
    """Every process of the machine in `folder`, or of the machines below it, by its mark; empty
    where there is no /proc."""
    return [
        (pid, born)
        for pid in _numbers("/proc")
        if pid != os.getpid() and _is_marked(pid, folder) and (born := birth(pid))
    ]


def _numbers(folder: str) -> Iterator[int]:
    """The PIDs, or the threads, that have a folder in `folder` of /proc."""
    with suppress(OSError):
        yield from (int(entry.name) for entry in os.scandir(folder) if entry.name.isdigit())


def _is_marked(pid: int, folder: str) -> bool:
    """Whether the process has the mark, and is of this system: a container's folder may have the
    same path."""
    mark = f"{MARK}={folder}".encode()
    with suppress(OSError):
        names = _read(f"/proc/{pid}/environ").split(b"\0")
        return any(name == mark or name.startswith(mark + b"/") for name in names) and (
            os.stat(f"/proc/{pid}/ns/pid") == os.stat("/proc/self/ns/pid")  # noqa: PTH116
        )
    return False


def program(pid: int) -> str:
    """The name of a running program, for messages; empty where the system does not tell."""
    with suppress(OSError):
        return _read(f"/proc/{pid}/comm").decode(errors="replace").strip()
    return (_ask_ps(pid, "comm") or "").rpartition("/")[2]


def tree(pid: int) -> Iterator[int]:
    """The process and all its descendants; itself alone where there is no /proc."""
    yield pid
    for task in _numbers(f"/proc/{pid}/task"):
        with suppress(OSError):  # it has ended
            for child in _read(f"/proc/{pid}/task/{task}/children").split():
                yield from tree(int(child))


def memory_kb(pid: int) -> int:
    """What the process takes: its share of what it shares and all that it has alone (PSS); where
    the system does not tell, all that it has in memory (RSS). 0 for one that has ended."""
    with suppress(OSError, ValueError, IndexError):
        return int(_read(f"/proc/{pid}/smaps_rollup").split(b"\nPss:")[1].split()[0])
    with suppress(ValueError):
        return int(_ask_ps(pid, "rss") or 0)
    return 0


def _ask_ps(pid: int, *columns: str) -> str | None:
    import subprocess

    options = [option for column in columns for option in ("-o", f"{column}=")]
    command = ["ps", *options, "-p", str(pid)]
    with suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True)
        return done.stdout.strip() or None
    return None


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  pathlib is large for a supervisor
        return file.read()
