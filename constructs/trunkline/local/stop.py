"""The end of a machine: its processes, then its folder, from whatever state they are in."""

from __future__ import annotations

import os
from pathlib import Path

from trunkline.local import processes, state
from trunkline.local.errors import MachineError
from trunkline.local.folder import checked, locked, remove, remove_empty
from trunkline.local.supervisor import GRACE


def stop(folder: str | Path) -> None:
    """End the machine in `folder` and remove it with its empty parents; none there is fine.

    MachineError where something cannot be ended or removed.
    """
    path = checked(folder)
    try:
        _stop(path)
    except OSError as error:
        raise MachineError(
            f"{path.name}: {error.filename or folder} cannot be removed: {error.strerror}; "
            "run this as the user who started it"
        ) from error


def _stop(path: Path) -> None:
    try:
        with locked(path, create=False):
            end_processes(path)
            remove(path)
    except FileNotFoundError:
        if path.exists():
            raise
        end_processes(path)  # the folder was removed by hand
        remove_empty(path)


def end_processes(path: Path) -> None:
    """End all processes of the machine in `path`, however few of them are still supervised;
    MachineError names whom nothing ends."""
    known = state.read(path)
    processes.end([state.supervisor(known)], GRACE + 1.0)  # it ends the others itself
    left = state.children(known)
    while found := [*left, *processes.marked(str(path))]:
        if left := processes.end(found, GRACE):
            pids = ", ".join(str(pid) for pid, _ in left)
            raise MachineError(
                f"{path.name}: pid {pids} cannot be ended; run this as the user who started it"
            )


def remove_abandoned(path: Path) -> None:
    """Remove the folder after its `start` was killed, for the supervisor in it; not where another
    start has taken it over meanwhile."""
    try:
        with locked(path, create=False):
            owner = state.supervisor(state.read(path))
            if owner[0] == os.getpid() or not processes.lives(owner):
                remove(path)
    except FileNotFoundError:
        remove_empty(path)
