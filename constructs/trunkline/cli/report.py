"""`trunkline report`: one HTML file that shows a topology with all that is known of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.output import Format, print_json, working

if TYPE_CHECKING:
    from trunkline.model import Topology
    from trunkline.report.build import Page


def report(
    file: Annotated[
        str, typer.Argument(metavar="TOPOLOGY", help="A topology file; - is standard input.")
    ],
    measurements: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A measurement file, again for each. Without it: measurements/<topology's "
            "name>.json where it is there.",
        ),
    ] = None,
    bench: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A file of trunkline bench, again for each. Without it: bench/<topology's "
            "name>.json where it is there.",
        ),
    ] = None,
    checks: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What trunkline check --format json has printed."),
    ] = None,
    requests: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="What trunkline traffic --format json has printed, again for each file.",
        ),
    ] = None,
    traffic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT=AMOUNT",
            help="What is assumed of a month, for the costs, as for trunkline cost.",
        ),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Prices of your own; see trunkline schema prices."),
    ] = None,
    seats: Annotated[
        int, typer.Option(min=0, max=100_000, help="People, for what is sold by the seat.")
    ] = 5,
    output: Annotated[Path, typer.Option(metavar="FILE", help="The HTML file to write.")] = Path(
        "report.html"
    ),
    pictures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write each drawing as an SVG file here, too."),
    ] = None,
    format: Annotated[
        Format, typer.Option(help="text: where it is. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Write one HTML file that shows a topology with all that is known of it.

    It holds drawings of the topology, of the latency between zones, of the choice of zones,
    of requests, of load tests and of the costs, each with its figures as a table and as CSV. The
    file needs nothing else: it asks for nothing from anywhere and has no script. What is not known
    is left out, with a sentence on how to get it. No cloud is contacted.

    Exit codes: 0 done, also where something is left out; 2 an error.
    """
    from trunkline.bench.results import load_results
    from trunkline.measurements import load as load_measurements
    from trunkline.report.build import Known
    from trunkline.report.checks import load_checks
    from trunkline.report.costs import costs_of
    from trunkline.report.counted import load_counted
    from trunkline.report.pictures import write_pictures
    from trunkline.report.write import write_report
    from trunkline.topology import load

    topology = load(file)
    with working(f"writing {output}"):
        files = _usual("measurements", topology) if measurements is None else measurements
        tests = _usual("bench", topology) if bench is None else bench
        known = Known(
            topology=topology,
            file=file,
            measurements=[load_measurements(each) for each in files],
            results=[load_results(each) for each in tests],
            checks=load_checks(checks) if checks else None,
            counted=[load_counted(each) for each in requests or ()],
            costs=costs_of(topology, traffic or (), prices, seats),
        )
        page, size = write_report(known, output)
        drawn = write_pictures(page, pictures) if pictures else []
    _print(output, page, size, drawn, format)


def _usual(folder: str, topology: Topology) -> list[str]:
    """Where the command that measures writes without --output."""
    path = Path(folder) / f"{topology.name}.json"
    return [str(path)] if path.exists() else []


def _print(output: Path, page: Page, size: int, drawn: list[Path], format: Format) -> None:
    if format is Format.JSON:
        print_json(
            {
                "file": str(output),
                "bytes": size,
                "sections": [section.title for section in page.sections],
                "pictures": list(map(str, drawn)),
                "absent": list(page.absent),
            }
        )
        return
    for sentence in page.absent:
        typer.echo(f"left out: {sentence}", err=True)
    typer.echo(f"{output}: {size / 1000:,.0f} kB; open it in a browser")
    if drawn:
        typer.echo(f"{drawn[0].parent}: {len(drawn)} pictures")
