"""What the supervisor tells of a machine in `state.json`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TypedDict, cast

from trunkline.local.folder import STATE
from trunkline.local.processes import Known


class SupervisorState(TypedDict):
    """The supervisor by PID and birth."""

    pid: int
    born: str


class ProcessState(TypedDict):
    """One process; `pid` is 0 while it waits for its restart.

    `since` is when it began, in seconds since 1970; `cause` is why it ended last, `log_trouble` why
    its log cannot be written.
    """

    pid: int
    born: str
    since: float
    restarts: int
    cause: str
    log_trouble: str


class State(TypedDict):
    """A whole machine."""

    supervisor: SupervisorState
    processes: dict[str, ProcessState]


_PROCESS = {
    "pid": int,
    "born": str,
    "since": int | float,
    "restarts": int,
    "cause": str,
    "log_trouble": str,
}
_SHAPE = {"supervisor": {"pid": int, "born": str}, "processes": {"*": _PROCESS}}


def read(folder: Path) -> State | None:
    """The state of the machine in `folder`; None where no supervisor has written one,
    or something else has damaged it."""
    for _ in range(3):  # it may be written over while we read
        try:
            text = (folder / STATE).read_text().strip()
            data = json.loads(text) if text else None
            return cast(State, data) if _fits(data, _SHAPE) else None
        except FileNotFoundError:
            return None
        except ValueError:
            time.sleep(0.005)
    return None


def _fits(data: object, shape: object) -> bool:
    """Whether `data` has the keys and types of `shape`; a dict under `*` stands for any name."""
    if not isinstance(shape, dict):
        return isinstance(data, cast(type, shape))
    if not isinstance(data, dict):
        return False
    if "*" in shape:
        return all(_fits(value, shape["*"]) for value in data.values())
    return data.keys() == shape.keys() and all(_fits(data[key], shape[key]) for key in shape)


def supervisor(state: State | None) -> Known:
    """The supervisor; (0, "") where there is none."""
    return (state["supervisor"]["pid"], state["supervisor"]["born"]) if state else (0, "")


def children(state: State | None) -> list[Known]:
    """The processes that run."""
    processes = state["processes"].values() if state else ()
    return [(process["pid"], process["born"]) for process in processes if process["pid"]]
