"""`trunkline measurements`: imports results of PerfKit, shows and exports a measurement file."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trunkline.cli.output import Format, console, number, print_json, working

if TYPE_CHECKING:
    from trunkline.documents.findings import Finding
    from trunkline.measurements import Measurements
    from trunkline.placement.heatmap import Heatmap

MATRIX_WIDTH = 200
"""If stdout is not a terminal, a wider matrix is printed with a mark for each figure."""

measurements_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Import, show and export measurements."
)


class Benchmark(StrEnum):
    """The benchmarks of PerfKit that can be imported."""

    PING = "ping"
    NETPERF = "netperf"


class ExportFormat(StrEnum):
    """What pairs can be written as."""

    CSV = "csv"
    JSON = "json"


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


@measurements_app.command("import-published", short_help="Import what others have published.")
def import_published(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Figures of AWS or azure-netbench, or CSV."),
    ],
    topology: Annotated[
        str, typer.Option(metavar="FILE", help="The topology whose zones are meant.")
    ],
    physical_zones: Annotated[
        Path, typer.Option(metavar="FILE", help="JSON, as trunkline physical-zones writes it.")
    ],
    output: Annotated[Path, typer.Option(metavar="FILE", help="The measurement file to write.")],
) -> None:
    """Make a measurement file from figures that are published for zones of one cloud.

    It takes what aws ec2 get-aws-network-performance-data prints, azure-netbench's JSON, and CSV:
    rows of from,to,round_trip_ms, or a matrix in ms. Zones are physical ones, such as use1-az4 and
    eastus-az1. Give the file to trunkline place after the one of your probes.
    """
    from trunkline.measurements import save
    from trunkline.measurements.published import import_published as read
    from trunkline.placement.physical import load_physical_zones
    from trunkline.topology import load

    wanted = load(topology)
    with working("reading published figures"):
        imported = read(files, wanted, load_physical_zones(physical_zones, wanted))
    save(imported.measurements, output)
    for warning in imported.warnings:
        typer.echo(str(warning), err=True)
    typer.echo(f"{output}: {_contents(imported.measurements)}")


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
    history: Annotated[
        bool,
        typer.Option("--history", help="The median of each pair over time, from FILE.history/."),
    ] = False,
    format: Annotated[
        Format, typer.Option(help="text: the heatmap. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Show the matrix of round trips as a heatmap.

    Where the farthest zones are 20 times as far as the nearest, the scale of colours is
    logarithmic. With --history, each pair has a row: its sweeps, its first, last, lowest and
    highest median, and a curve; --topology and --svg have no effect on it and are refused.
    """
    if history:
        from trunkline.cli.measurements_history import show_history

        if topology or svg:
            raise typer.BadParameter("--history takes neither --topology nor --svg; leave them out")
        show_history(file, format)
        return
    from trunkline.documents.write import write_whole
    from trunkline.placement.heatmap import heatmap
    from trunkline.placement.heatmap_svg import to_svg
    from trunkline.topology import load

    measurements, findings = _read(file)
    view = heatmap(measurements, load(topology) if topology else None)
    if svg:
        write_whole(svg, to_svg(view).encode())
    if format is Format.JSON:
        print_json(_report(view, findings))
        return
    _print(view)
    for finding in findings:
        typer.echo(str(finding), err=True)


@measurements_app.command(short_help="Write the pairs as CSV or JSON.")
def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A measurement file.")],
    format: Annotated[
        ExportFormat, typer.Option(help="csv: a row for each pair. json: one object.")
    ] = ExportFormat.CSV,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it. Without it: stdout.")
    ] = None,
) -> None:
    """Write each directed pair with its zones and figures, for a spreadsheet or another tool.

    The unit of a figure stands in the name of its column. Emulated distances say so in each row.

    Examples: trunkline measurements export measurements/acme.json --output acme.csv; trunkline
    measurements export measurements/acme.json --format json.
    """
    import json

    from trunkline.cli.output import csv_text
    from trunkline.documents.write import write_whole
    from trunkline.measurements.table import COLUMNS, rows

    measurements, findings = _read(file)
    if format is ExportFormat.CSV:
        text = csv_text(list(COLUMNS), rows(measurements))
    else:
        text = json.dumps(_exported(measurements), indent=2) + "\n"
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_whole(output, text.encode())
        typer.echo(f"{output}: {number(len(measurements.pairs), 'directed pair')}")
    for finding in findings:
        typer.echo(str(finding), err=True)


def _read(file: str) -> tuple[Measurements, list[Finding]]:
    """The measurements of a file, with its warnings; raises MeasurementsError."""
    from trunkline.measurements import MeasurementsError, check_file

    with working(f"reading {file}"):
        measurements, findings = check_file(file)
    if measurements is None:
        raise MeasurementsError(findings)
    return measurements, list(findings)


def _exported(measurements: Measurements) -> dict[str, object]:
    from trunkline.measurements.table import rows

    return {
        "topology": measurements.topology,
        "tool": measurements.method.tool,
        "protocol": measurements.method.protocol,
        "emulated": measurements.method.emulated,
        "started_at": measurements.started_at.isoformat(),
        "finished_at": measurements.finished_at.isoformat(),
        "complete": measurements.complete,
        "pairs": rows(measurements),
    }


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
