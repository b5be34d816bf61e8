"""`trunkline measurements`: bring results of PerfKit in, and look at the matrix."""

from __future__ import annotations

import json
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trunkline.cli.output import Format, number, wants_color, working

if TYPE_CHECKING:
    from trunkline.measurements import Measurements
    from trunkline.placement.heatmap import Heatmap

PIPE_WIDTH = 200

measurements_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Import measurements, and look at them."
)


class Benchmark(StrEnum):
    """Which of PerfKit's benchmarks counts."""

    PING = "ping"
    NETPERF = "netperf"


@measurements_app.command("import-pkb")
def import_pkb(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="PerfKit's results: one JSON object on each line."),
    ],
    topology: Annotated[
        str, typer.Option(metavar="FILE", help="The topology whose zones were measured.")
    ],
    output: Annotated[Path, typer.Option(metavar="FILE", help="The measurement file to write.")],
    benchmark: Annotated[
        Benchmark | None, typer.Option(help="Which one counts, where the files hold both.")
    ] = None,
) -> None:
    """Make a measurement file from PerfKit Benchmarker's ping or netperf TCP_RR results.

    A sample that comes twice counts once. Where a pair was measured several times, the median of
    the runs counts; of the minima, the least.
    """
    from trunkline.clouds.facts import CLOUDS, facts_of
    from trunkline.measurements import save
    from trunkline.measurements.pkb import PerfKitNames
    from trunkline.measurements.pkb import import_pkb as read
    from trunkline.topology import load

    wanted = load(topology)
    facts = {cloud: facts_of(cloud) for cloud in CLOUDS}
    clouds = {name: PerfKitNames(f.perfkit_cloud, f.perfkit_zone) for name, f in facts.items()}
    with working("reading PerfKit's results"):
        imported = read(files, wanted, clouds, benchmark.value if benchmark else None)
    save(imported.measurements, output)
    for warning in imported.warnings:
        typer.echo(str(warning), err=True)
    again = f", {imported.repeated} repeated samples passed over" if imported.repeated else ""
    typer.echo(f"{output}: {_contents(imported.measurements)}{again}")


@measurements_app.command()
def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A measurement file.")],
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the heatmap as SVG as well.")
    ] = None,
    format: Annotated[
        Format, typer.Option(help="text: the heatmap. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Show the matrix of round trips as a heatmap, zones grouped by physical place."""
    from trunkline.documents.write import write_whole
    from trunkline.measurements import MeasurementsError, check_file
    from trunkline.placement.heatmap import heatmap
    from trunkline.placement.heatmap_svg import to_svg

    with working(f"reading {file}"):
        measurements, findings = check_file(file)
    if measurements is None:
        raise MeasurementsError(findings)
    view = heatmap(measurements)
    if svg:
        write_whole(svg, to_svg(view).encode())
    if format is Format.JSON:
        typer.echo(json.dumps(_report(view, findings), indent=2))
        return
    _print(view)
    for finding in findings:
        typer.echo(str(finding), err=True)


def _contents(measurements: Measurements) -> str:
    missing = sum(zone.status == "missing" for zone in measurements.zones)
    measured = number(len(measurements.zones) - missing, "zone")
    pairs = number(len(measurements.pairs), "directed pair")
    return f"{measured} measured, {missing} missing, {pairs}, by {measurements.method.tool}"


def _report(view: Heatmap, findings: list[Any]) -> dict[str, Any]:
    return {
        "title": view.title,
        "emulated": view.emulated,
        "unit": "ms",
        "zones": list(view.labels),
        "round_trips": [list(row) for row in view.cells],
        "findings": [finding.as_dict() for finding in findings],
    }


def _print(view: Heatmap) -> None:
    from rich.console import Console

    from trunkline.placement.heatmap_text import MARKS, heading, legend, to_dense, to_table

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH
    color = wants_color(sys.stdout)
    needed = max(map(len, view.labels)) + 6 + 5 * len(view.labels)
    dense = needed > columns
    width = columns if sys.stdout.isatty() else max(columns, needed, len(view.labels) + 120)
    console = Console(width=width, no_color=not color, highlight=False)
    for line in heading(view):
        console.print(line, soft_wrap=True)
    for part in to_dense(view) if dense else [to_table(view)]:
        console.print(part, soft_wrap=dense)
    marks = f"; from near to far: {MARKS!r}, ? no figure" if dense else ""
    console.print(f"{legend(view)}{marks}", soft_wrap=True)
