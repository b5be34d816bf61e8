"""All machines below a state folder: their status, and what can be done to them at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGKILL

import psutil
from attrs import frozen

from trunkline.errors import MachineError
from trunkline.local import health, processes
from trunkline.local.folder import remove_empty
from trunkline.local.layout import LOCK, LOG, MACHINE, ROOT
from trunkline.local.log_reader import last_lines
from trunkline.local.records import ProcessPlan, ProcessState, parse_plan, read_state
from trunkline.local.stop import stop

SECRETS = "secrets"
_AT_ONCE = 16
_NOT_STARTED = ProcessState(pid=0, create_time=0, since=0, restarts=0, cause="", log_trouble="")


@frozen(kw_only=True)
class ProcessStatus:
    """One process. `complaint` says why it is not healthy, and is empty where it is.

    `pid` is None where it does not run; `cause` is why it ended before, `log_trouble` why its log
    cannot be written, `last_line` the end of its log where it is not healthy.
    """

    name: str
    program: str
    pid: int | None
    uptime_seconds: float
    restarts: int
    cause: str
    complaint: str
    log_trouble: str
    last_line: str
    memory_mb: float

    @property
    def healthy(self) -> bool:
        """Whether it runs and answers its health check."""
        return not self.complaint


@frozen(kw_only=True)
class MachineStatus:
    """One machine; `supervisor_pid` is None where it does not run, and else part of the memory."""

    name: str
    kind: str
    folder: Path
    addresses: tuple[str, ...]
    supervisor_pid: int | None
    processes: tuple[ProcessStatus, ...]
    memory_mb: float

    @property
    def healthy(self) -> bool:
        """Whether it is supervised, and all of its processes are healthy."""
        return self.supervisor_pid is not None and all(each.healthy for each in self.processes)


def machines(folder: str | Path = ROOT) -> list[MachineStatus]:
    """Every machine below `folder`, by name, checked now; MachineError for a damaged one."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [machine for machine in pool.map(_machine, _folders(folder)) if machine]
    return sorted(found, key=lambda machine: machine.name)


def memory_mb(folder: str | Path = ROOT) -> float:
    """The memory of all processes of all machines below `folder` together, supervisors included."""
    root = Path(folder).resolve()
    found = {*processes.find_marked(str(root))}
    for path in _folders(root):
        found.update(_recorded(path))
    return sum(map(processes.memory_mb, found))


def kill_machine(name: str, folder: str | Path = ROOT) -> None:
    """Kill all processes of a machine at once, as a power cut would; `start_machines` starts them
    again."""
    recorded = _recorded(find(name, folder))
    for process in recorded:
        processes.send_signal(process, SIGKILL)
    processes.end(recorded, 0.0)


def start_machines(
    names: Sequence[str] = (),
    folder: str | Path = ROOT,
    done: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Start again those of the machines, or of all, that do not run; returns a sentence for each,
    with which `done` is called as well, one by one. MachineError names all that failed."""
    paths = [find(name, folder) for name in names] or [
        path for path in _folders(folder) if (path / MACHINE).exists()
    ]
    results = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for result in pool.map(_restart, paths):
            results.append(result)
            done(result[1])
    if failures := [text for good, text in results if not good]:
        raise MachineError("\n".join(failures))
    return [text for _, text in results]


def stop_all(folder: str | Path = ROOT, done: Callable[[str], None] = lambda _: None) -> list[str]:
    """End every machine below `folder`, remove it, and the secrets; returns the machines' names,
    with which `done` is called as well, one by one. Terraform's state is not changed. MachineError
    names all that failed; the secrets stay then, because what still runs needs them."""
    root = Path(folder).resolve()
    if ROOT not in root.parts:
        raise MachineError(
            f"{folder} is neither named {ROOT} nor below such a folder; give the state folder"
        )
    paths = _folders(root)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        failures = [text for text in pool.map(lambda path: _stop(path, done), paths) if text]
    processes.end(processes.find_marked(str(root)), 1.0)  # their folders were removed by hand
    if failures:
        raise MachineError("\n".join(failures))
    _remove_secrets(root)
    return [path.name for path in paths]


def _remove_secrets(root: Path) -> None:
    try:
        for file in list(root.rglob(f"{SECRETS}/*")):
            file.unlink()
            remove_empty(file.parent)
    except OSError as error:
        raise MachineError(
            f"{error.filename or root} cannot be removed: {error.strerror}; run this as the user "
            "who made it"
        ) from error


def find(name: str, folder: str | Path = ROOT) -> Path:
    """The folder of a machine; MachineError names the machines that there are."""
    known = {path.name: path for path in _folders(folder)}
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise MachineError(f"there is no machine {name!r} below {folder}; there are: {there}")
    return known[name]


def _folders(folder: str | Path) -> list[Path]:
    """The folders of all machines, those of an interrupted start included."""
    return sorted({path.parent for path in Path(folder).resolve().rglob(LOCK) if path.is_file()})


def _recorded(path: Path) -> list[psutil.Process]:
    """The processes in the state of a machine that run, the supervisor first."""
    state = read_state(path)
    supervisor = processes.find_supervisor(state)
    return [*([supervisor] if supervisor else []), *processes.find_supervised(state)]


def _machine(path: Path) -> MachineStatus | None:
    """The machine in a folder; None where a start was interrupted, or it has just been removed."""
    try:
        text = (path / MACHINE).read_text()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MachineError(
            f"{path / MACHINE} cannot be read: {error.strerror}; run this as the user who started "
            "the machine"
        ) from error
    machine = parse_plan(text, str(path / MACHINE))
    state = read_state(path)
    supervisor = processes.find_supervisor(state)
    recorded = state["processes"] if state else {}
    statuses = tuple(
        _process(path, process, recorded.get(process["name"], _NOT_STARTED), supervisor is not None)
        for process in machine["processes"]
    )
    own = processes.memory_mb(supervisor) if supervisor else 0.0
    return MachineStatus(
        name=machine["name"],
        kind=machine["kind"],
        folder=path,
        addresses=tuple(machine["addresses"]),
        supervisor_pid=supervisor.pid if supervisor else None,
        processes=statuses,
        memory_mb=own + sum(each.memory_mb for each in statuses),
    )


def _process(path: Path, plan: ProcessPlan, state: ProcessState, supervised: bool) -> ProcessStatus:
    process = processes.find(state)
    complaint = health.check(plan["ready"]) if process else _why_not_running(state, supervised)
    last = last_lines(path / f"{plan['name']}{LOG}", 1) if complaint else []
    return ProcessStatus(
        name=plan["name"],
        program=plan["program"],
        pid=process.pid if process else None,
        uptime_seconds=max(time.time() - state["since"], 0.0) if process else 0.0,
        restarts=state["restarts"],
        cause=state["cause"],
        complaint=complaint,
        log_trouble=state["log_trouble"],
        last_line=last[-1] if last else "",
        memory_mb=processes.memory_mb(process) if process else 0.0,
    )


def _why_not_running(state: ProcessState, supervised: bool) -> str:
    if not supervised:
        return "its supervisor does not run; trunkline local start brings it back"
    return f"ended with {state['cause']}; starts again soon" if state["cause"] else "starts"


def _restart(path: Path) -> tuple[bool, str]:
    """Whether it is up, and what was done or failed; in a process of its own, because it forks."""
    command = [sys.executable, "-m", "trunkline.local", "restart", str(path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def _stop(path: Path, done: Callable[[str], None]) -> str:
    try:
        stop(path, drained=False)  # who would ask them is ended as well
    except MachineError as error:
        return str(error)
    done(path.name)
    return ""
