"""How long all stacks of a topology take side by side, against one after another.

The stacks are those of the reference topology by name and order. In place of cloud resources they
have commands that only wait, as an apply mostly does: what is measured is Terraform itself, its
start included, and the order in which trunkline runs it.
"""

from __future__ import annotations

import io
import json
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console

from benchmarks.measure import Report, Target, parser, progress, show
from trunkline.cli.deploy import PARALLEL
from trunkline.deploy.board import Board
from trunkline.deploy.deployment import Deployment
from trunkline.deploy.health import EdgeWaiter
from trunkline.deploy.targets import StackTarget, targets
from trunkline.model import Topology
from trunkline.terraform.commands import Commands
from trunkline.terraform.run import find_terraform, without_terraform_options
from trunkline.topology import load

REFERENCE = Path("topologies/three-clouds.yaml")
RESOURCES, SECONDS = 3, 1  # of each stack, one after the other
LEAST_RATIO = 2


def run(runs: int) -> Report:
    """Measure both."""
    topology = load(REFERENCE)
    medians = {
        parallel: statistics.median(_seconds(topology, parallel, each) for each in range(runs))
        for parallel in (1, PARALLEL)
    }
    count = len(targets(topology, Path()))
    return Report(
        f"Initialize, plan and apply {count} stacks whose resources wait {RESOURCES * SECONDS} s",
        ("at once", "wall s"),
        [(str(parallel), seconds) for parallel, seconds in medians.items()],
        [
            Target(
                "one after another : side by side",
                medians[1] / medians[PARALLEL],
                LEAST_RATIO,
                "x",
                True,
            )
        ],
    )


def _seconds(topology: Topology, parallel: int, number: int) -> float:
    progress(f"deploying: {parallel} at once, run {number + 1}")
    with tempfile.TemporaryDirectory(prefix="trunkline-deploying-") as name:
        output = Path(name) / "cdktf.out"
        stacks = targets(topology, output)
        for stack in stacks:
            _write(stack)
        commands = Commands(find_terraform(), without_terraform_options())
        silent = Board(Console(file=io.StringIO()))
        waiter = EdgeWaiter(topology, 0, "")
        deployment = Deployment(topology, output, Path(name), commands, waiter, parallel, silent)
        began = time.perf_counter()
        deployment.initialize(stacks)
        outcome = deployment.carry_out(stacks, deployment.plan(stacks).plans)
        seconds = time.perf_counter() - began
        deployment.close()
        assert outcome.complete, outcome  # noqa: S101
        return seconds


def _write(stack: StackTarget) -> None:
    stack.folder.mkdir(parents=True)
    waits = {"provisioner": [{"local-exec": {"command": f"sleep {SECONDS}"}}]}
    resources = {
        f"wait_{number}": {
            **waits,
            "depends_on": [f"terraform_data.wait_{number - 1}"] if number else [],
        }
        for number in range(RESOURCES)
    }
    content = json.dumps({"resource": {"terraform_data": resources}})
    (stack.folder / "cdk.tf.json").write_text(content)


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
