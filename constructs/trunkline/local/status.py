"""All machines below a state folder: how they are, and what can be done to them at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGKILL

from attrs import frozen

from trunkline.local import health, plan, processes, state
from trunkline.local.errors import MachineError
from trunkline.local.folder import LOCK, LOG, MACHINE, ROOT, remove_empty
from trunkline.local.logs import last_lines
from trunkline.local.plan import ProcessPlan
from trunkline.local.state import ProcessState
from trunkline.local.stop import stop

SECRETS = "secrets"
_AT_ONCE = 16
_NEVER = ProcessState(pid=0, born="", since=0, restarts=0, cause="", log_trouble="")


@frozen(kw_only=True)
class ProcessStatus:
    """One process. `complaint` says why it is not healthy, and is empty where it is.

    `pid` is None where it does not run; `cause` is why it ended before, `log_trouble` why its log
    cannot be written. `last_line` is of its log, where it is not healthy.
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
    """One machine; its memory takes in the supervisor, which is None where it does not run."""

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
    """Every machine below `folder`, by name, asked now; MachineError for a damaged one."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = [machine for machine in pool.map(_machine, _folders(folder)) if machine]
    return sorted(found, key=lambda machine: machine.name)


def memory_mb(folder: str | Path = ROOT) -> float:
    """What all processes of all machines below `folder` take together, supervisors included; their
    shares of what they share (PSS) where the system tells."""
    known = {
        process
        for path in _folders(folder)
        for process in (*processes.marked(str(path)), *_known(path))
    }
    return sum(processes.memory_kb(pid) for pid, _ in known if pid) / 1024


def kill_machine(name: str, folder: str | Path = ROOT) -> None:
    """Kill everything of a machine at once, as a power cut would; `start_machines` revives it."""
    path = find(name, folder)
    for process in _known(path):
        processes.send(process, SIGKILL)
    processes.end(_known(path), 0.0)


def start_machines(
    names: Sequence[str] = (),
    folder: str | Path = ROOT,
    done: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Start again those machines, or all, that do not run; what was done with each, which `done`
    hears one by one. MachineError names all that failed."""
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
    """End every machine below `folder`, remove it, and the secrets; the machines' names, which
    `done` hears one by one. What Terraform knows stays. MachineError names all that failed; the
    secrets stay then, for what still runs needs them."""
    root = Path(folder).resolve()
    if ROOT not in root.parts:
        raise MachineError(f"{folder} is not named {ROOT}, nor below one; give the state folder")
    paths = _folders(root)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        failures = [text for text in pool.map(lambda path: _stop(path, done), paths) if text]
    processes.end(processes.marked(str(root)), 1.0)  # whose folders are gone
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
    """The folder of a machine; MachineError names those there are."""
    known = {path.name: path for path in _folders(folder)}
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise MachineError(f"there is no machine {name!r} below {folder}; there is: {there}")
    return known[name]


def _folders(folder: str | Path) -> list[Path]:
    """The folders of all machines, half-made ones included."""
    return sorted({path.parent for path in Path(folder).resolve().rglob(LOCK) if path.is_file()})


def _known(path: Path) -> list[processes.Known]:
    """The supervisor and the processes, which may have ended."""
    known = state.read(path)
    return [state.supervisor(known), *state.children(known)]


def _machine(path: Path) -> MachineStatus | None:
    """The machine in a folder; None where it is half-made, or has just been removed."""
    try:
        text = (path / MACHINE).read_text()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MachineError(
            f"{path / MACHINE} cannot be read: {error.strerror}; run this as the user who started "
            "the machine"
        ) from error
    machine = plan.parse(text, str(path / MACHINE))
    known = state.read(path)
    supervisor = state.supervisor(known)
    supervised = processes.lives(supervisor)
    found = known["processes"] if known else {}
    statuses = tuple(
        _process(path, process, found.get(process["name"], _NEVER), supervised)
        for process in machine["processes"]
    )
    own = processes.memory_kb(supervisor[0]) / 1024 if supervised else 0.0
    return MachineStatus(
        name=machine["name"],
        kind=machine["kind"],
        folder=path,
        addresses=tuple(machine["addresses"]),
        supervisor_pid=supervisor[0] if supervised else None,
        processes=statuses,
        memory_mb=own + sum(each.memory_mb for each in statuses),
    )


def _process(
    path: Path, process: ProcessPlan, known: ProcessState, supervised: bool
) -> ProcessStatus:
    runs = processes.lives((known["pid"], known["born"]))
    complaint = _complaint(process, known, supervised, runs)
    last = last_lines(path / f"{process['name']}{LOG}", 1) if complaint else []
    return ProcessStatus(
        name=process["name"],
        program=process["program"],
        pid=known["pid"] if runs else None,
        uptime_seconds=max(time.time() - known["since"], 0.0) if runs else 0.0,
        restarts=known["restarts"],
        cause=known["cause"],
        complaint=complaint,
        log_trouble=known["log_trouble"],
        last_line=last[-1] if last else "",
        memory_mb=processes.memory_kb(known["pid"]) / 1024 if runs else 0.0,
    )


def _complaint(process: ProcessPlan, known: ProcessState, supervised: bool, runs: bool) -> str:
    if runs:
        return health.ask(process["ready"])
    if not supervised:
        return "its supervisor does not run; trunkline local start brings it back"
    return f"ended with {known['cause']}; starts again soon" if known["cause"] else "starts"


def _restart(path: Path) -> tuple[bool, str]:
    """In a process of its own, for it forks; whether it is up, and what it said."""
    command = [sys.executable, "-m", "trunkline.local", "restart", str(path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def _stop(path: Path, done: Callable[[str], None]) -> str:
    try:
        stop(path)
    except MachineError as error:
        return str(error)
    done(path.name)
    return ""
