"""A machine as start and status read it: the JSON of `machine.py`, parsed into plain dicts.

No attrs here: Terraform calls `start` once for each machine, and every import counts.
"""

from __future__ import annotations

import json
from typing import TypedDict, cast

from trunkline.local.errors import MachineError

KEYS = {"name", "kind", "addresses", "processes", "start_seconds"}
PROCESS_KEYS = {"name", "program", "arguments", "files", "ready"}


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


def parse(text: str, source: str) -> MachinePlan:
    """The machine in `text`; MachineError names `source` where it is not one."""
    try:
        data = json.loads(text)
        if set(data) == KEYS and all(set(p) == PROCESS_KEYS for p in data["processes"]):
            return cast(MachinePlan, data)
    except (ValueError, TypeError):
        pass  # said below
    raise MachineError(f"{source} does not hold a machine; synthesize the stacks again")
