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

from trunkline.documents.write import write_private
from trunkline.errors import MachineError
from trunkline.local import envoy, health, ports, programs
from trunkline.local.folder import checked, empty, locked, remove
from trunkline.local.layout import LOG, MACHINE, MARK, NOTE, STATE, STATE_SIZE, SUPERVISOR
from trunkline.local.log_reader import last_lines
from trunkline.local.records import MachinePlan, parse_plan, read_state

# psutil takes a fifth of the CPU of a start, so that modules with it are imported where they are
# needed: not by the first start in a new folder.

# What processes inherit of the environment: no credentials of the user who runs Terraform.
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER")
IfFailed = Literal["remove", "keep"]
PAUSES = (0.01, 0.1)  # seconds between two health checks, the first and the longest
SHOWN_LINES = 5  # of the log of a process that failed


def start(folder: str | Path, text: str) -> str:
    """Start the machine that `text` (JSON of `machine.py`) describes in `folder`.

    Returns what was done, in a sentence. A machine that runs already is left alone if it is the
    same. An Envoy takes new routes while it runs; any other change replaces the machine, and its
    Envoy drains. MachineError names the machine, the cause and the remedy; nothing of the machine
    is left then. This forks and handles signals: call it from the main thread of a process that has
    no other thread.
    """
    return _start_or_leave(checked(folder), text, parse_plan(text, "TRUNKLINE_MACHINE"), "remove")


def restart(folder: str | Path) -> str:
    """Start again the machine that was started in `folder`, as after a reboot; like `start`, but a
    failure leaves in the folder what the next try needs."""
    path = checked(folder)
    try:
        text = (path / MACHINE).read_text()
    except FileNotFoundError:
        raise MachineError(f"there is no machine {path.name}; apply its stack") from None
    return _start_or_leave(path, text, parse_plan(text, f"{folder}/{MACHINE}"), "keep")


def _start_or_leave(path: Path, text: str, plan: MachinePlan, if_failed: IfFailed) -> str:
    """Start the machine; where that fails, end what runs, and remove or keep the folder."""
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
    if running := _running(path):
        if running == plan:
            return f"{plan['name']} runs already"
        if _takes_routes(path, running, plan):
            write_private(path / MACHINE, text.encode())
            return f"{plan['name']} has taken its new routes"
        envoy.drain(path)
    # What was started here before, although its folder may have been removed by hand.
    if (path / STATE).exists() or _obstacles(plan):
        _end_processes(path)
    if if_failed == "remove":
        empty(path)
    commands = {
        process["name"]: [programs.find(process["program"], path), *process["arguments"]]
        for process in plan["processes"]
    }
    if obstacles := _obstacles(plan):
        raise MachineError("; ".join(obstacles))
    _write_files(path, plan, text)
    with _supervised(path, commands, if_failed) as (supervisor_pid, confirm):
        seconds = _await_health(path, plan, supervisor_pid)
        confirm()
    return f"{plan['name']} is up after {seconds:.2f} s"


def _running(path: Path) -> MachinePlan | None:
    """The machine in the folder, where it runs and is healthy."""
    try:
        plan = parse_plan((path / MACHINE).read_text(), str(path / MACHINE))
    except (OSError, MachineError):
        return None
    from trunkline.local.processes import find_supervisor

    supervised = find_supervisor(read_state(path)) is not None
    return plan if supervised and not _find_unhealthy(plan) else None


def _takes_routes(path: Path, running: MachinePlan, plan: MachinePlan) -> bool:
    """Whether the routes are all that differs, and Envoy has taken the new ones."""
    if _without_routes(running) != _without_routes(plan):
        return False
    routes = (each["files"].get(envoy.ROUTES) for each in plan["processes"])
    return all(envoy.take_routes(path, content) for content in routes if content)


def _without_routes(plan: MachinePlan) -> MachinePlan:
    """The machine without the routes of its Envoy."""
    processes = [
        {**each, "files": {**each["files"], envoy.ROUTES: ""}} for each in plan["processes"]
    ]
    return {**plan, "processes": processes}  # type: ignore[typeddict-item]


def _end_processes(path: Path) -> None:
    from trunkline.local.stop import end_processes

    end_processes(path)


def _obstacles(plan: MachinePlan) -> list[str]:
    """Why addresses of the machine cannot be taken."""
    return [why for address in plan["addresses"] if (why := ports.obstacle(address))]


def _write_files(path: Path, plan: MachinePlan, text: str) -> None:
    for process in plan["processes"]:
        for name, content in process["files"].items():
            (path / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path / name, content.encode())
    # Space on the disk that the supervisor only has to write over.
    write_private(path / STATE, b" " * STATE_SIZE)
    write_private(path / MACHINE, text.encode())


@contextmanager
def _supervised(
    path: Path, commands: dict[str, list[str]], if_failed: IfFailed
) -> Iterator[tuple[int, Callable[[], int]]]:
    """Run a supervisor; yields its PID, and a function after which it goes on without us."""
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
    """Turn a forked copy of this process into the supervisor, which signals of Terraform or the
    terminal do not reach."""
    try:
        os.setsid()
        os.chdir(path)
        log = os.open(f"{SUPERVISOR}{LOG}", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for source, target in ((read_end, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.closerange(3, max(write_end, log) + 1)
        environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
        environment[MARK] = str(path)
        program = str(Path(__file__).with_name("supervisor.py"))
        command = [sys.executable, "-I", "-S", program, str(path), if_failed]
        os.execve(command[0], command, environment)
    finally:
        os._exit(127)


def _await_health(path: Path, plan: MachinePlan, supervisor_pid: int) -> float:
    """Wait until every process is healthy; returns the seconds it took."""
    began = time.monotonic()
    pause, longest = PAUSES
    while (complaint := _find_unhealthy(plan)) or not read_state(path):
        _fail_if_ended(path, supervisor_pid)
        if time.monotonic() - began > plan["start_seconds"]:
            raise MachineError(
                _timeout(path, plan, complaint or f"{SUPERVISOR} has written no state")
            )
        time.sleep(pause)
        pause = min(pause * 1.5, longest)
    _fail_if_ended(path, supervisor_pid)
    return time.monotonic() - began


def _fail_if_ended(path: Path, supervisor_pid: int) -> None:
    state = read_state(path)
    for name, process in (state["processes"] if state else {}).items():
        if process["restarts"]:
            raise MachineError(
                f"{name} ended with {process['cause']} while it started; {_log_ending(path, name)}"
            )
    if os.waitpid(supervisor_pid, os.WNOHANG)[0]:
        raise MachineError(f"its supervisor ended; {_log_ending(path, SUPERVISOR)}")


def _find_unhealthy(plan: MachinePlan) -> str:
    """The name of the first process that is not healthy, and why; empty where all are."""
    for process in plan["processes"]:
        if complaint := health.check(process["ready"]):
            return f"{process['name']} is not healthy ({complaint})"
    return ""


def _timeout(path: Path, plan: MachinePlan, complaint: str) -> str:
    name = complaint.partition(" ")[0]
    return (
        f"{complaint} after {plan['start_seconds']:g} s; if this machine is busy, apply again; "
        f"{_log_ending(path, name)}"
    )


def _log_ending(path: Path, name: str) -> str:
    lines = last_lines(path / f"{name}{LOG}", 2 * SHOWN_LINES)
    lines = [line for line in lines if not line.startswith(NOTE)][-SHOWN_LINES:]
    return "\n  ".join(["its log ends with:", *lines]) if lines else "its log is empty"


@contextmanager
def _cleaned_up(path: Path, if_failed: IfFailed) -> Iterator[None]:
    """End everything where the start fails or is interrupted."""

    def interrupt(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        yield
    except BaseException:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _end_processes(path)
        if if_failed == "remove":
            remove(path)
        raise
