"""The JSON in the folder of a machine: `machine.json`, what it runs; `state.json`, how it is.

Plain dicts, no attrs: Terraform calls `start` once for each machine, and every import counts.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TypedDict, cast

from trunkline.errors import MachineError
from trunkline.local.layout import STATE


class ProcessPlan(TypedDict):
    """One process; `ready` is the URL of its health check."""

    name: str
    program: str
    arguments: list[str]
    files: dict[str, str]
    ready: str


class MachinePlan(TypedDict):
    """A group of processes; `addresses` read like `tcp 127.10.0.1:8080`."""

    name: str
    kind: str
    addresses: list[str]
    processes: list[ProcessPlan]
    start_seconds: float


class ProcessId(TypedDict):
    """A PID, and when its process was created (create_time.py): another one may get the PID."""

    pid: int
    create_time: float


class ProcessState(ProcessId):
    """One process; `pid` is 0 while it waits for its restart.

    `since` is when it was started, in seconds since 1970; `cause` is why it ended last,
    `log_trouble` why its log cannot be written.
    """

    since: float
    restarts: int
    cause: str
    log_trouble: str


class MachineState(TypedDict):
    """A whole machine, as its supervisor writes it."""

    supervisor: ProcessId
    processes: dict[str, ProcessState]


_PLAN_KEYS = {"name", "kind", "addresses", "processes", "start_seconds"}
_PROCESS_PLAN_KEYS = {"name", "program", "arguments", "files", "ready"}

_ID = {"pid": int, "create_time": int | float}
_PROCESS = {**_ID, "since": int | float, "restarts": int, "cause": str, "log_trouble": str}
_STATE = {"supervisor": _ID, "processes": {"*": _PROCESS}}


def parse_plan(text: str, source: str) -> MachinePlan:
    """The machine that `text` describes; MachineError names `source` where it does not."""
    try:
        data = json.loads(text)
        if set(data) == _PLAN_KEYS and all(
            set(process) == _PROCESS_PLAN_KEYS for process in data["processes"]
        ):
            return cast(MachinePlan, data)
    except (ValueError, TypeError):
        pass  # the same message
    raise MachineError(f"{source} does not describe a machine; synthesize the stacks again")


def read_state(folder: Path) -> MachineState | None:
    """The state of the machine in `folder`; None where no supervisor has written one, or the file
    is damaged."""
    for _ in range(3):  # it may be written over while we read
        try:
            text = (folder / STATE).read_text().strip()
            data = json.loads(text) if text else None
            return cast(MachineState, data) if _fits(data, _STATE) else None
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
