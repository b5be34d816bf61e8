"""`trunkline local`: shows and controls the machines on this computer, which Terraform makes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.output import Format, new_table, number, print_json, print_table, working

if TYPE_CHECKING:
    from rich.text import Text

    from trunkline.local.status import MachineStatus, ProcessStatus

NOTHING_RUNS = "nothing runs below {}; apply the stacks of a topology with cloud: local first"
COLUMNS = ("machine", "kind", "process", "PID", "up", "restarts", "MB", "health", "addresses")
POLL = 0.2  # seconds between looks at a log that is followed

# Beside cdktf.out, or in the workspace of `trunkline local up`: whichever is there.
_STATES = (Path(".trunkline"), Path("local/.trunkline"))
STATE = next((folder for folder in _STATES if folder.exists()), _STATES[0])

Folder = Annotated[
    Path,
    typer.Option(
        help="Where the machines keep their PIDs and logs.",
        show_default=f"{_STATES[0]}, or {_STATES[1]} where only that is there",
    ),
]

local_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Run topologies with cloud: local, and show their machines.",
)


@local_app.command(short_help="Show every machine.")
def status(
    folder: Folder = STATE,
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Show every machine: its processes, addresses, health and memory.

    All health checks run now.

    Exit codes: 0 everything is healthy; 1 something is not, or nothing runs.
    """
    from trunkline.local.status import machines

    with working("checking every machine"):
        found = machines(folder)
    if format is Format.JSON:
        print_json(_report(found))
    elif found:
        _print_table(found)
    else:
        typer.echo(NOTHING_RUNS.format(folder), err=True)
    if not found or not all(machine.healthy for machine in found):
        raise typer.Exit(1)


@local_app.command(short_help="Print a machine's last log lines.")
def logs(
    machine: Annotated[str, typer.Argument(help="The name in `trunkline local status`.")],
    process: Annotated[
        str | None, typer.Argument(help="One of its processes. Without it: all of them.")
    ] = None,
    lines: Annotated[int, typer.Option(min=0, help="The number of last lines.")] = 50,
    follow: Annotated[bool, typer.Option(help="Print new lines, until Ctrl-C.")] = False,
    folder: Folder = STATE,
) -> None:
    """Print the last lines of a machine's logs."""
    from trunkline.local import log_reader
    from trunkline.local.status import find

    paths = log_files(find(machine, folder), process)
    followed = [log_reader.follow(path) for path in paths] if follow else []
    for path in paths:
        for line in log_reader.last_lines(path, lines):
            typer.echo(_prefixed(path, line, len(paths)))
    while followed:
        for path, pieces in zip(paths, followed, strict=True):
            for line in next(pieces).splitlines():
                typer.echo(_prefixed(path, line, len(paths)))
        time.sleep(POLL)


@local_app.command(short_help="Restart what is down.")
def start(
    machines: Annotated[
        list[str] | None, typer.Argument(help="Their names. Without them: all of them.")
    ] = None,
    folder: Folder = STATE,
) -> None:
    """Restart what is down, as after a reboot. New machines are started by Terraform.

    Exit codes: 0 done; 1 there is nothing to start.
    """
    from trunkline.local.status import start_machines

    with working("starting what is down"):
        done = start_machines(machines or (), folder)
    for line in done:
        typer.echo(line)
    if not done:
        typer.echo(NOTHING_RUNS.format(folder), err=True)
        raise typer.Exit(1)


@local_app.command(short_help="End every machine.")
def stop(folder: Folder = STATE) -> None:
    """End every machine, even if Terraform's state is lost.

    This does not change Terraform's state, so use `terraform destroy` if you can.
    """
    from trunkline.local.status import stop_all

    with working("ending every machine"):
        ended = stop_all(folder)
    if not ended:
        typer.echo(f"nothing runs below {folder}")
        return
    typer.echo(
        f"ended {number(len(ended), 'machine')}: {', '.join(ended)}. Where Terraform still knows "
        "them, run terraform destroy in their stacks as well: that is the ordinary way to end them"
    )


def log_files(folder: Path, process: str | None = None) -> list[Path]:
    """The logs of a machine's processes, or of one of them."""
    from trunkline.errors import TrunklineError
    from trunkline.local.layout import SUPERVISOR

    # The supervisor's own is empty, unless something is wrong with it.
    logs = [path for path in folder.glob("*.log") if path.stem != SUPERVISOR or path.stat().st_size]
    found = {path.stem: path for path in sorted(logs)}
    if process is None:
        return list(found.values())
    if process not in found:
        raise TrunklineError(
            f"{folder.name} has no process {process!r}; it has: {', '.join(found) or 'none yet'}"
        )
    return [found[process]]


def _prefixed(path: Path, line: str, logs: int) -> str:
    """The line, made safe for the terminal; with its process if there are several."""
    from trunkline.documents.findings import printable

    return printable(line) if logs == 1 else f"{path.stem}: {printable(line)}"


def _report(found: Sequence[MachineStatus]) -> dict[str, object]:
    from attrs import asdict

    machines = [
        {
            **asdict(machine),
            "folder": str(machine.folder),
            "healthy": machine.healthy,
            "processes": [{**asdict(each), "healthy": each.healthy} for each in machine.processes],
        }
        for machine in found
    ]
    return {
        "healthy": bool(found) and all(machine.healthy for machine in found),
        "memory_mb": sum(machine.memory_mb for machine in found),
        "machines": machines,
    }


def _print_table(found: Sequence[MachineStatus]) -> None:
    table = new_table(*COLUMNS, gap=2)
    for column in table.columns:
        column.no_wrap = column.header in ("machine", "PID")
    for machine in found:
        for index, process in enumerate(machine.processes):
            table.add_row(*_row(machine, process, first=index == 0))
    print_table(table)
    for machine in found:
        for process in machine.processes:
            _print_troubles(machine, process)
    typer.echo(_totals(found))


def _row(machine: MachineStatus, process: ProcessStatus, *, first: bool) -> list[str | Text]:
    from rich.text import Text

    style = "green" if process.healthy else "red"
    return [
        machine.name if first else "",
        machine.kind if first else "",
        process.name,
        str(process.pid or "-"),
        _duration(process.uptime_seconds) if process.pid else "-",
        str(process.restarts),
        f"{machine.memory_mb:.1f}" if first else "",
        Text("healthy" if process.healthy else "not healthy", style=style),
        ", ".join(machine.addresses) if first else "",
    ]


def _print_troubles(machine: MachineStatus, process: ProcessStatus) -> None:
    from trunkline.documents.findings import printable

    name = f"{machine.name}/{process.name}"
    if process.complaint:
        typer.echo(f"{name}: {printable(process.complaint)}")
    if process.last_line:
        typer.echo(f"{name}: its log ends with: {printable(process.last_line)}")
    if process.cause and not process.complaint:
        typer.echo(f"{name}: ended with {process.cause}, and was started again")
    if process.log_trouble:
        typer.echo(f"{name}: {process.log_trouble}; free space")


def _totals(found: Sequence[MachineStatus]) -> str:
    count = sum(len(machine.processes) for machine in found)
    healthy = sum(machine.healthy for machine in found)
    memory = sum(machine.memory_mb for machine in found)
    processes = "1 process" if count == 1 else f"{count} processes"
    return f"{number(len(found), 'machine')}, {healthy} healthy; {processes}; {memory:.0f} MB"


def _duration(seconds: float) -> str:
    """`42 s`, `3 min`, `5 h`, `2 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
