"""`trunkline local up`, `down` and `demo`: all stacks of a topology on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.local import local_app
from trunkline.cli.output import Format, new_table, number, print_json, print_table

if TYPE_CHECKING:
    from trunkline.demo.report import Report
    from trunkline.model import Topology

File = Annotated[str, typer.Argument(metavar="FILE", help="A topology with cloud: local.")]
Workspace = Annotated[
    Path, typer.Option("--folder", help="The folder for stacks, state, machines and results.")
]
FOLDER = Path("local")


@local_app.command(short_help="Bring up a topology and keep it.")
def up(file: File, folder: Workspace = FOLDER) -> None:
    """Bring up a topology on this machine, and keep it running.

    Run it again after a change of the file: only what changed is replaced. What it needs is looked
    at first: programs, and free addresses. Ctrl-C leaves what runs, and says what that is.
    """
    from trunkline.addresses.names import route_url
    from trunkline.deploy.progress import StepPrinter
    from trunkline.deploy.workspace import KEPT, Workspace, refuse_clouds
    from trunkline.terraform.signals import raise_on_signal
    from trunkline.topology import load

    topology, printer, workspace = load(file), StepPrinter(), Workspace(folder)
    refuse_clouds(topology)
    with raise_on_signal(), workspace.alone(), _told_if_cut_off(folder):
        workspace.preflight(topology)
        with printer.step(f"synthesize {file}") as step:
            step.result = number(workspace.synthesize(Path(file), KEPT), "stack")
        with printer.step("apply, until all is healthy") as step:
            workspace.up(step.update)
    for route in topology.routing.routes:
        typer.echo(f"curl {route_url(topology, route)}")
    for line in _service_commands(topology, workspace.machines):
        typer.echo(line)
    machines = "" if folder == FOLDER else f" --folder {workspace.machines}"
    typer.echo(f"trunkline collect {file} --key-file {workspace.key_file}")
    typer.echo(f"trunkline local status{machines}\ntrunkline local down{_option(folder)}")


def _service_commands(topology: Topology, machines: Path) -> Iterator[str]:
    """How to ask for each service as an application of each site that uses it."""
    from urllib.parse import urlsplit

    from trunkline.addresses.local_services import service_request
    from trunkline.local.layout import AUTHORITY

    for service in topology.services:
        for site in service.sites:
            request = service_request(topology, service, site)
            host = urlsplit(request.url).hostname
            to = f"--connect-to {host}:{service.asked_port}:{request.edge}"
            if request.machine:
                to += f" --cacert {machines / 'machines' / request.machine / AUTHORITY}"
            yield f"curl {to} {request.url}"


def _option(folder: Path) -> str:
    """What a command has to be told to find the workspace."""
    return "" if folder == FOLDER else f" --folder {folder}"


@contextmanager
def _told_if_cut_off(folder: Path) -> Iterator[None]:
    """Say what still runs where the block does not come to its end."""
    from trunkline.deploy.workspace import Workspace
    from trunkline.local.status import machines

    try:
        yield
    except BaseException:
        found = machines(Workspace(folder).machines)
        up = sum(machine.supervisor_pid is not None for machine in found)
        if up:
            typer.echo(
                f"{number(up, 'machine')} still up: run the same command to go on, or trunkline "
                f"local down{_option(folder)} to take everything down",
                err=True,
            )
        raise


@local_app.command(short_help="Take it down.")
def down(folder: Workspace = FOLDER) -> None:
    """Take down what `trunkline local up` brought up; only the results stay.

    It also works after an interrupted run, or after processes were killed.
    """
    from trunkline.deploy.progress import StepPrinter
    from trunkline.deploy.workspace import Workspace
    from trunkline.terraform.signals import defer_signals

    printer, workspace = StepPrinter(), Workspace(folder)
    with workspace.alone(), defer_signals(printer.print_line):
        if workspace.use is None:
            typer.echo(f"nothing is up in {folder}")
            return
        with printer.step("take everything down") as step:
            step.result = workspace.down(step.update)


@local_app.command(short_help="Run everything once, and clean up.")
def demo(
    file: File,
    folder: Workspace = FOLDER,
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Run everything once on this machine, and clean up.

    All machines start, every pair of zones is measured, zones are chosen, routes are requested, an
    edge is killed, a short load test runs, and everything is taken down. Ctrl-C takes everything
    down at any time. A target that a slow machine does not meet is marked; it is not an error.
    """
    from trunkline.demo.run import Demo
    from trunkline.deploy.workspace import Workspace
    from trunkline.terraform.signals import raise_on_signal

    with raise_on_signal():
        report = Demo(Path(file), Workspace(folder)).run()
    if format is Format.JSON:
        print_json(report.as_dict())
    else:
        _print(report)


def _print(report: Report) -> None:
    table = new_table("what", "figure", "target")
    for figure in report.figures:
        table.add_row(figure.what, figure.figure, figure.target)
    print_table(table)
    typer.echo(f"\nwritten: {', '.join(report.written)}")
