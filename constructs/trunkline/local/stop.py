"""The end of a machine: its processes, then its folder, whatever state they are in."""

from __future__ import annotations

from pathlib import Path

from trunkline.errors import MachineError
from trunkline.local import envoy, processes
from trunkline.local.folder import checked, locked, remove, remove_empty
from trunkline.local.records import read_state
from trunkline.local.supervisor import GRACE


def stop(folder: str | Path, *, drained: bool = True) -> None:
    """End the machine in `folder` and remove it with its empty parents; it may be gone already.

    With `drained` an Envoy answers what it has before. MachineError where something cannot be ended
    or removed.
    """
    path = checked(folder)
    try:
        _stop(path, drained)
    except OSError as error:
        raise MachineError(
            f"{path.name}: {error.filename or folder} cannot be removed: {error.strerror}; "
            "run this as the user who started it"
        ) from error


def _stop(path: Path, drained: bool) -> None:
    try:
        with locked(path, create=False):
            if drained:
                envoy.drain(path)
            end_processes(path)
            remove(path)
    except FileNotFoundError:
        if path.exists():
            raise
        end_processes(path)  # the folder was removed by hand
        remove_empty(path)


def end_processes(path: Path) -> None:
    """End all processes of the machine in `path`, supervised or not; MachineError names those that
    nothing ends."""
    state = read_state(path)
    supervisor = processes.find_supervisor(state)
    left = processes.end([supervisor], GRACE + 1.0) if supervisor else []  # it ends the others
    for process in processes.find_supervised(state):
        left += processes.find_tree(process.pid)
    while found := [*left, *processes.find_marked(str(path))]:
        if left := processes.end(found, GRACE):
            pids = ", ".join(str(pid) for pid in sorted(process.pid for process in left))
            raise MachineError(
                f"{path.name}: pid {pids} cannot be ended; run this as the user who started it"
            )
