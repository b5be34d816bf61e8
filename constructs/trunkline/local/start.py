"""The start of a machine: all of its processes healthy, or nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from trunkline.local import health, ports, processes, programs, state, stop, supervisor
from trunkline.local.errors import MachineError
from trunkline.local.folder import (
    LOG,
    MACHINE,
    STATE,
    SUPERVISOR,
    checked,
    empty,
    locked,
    remove,
    write_whole,
)
from trunkline.local.log import NOTE
from trunkline.local.logs import last_lines
from trunkline.local.plan import MachinePlan, parse

# What a process sees of the environment: no credentials of whoever runs Terraform.
KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER")
IfFailed = Literal["remove", "keep"]
PAUSES = (0.01, 0.1)  # seconds between questions, the first and the longest
SHOWN_LINES = 5  # of the log of what failed


def start(folder: str | Path, text: str) -> str:
    """Start the machine that `text` (JSON of `machine.py`) describes in `folder`; what was done.

    The same one that runs already is left alone, another one is replaced. MachineError names the
    machine, the cause and the remedy, and then nothing of it is left. It forks and handles signals:
    call it from the main thread of a process that has no other.
    """
    return _start_or_leave(checked(folder), text, parse(text, "TRUNKLINE_MACHINE"), "remove")


def restart(folder: str | Path) -> str:
    """Start again the machine that was started in `folder`, as after a reboot; like `start`, but
    where it fails the folder stays as it is needed to try again."""
    path = checked(folder)
    try:
        text = (path / MACHINE).read_text()
    except FileNotFoundError:
        raise MachineError(f"{path.name}: there is no such machine; apply its stack") from None
    return _start_or_leave(path, text, parse(text, f"{folder}/{MACHINE}"), "keep")


def _start_or_leave(path: Path, text: str, plan: MachinePlan, if_failed: IfFailed) -> str:
    """Start the machine; where that fails, end what runs and remove or keep the folder."""
    try:
        with locked(path), _cleaned_up(path, if_failed):
            return _start(path, text, plan, if_failed)
    except MachineError as error:
        text = str(error).removeprefix(f"{path.name}: ")
        raise MachineError(f"{plan['name']}: {text}") from None
    except OSError as error:
        place = error.filename or path
        raise MachineError(
            f"{plan['name']}: {place} cannot be written: {error.strerror}; free space or set its "
            "permissions, and apply again"
        ) from error


def _start(path: Path, text: str, plan: MachinePlan, if_failed: IfFailed) -> str:
    if _runs_already(path, plan, text):
        return f"{plan['name']} runs already"
    stop.end_processes(path)
    if if_failed == "remove":
        empty(path)
    commands = {
        process["name"]: [programs.find(process["program"], path), *process["arguments"]]
        for process in plan["processes"]
    }
    _check_addresses(plan)
    _write_files(path, plan, text)
    with _supervised(path, commands, if_failed) as (supervisor_pid, confirm):
        seconds = _await_health(path, plan, supervisor_pid)
        confirm()
    return f"{plan['name']} is up after {seconds:.2f} s"


def _runs_already(path: Path, plan: MachinePlan, text: str) -> bool:
    """Whether this very machine runs and is healthy."""
    try:
        same = (path / MACHINE).read_text() == text
    except OSError:
        return False
    return same and processes.lives(state.supervisor(state.read(path))) and not _sick(plan)


def _check_addresses(plan: MachinePlan) -> None:
    obstacles = [why for address in plan["addresses"] if (why := ports.obstacle(address))]
    if obstacles:
        raise MachineError("; ".join(obstacles))


def _write_files(path: Path, plan: MachinePlan, text: str) -> None:
    for process in plan["processes"]:
        for name, content in process["files"].items():
            (path / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path / name, content.encode())
    # A page on the disk that the supervisor only has to write over.
    write_whole(path / STATE, b" " * supervisor.STATE_SIZE)
    write_whole(path / MACHINE, text.encode())


@contextmanager
def _supervised(
    path: Path, commands: dict[str, list[str]], if_failed: IfFailed
) -> Iterator[tuple[int, Callable[[], int]]]:
    """Run a supervisor; give its PID, and what confirms that it shall go on without us."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become_supervisor(path, read_end, write_end, if_failed)
    os.close(read_end)
    try:
        os.write(write_end, json.dumps(commands).encode() + b"\n")
        yield pid, lambda: os.write(write_end, b"ok")
    finally:
        os.close(write_end)


def _become_supervisor(path: Path, read_end: int, write_end: int, if_failed: IfFailed) -> None:
    """Turn a forked copy of us into the supervisor, out of reach of Terraform and the terminal."""
    try:
        os.setsid()
        os.chdir(path)
        log = os.open(f"{SUPERVISOR}{LOG}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for source, target in ((read_end, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.closerange(3, max(write_end, log) + 1)
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment[processes.MARK] = str(path)
        command = [sys.executable, "-I", "-S", supervisor.__file__, str(path), if_failed]
        os.execve(command[0], command, environment)
    finally:
        os._exit(127)


def _await_health(path: Path, plan: MachinePlan, supervisor_pid: int) -> float:
    """Wait until every process is healthy; the seconds it took."""
    began = time.monotonic()
    pause, longest = PAUSES
    while (complaint := _sick(plan)) or not state.read(path):
        _fail_if_ended(path, supervisor_pid)
        if time.monotonic() - began > plan["start_seconds"]:
            raise MachineError(_late(path, plan, complaint or f"{SUPERVISOR} has not begun"))
        time.sleep(pause)
        pause = min(pause * 1.5, longest)
    _fail_if_ended(path, supervisor_pid)
    return time.monotonic() - began


def _fail_if_ended(path: Path, supervisor_pid: int) -> None:
    known = state.read(path)
    for name, process in (known["processes"] if known else {}).items():
        if process["restarts"]:
            raise MachineError(
                f"{name} ended with {process['cause']} while it started; {_last_words(path, name)}"
            )
    if os.waitpid(supervisor_pid, os.WNOHANG)[0]:
        raise MachineError(f"its supervisor ended; {_last_words(path, SUPERVISOR)}")


def _sick(plan: MachinePlan) -> str:
    """The name of the first process that is not healthy, and why; empty where all are."""
    for process in plan["processes"]:
        if complaint := health.ask(process["ready"]):
            return f"{process['name']} is not healthy ({complaint})"
    return ""


def _late(path: Path, plan: MachinePlan, complaint: str) -> str:
    name = complaint.partition(" ")[0]
    return (
        f"{complaint} after {plan['start_seconds']:g} s; if this machine is busy, apply again; "
        f"{_last_words(path, name)}"
    )


def _last_words(path: Path, name: str) -> str:
    said = last_lines(path / f"{name}{LOG}", 2 * SHOWN_LINES)
    lines = [line for line in said if not line.startswith(NOTE)][-SHOWN_LINES:]
    return "\n  ".join(["its log ends with:", *lines]) if lines else "it said nothing"


@contextmanager
def _cleaned_up(path: Path, if_failed: IfFailed) -> Iterator[None]:
    """End everything where the start fails, is interrupted or is asked to end."""

    def interrupt(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        yield
    except BaseException:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        stop.end_processes(path)
        if if_failed == "remove":
            remove(path)
        raise
