"""`make rehearsal`: a topology's own stacks, applied on this machine, from nothing to nothing."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from doubles.machines.rootfs import no_room
from rich.console import Console
from rich.table import Table
from support.examples import ROOT
from support.needs import REHEARSING, missing

from trunkline.errors import TrunklineError
from trunkline.model import LocalIngress, Topology
from trunkline.terraform.signals import raise_on_signal
from trunkline.topology import load


def _unplayed(topology: Topology) -> str | None:
    """Why a topology cannot be rehearsed; None where it can."""
    local = isinstance(topology.ingress, LocalIngress)
    return "is of this machine: make demo shows it" if local else None


def main() -> int:
    parser = argparse.ArgumentParser(prog="make rehearsal", description=__doc__)
    default = ROOT / "topologies" / "three-clouds.yaml"
    parser.add_argument("topology", nargs="?", type=Path, default=default)
    parser.add_argument(
        "--keep", action="store_true", help="leave it standing until Ctrl-C, before the drills"
    )
    options = parser.parse_args()
    if reason := missing(*REHEARSING) or no_room():
        print(f"the rehearsal {reason}", file=sys.stderr)
        return 2
    try:
        if reason := _unplayed(load(options.topology)):
            print(f"{options.topology} {reason}", file=sys.stderr)
            return 2
        from rehearsal.janitor import swept_if_killed
        from rehearsal.journey import rehearse

        with (
            raise_on_signal(),
            tempfile.TemporaryDirectory(prefix="trunkline-rehearsal-") as folder,
            swept_if_killed(Path(folder)),
        ):
            tempfile.tempdir = folder  # all that is written lies in one place
            report = rehearse(options.topology, Path(folder), keep=options.keep)
    except KeyboardInterrupt:
        print("interrupted; nothing of it is left", file=sys.stderr)
        return 130
    except (TrunklineError, AssertionError) as error:
        print(error, file=sys.stderr)
        return 2
    table = Table("what", "figure", "target", box=None, pad_edge=False)
    for figure in report.figures:
        table.add_row(figure.what, figure.figure, figure.target)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
