"""Whose stacks an output folder holds: one topology's, which is known by its name."""

from __future__ import annotations

import json
from pathlib import Path

from trunkline.errors import OutputError

OWNER = "topology.json"


def topology_in(outdir: Path) -> str | None:
    """The name of the topology whose stacks are in `outdir`; None where none is known."""
    try:
        name = json.loads((outdir / OWNER).read_text("utf-8"))["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None


def other_topology_in(outdir: Path, name: str) -> str | None:
    """The name of the topology in `outdir` where it is another one than `name`."""
    owner = topology_in(outdir)
    return None if owner == name else owner


def claim(outdir: Path, name: str, scratch: Path) -> None:
    """Note in `scratch`, which becomes `outdir`, whose stacks they are.

    Raises OutputError where `outdir` holds another topology: its stacks would be written over, and
    Terraform would make everything anew.
    """
    if owner := other_topology_in(outdir, name):
        raise OutputError(
            f"{outdir} holds the stacks of the topology {owner}, and this one is called {name}. "
            "To Terraform these are two topologies, each with resources and states of its own. "
            "Choose another folder with --output (CDKTF_OUTDIR for main.py); or, where you have "
            f"changed the name: everything is made anew under it, and what {owner} has made stays, "
            f"so destroy the stacks of {owner} first, then delete {outdir}"
        )
    (scratch / OWNER).write_text(f"{json.dumps({'name': name})}\n", "utf-8")
