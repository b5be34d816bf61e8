"""The command `trunkline`: parse, call, print. Python can do all of it without the command."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from trunkline.cli.lazy import LazyCommand, lazy_group
from trunkline.cli.output import print_error, wants_json
from trunkline.errors import TrunklineError

HELP = """Turn one topology file into Terraform for a private backbone across clouds.

Exit codes: 0 done, warnings included; 1 something is not healthy or not complete; 2 an error, with
what to do about it on stderr, or with --format json as an object with error and findings on stdout;
130 interrupted with Ctrl-C.
"""

COMMANDS = {
    "init": LazyCommand("init", "init", "Write a topology file to begin with."),
    "validate": LazyCommand("validate", "validate", "Check topology files."),
    "synth": LazyCommand("synth", "synth", "Write the Terraform of every stack."),
    "plan": LazyCommand("deploy", "plan", "Say what apply would do."),
    "apply": LazyCommand("deploy", "apply", "Make all as the file says."),
    "destroy": LazyCommand("deploy", "destroy", "Take down what apply made."),
    "check": LazyCommand("check", "check", "Ask whether all of it is up."),
    "logs": LazyCommand("logs", "logs", "Print what the edges of a site said."),
    "traffic": LazyCommand("traffic", "traffic", "Show what requests it has had."),
    "cost": LazyCommand("cost", "cost", "Say what it costs in a month."),
    "report": LazyCommand("report", "report", "Show all of it in one HTML file."),
    "collect": LazyCommand("collect", "collect", "Fetch what the probes have measured."),
    "keys": LazyCommand("keys", "keys", "Make the keys that it needs."),
    "zones": LazyCommand("zones", "zones", "Show which zones are one place."),
    "place": LazyCommand("place", "place", "Choose the zones nearest together."),
    "physical-zones": LazyCommand(
        "physical_zones", "physical_zones", "Print what zone names mean."
    ),
    "schema": LazyCommand("init", "schema", "Print the schema of a kind of file."),
    "measurements": LazyCommand(
        "measurements", "measurements_app", "Import, show and export measurements."
    ),
    "backbone": LazyCommand("backbone", "backbone_app", "Choose and check the backbone."),
    "bench": LazyCommand("bench", "bench_app", "Load-test routes, and compare."),
    "local": LazyCommand("local_topology", "local_app", "Run topologies on this machine."),
}
"""Every command, in the order of the help."""

app = typer.Typer(
    cls=lazy_group(COMMANDS),
    no_args_is_help=True,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=HELP,
)


def main() -> None:
    """Run the command line; a mistake in the input ends it with a message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # Any name in a topology can be printed, also on a terminal that is limited to ASCII.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app(prog_name="trunkline")
        sys.stdout.flush()
    except TrunklineError as error:
        if wants_json(sys.argv):
            print_error(error)
        else:
            print(error, file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # The reader has closed the pipe: let Python's last flush succeed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"trunkline {version('trunkline')}")
        except PackageNotFoundError:
            typer.echo("trunkline (run from a checkout, not installed)")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass
