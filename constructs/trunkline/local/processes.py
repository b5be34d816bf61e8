"""Processes of machines: found by PID and creation time, or by their mark; ended, and measured."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from trunkline.local.layout import MARK
from trunkline.local.records import MachineState, ProcessId

KILL_SECONDS = 5.0  # for the kernel to end a process after SIGKILL
PRECISION = 0.005  # seconds; Linux counts creation times in hundredths


def find(process_id: ProcessId) -> psutil.Process | None:
    """The very process that was recorded; None where it has ended or another has its PID."""
    pid, created = process_id["pid"], process_id["create_time"]
    with suppress(psutil.Error):
        if pid > 0 and abs(_create_time(process := psutil.Process(pid)) - created) < PRECISION:
            return process if is_running(process) else None
    return None


def _create_time(process: psutil.Process) -> float:
    """The creation time as create_time.py has it. psutil adds the time of the boot on Linux, which
    changes when the clock is set."""
    return process.create_time() - (psutil.boot_time() if psutil.LINUX else 0.0)


def is_running(process: psutil.Process) -> bool:
    """Whether this very process still runs; a zombie does not."""
    with suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def find_supervisor(state: MachineState | None) -> psutil.Process | None:
    """The supervisor of a machine; None where it does not run."""
    return find(state["supervisor"]) if state else None


def find_supervised(state: MachineState | None) -> list[psutil.Process]:
    """The processes of a machine that run, without the supervisor."""
    found = [find(process) for process in state["processes"].values()] if state else []
    return [process for process in found if process]


def find_marked(folder: str) -> list[psutil.Process]:
    """Every process of the machine in `folder`, or of the machines below it, by its mark."""
    found = []
    for pid in psutil.pids():
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if pid != os.getpid() and _is_marked(process, folder) and is_running(process):
                found.append(process)
    return found


def _is_marked(process: psutil.Process, folder: str) -> bool:
    marked = process.environ().get(MARK, "")
    return (marked == folder or marked.startswith(f"{folder}/")) and _is_outside_containers(process)


def _is_outside_containers(process: psutil.Process) -> bool:
    """Whether it has our PID namespace: a container may have a folder with the same path. psutil
    does not know namespaces; Linux alone has them."""
    if not psutil.LINUX:
        return True
    with suppress(OSError):
        return Path(f"/proc/{process.pid}/ns/pid").samefile("/proc/self/ns/pid")
    return False


def find_tree(pid: int) -> list[psutil.Process]:
    """The process and all of its descendants; empty where it has ended."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def send_signal(process: psutil.Process, number: int) -> None:
    """Signal this very process; nothing happens where it has ended."""
    with suppress(psutil.Error):
        process.send_signal(number)


def end(processes: Iterable[psutil.Process], grace: float) -> list[psutil.Process]:
    """End all of them: SIGTERM, and SIGKILL after `grace` seconds; returns the survivors."""
    left = [process for process in set(processes) if is_running(process)]
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_SECONDS)):
        for process in left:
            send_signal(process, number)
        left = _wait(left, seconds)
    return left


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until all have ended, at most so many seconds; returns the others. psutil.wait_procs
    would wait for zombies that are not our children."""
    deadline = time.monotonic() + seconds
    while (left := list(filter(is_running, processes))) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def memory_mb(process: psutil.Process) -> float:
    """Its own memory and its share of what it shares (PSS); where the system does not say, all that
    it has in memory (RSS). 0 where it has ended."""
    with suppress(psutil.NoSuchProcess):
        try:
            memory = process.memory_full_info()
        except psutil.AccessDenied:
            return float(process.memory_info().rss / 2**20)
        return float(getattr(memory, "pss", memory.rss) / 2**20)
    return 0.0
