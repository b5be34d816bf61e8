"""`trunkline measurements`: imports results of PerfKit, and shows a measurement file."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trunkline.cli.output import Format, console, number, print_json, working

if TYPE_CHECKING:
    from trunkline.measurements import Measurements
    from trunkline.placement.heatmap import Heatmap

MATRIX_WIDTH = 200
"""If stdout is not a terminal, a wider matrix is printed with a mark for each figure."""

measurements_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Import and show measurements."
)


class Benchmark(StrEnum):
    """The benchmarks of PerfKit that can be imported."""

    PING = "ping"
    NETPERF = "netperf"


@measurements_app.command("import-pkb", short_help="Import PerfKit's results.")
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
        Benchmark | None, typer.Option(help="The one to use, if the files hold both.")
    ] = None,
) -> None:
    """Make a measurement file from PerfKit Benchmarker's ping or netperf TCP_RR results.

    Repeated samples count once. Several runs of a pair become the median of each figure, and the
    least of the minima.
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
    again = f", {imported.repeated} repeated samples skipped" if imported.repeated else ""
    typer.echo(f"{output}: {_contents(imported.measurements)}{again}")


@measurements_app.command(short_help="Show the matrix as a heatmap.")
def show(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A measurement file.")],
    topology: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Its order of zones, its chosen ones marked."),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the heatmap as SVG.")
    ] = None,
    format: Annotated[
        Format, typer.Option(help="text: the heatmap. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Show the matrix of round trips as a heatmap.

    Where the farthest zones are 20 times as far as the nearest, the scale of colours is
    logarithmic.
    """
    from trunkline.documents.write import write_whole
    from trunkline.measurements import MeasurementsError, check_file
    from trunkline.placement.heatmap import heatmap
    from trunkline.placement.heatmap_svg import to_svg
    from trunkline.topology import load

    with working(f"reading {file}"):
        measurements, findings = check_file(file)
    if measurements is None:
        raise MeasurementsError(findings)
    view = heatmap(measurements, load(topology) if topology else None)
    if svg:
        write_whole(svg, to_svg(view).encode())
    if format is Format.JSON:
        print_json(_report(view, findings))
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
        "scale": "logarithmic" if view.logarithmic else "linear",
        "zones": list(view.labels),
        "chosen": [name for name, is_it in zip(view.labels, view.chosen, strict=True) if is_it],
        "round_trips": [list(row) for row in view.cells],
        "findings": [finding.as_dict() for finding in findings],
    }


def _print(view: Heatmap) -> None:
    from trunkline.placement.heatmap_text import MARKS, heading, legend, to_dense, to_table

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else MATRIX_WIDTH
    needed = max(map(len, view.labels)) + 6 + 5 * len(view.labels)
    dense = needed > columns
    stdout = console(pipe_width=max(columns, needed, len(view.labels) + 120))
    for line in heading(view):
        stdout.print(line, soft_wrap=True)
    for part in to_dense(view) if dense else [to_table(view)]:
        stdout.print(part, soft_wrap=dense)
    marks = f"; from near to far: {MARKS!r}, ? no figure" if dense else ""
    stdout.print(f"{legend(view)}{marks}", soft_wrap=True)
