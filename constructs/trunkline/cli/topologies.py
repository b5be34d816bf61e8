"""`trunkline local up`, `down` and `demo`: a whole topology of this machine at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.output import Format, number, wants_color

if TYPE_CHECKING:
    from trunkline.demo.report import Report

File = Annotated[str, typer.Argument(metavar="FILE", help="A topology with cloud: local.")]
Workspace = Annotated[
    Path, typer.Option("--folder", help="Where stacks, state, machines and results go.")
]
FOLDER = Path("local")


def up(file: File, folder: Workspace = FOLDER) -> None:
    """Bring up a topology on this machine, and keep it running.

    Run it again after a change of the file: only what changed is replaced.
    """
    from trunkline.addresses.names import public_url
    from trunkline.deploy.progress import Progress
    from trunkline.deploy.workspace import KEPT, Workspace
    from trunkline.terraform.signals import raise_on_signal
    from trunkline.topology import load

    topology, progress, workspace = load(file), Progress(), Workspace(folder)
    with raise_on_signal(), workspace.alone():
        with progress.step(f"synthesize {file}") as step:
            step.result = number(workspace.synthesize(Path(file), KEPT), "stack")
        with progress.step("apply, until all is healthy") as step:
            workspace.up(step.update)
    for route in topology.routing.routes:
        typer.echo(f"curl {public_url(topology)}{route.prefix}")
    chosen = "" if folder == FOLDER else f" --folder {folder}"
    machines = "" if folder == FOLDER else f" --folder {workspace.machines}"
    typer.echo(f"trunkline collect {file} --key-file {workspace.key_file}")
    typer.echo(f"trunkline local status{machines}\ntrunkline local down{chosen}")


def down(folder: Workspace = FOLDER) -> None:
    """Take down what `trunkline local up` brought up; only the results stay.

    It also works where a run was cut off or processes were killed.
    """
    from trunkline.deploy.progress import Progress
    from trunkline.deploy.workspace import Workspace
    from trunkline.terraform.signals import defer_signals

    progress, workspace = Progress(), Workspace(folder)
    with workspace.alone(), defer_signals(progress.say):
        if workspace.use is None:
            typer.echo(f"nothing is up in {folder}")
            return
        with progress.step("take everything down") as step:
            step.result = workspace.down(step.update)


def demo(
    file: File,
    folder: Workspace = FOLDER,
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Show the whole journey on this machine, and clean up after it.

    All machines come up, every pair of zones is measured, zones are chosen, routes are asked, an
    edge is killed, a short load test runs, and everything goes down again. Ctrl-C takes everything
    down at any moment. Figures that a slow machine misses are marked; they are not a failure.
    """
    from trunkline.demo.run import Demo
    from trunkline.deploy.workspace import Workspace
    from trunkline.terraform.signals import raise_on_signal

    with raise_on_signal():
        report = Demo(Path(file), Workspace(folder)).run()
    if format is Format.JSON:
        typer.echo(json.dumps(report.as_dict(), indent=2))
    else:
        _print(report)


def _print(report: Report) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("what", "figure", "promised"):
        table.add_column(heading, overflow="fold")
    for figure in report.figures:
        table.add_row(figure.what, figure.figure, figure.target)
    width = None if sys.stdout.isatty() else 200
    Console(width=width, no_color=not wants_color(sys.stdout), highlight=False).print(table)
    typer.echo(f"\nwritten: {', '.join(report.written)}")
