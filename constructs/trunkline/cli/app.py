"""The command `trunkline`: parse, call, print. Python can do all of it without the command."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from trunkline.cli import local_topology
from trunkline.cli.backbone import backbone_app
from trunkline.cli.bench import bench_app
from trunkline.cli.check import check
from trunkline.cli.collect import collect
from trunkline.cli.cost import cost
from trunkline.cli.deploy import apply, destroy, plan
from trunkline.cli.init import init, schema
from trunkline.cli.keys import keys
from trunkline.cli.local import local_app
from trunkline.cli.logs import logs
from trunkline.cli.measurements import measurements_app
from trunkline.cli.output import print_error, wants_json
from trunkline.cli.physical_zones import physical_zones
from trunkline.cli.place import place
from trunkline.cli.report import report
from trunkline.cli.synth import synth
from trunkline.cli.traffic import traffic
from trunkline.cli.validate import validate
from trunkline.cli.zones import zones
from trunkline.errors import TrunklineError

HELP = """Turn one topology file into Terraform for a private backbone across clouds.

Exit codes: 0 done, warnings included; 1 something is not healthy or not complete; 2 an error, with
what to do about it on stderr, or with --format json as an object with error and findings on stdout;
130 interrupted with Ctrl-C.
"""

app = typer.Typer(
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


# Short enough for a list of commands on 60 columns.
app.command(short_help="Write a topology file to begin with.")(init)
app.command(short_help="Check topology files.")(validate)
app.command(short_help="Write the Terraform of every stack.")(synth)
app.command(short_help="Say what apply would do.")(plan)
app.command(short_help="Make all as the file says.")(apply)
app.command(short_help="Take down what apply made.")(destroy)
app.command(short_help="Ask whether all of it is up.")(check)
app.command(short_help="Print what the edges of a site said.")(logs)
app.command(short_help="Show what requests it has had.")(traffic)
app.command(short_help="Say what it costs in a month.")(cost)
app.command(short_help="Show all of it in one HTML file.")(report)
app.command(short_help="Fetch what the probes have measured.")(collect)
app.command(short_help="Make the keys that it needs.")(keys)
app.command(short_help="Show which zones are one place.")(zones)
app.command(short_help="Choose the zones nearest together.")(place)
app.command(short_help="Print what zone names mean.")(physical_zones)
app.command(short_help="Print the schema of a kind of file.")(schema)
app.add_typer(measurements_app, name="measurements")
app.add_typer(backbone_app, name="backbone", short_help="Choose and check the backbone.")
app.add_typer(bench_app, name="bench", short_help="Load-test routes, and compare.")
local_app.command(short_help="Bring up a topology and keep it.")(local_topology.up)
local_app.command(short_help="Take it down.")(local_topology.down)
local_app.command(short_help="Run everything once, and clean up.")(local_topology.demo)
app.add_typer(local_app, name="local", short_help="Run topologies on this machine.")
