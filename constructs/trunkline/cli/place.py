"""`trunkline place`: chooses one zone per site, with the lowest latency between all."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.output import Format, new_table, number, print_json, print_table, working

if TYPE_CHECKING:
    from trunkline.measurements import Measurements
    from trunkline.placement.matrix import Matrix
    from trunkline.placement.solve import Placement, Solution


class Objective(StrEnum):
    """What to minimize: the sum over all pairs of sites, or the slowest pair."""

    SUM = "sum"
    MAX = "max"


def place(
    measurements: Annotated[
        list[str],
        typer.Argument(
            metavar="MEASUREMENTS...",
            help="Measurement files; of a pair that several have, the first one's counts.",
        ),
    ],
    topology: Annotated[
        str, typer.Option(metavar="FILE", help="The topology whose zones are chosen.")
    ],
    objective: Annotated[
        Objective,
        typer.Option(help="What to minimize. sum: all round trips. max: the slowest one."),
    ] = Objective.SUM,
    spares: Annotated[
        int, typer.Option(min=0, max=8, help="The number of spare zones for each site.")
    ] = 1,
    physical_zones: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON, as trunkline physical-zones writes it."),
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write the zones into the topology file.")
    ] = False,
    format: Annotated[
        Format, typer.Option(help="text: tables. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Choose one zone for each site, with the lowest latency between all of them.

    The choice is the exact optimum. --write changes only the chosen zones of the topology file, and
    the spares that edge.replicas needs. It changes nothing where the choice rests on pairs that
    were not measured. Measurements of another account can be used with --physical-zones. Where
    the way between two sites by a third one is faster, a line says so.

    Exit codes: 0 the choice is measured; 1 some of its pairs are not; 2 none is.
    """
    from trunkline.measurements import load
    from trunkline.measurements.combine import combine
    from trunkline.placement.matrix import matrix
    from trunkline.placement.physical import load_physical_zones
    from trunkline.placement.report import report, warnings
    from trunkline.placement.solve import present, solve
    from trunkline.topology import load as load_topology
    from trunkline.topology.edit import choose_zones

    wanted = load_topology(topology)
    with working(f"placing {topology}"):
        measured = combine([load(each) for each in measurements])
        reported = load_physical_zones(physical_zones, wanted) if physical_zones else None
        view = matrix(wanted, measured, reported)
        needed = wanted.edge.replicas - 1
        solution = solve(view, objective.value, max(spares, needed))
    missing, changed = solution.best[0].missing, None
    if write and not missing:
        changed = choose_zones(topology, solution.best[0].zones, solution.spares_for(needed))
    if format is Format.JSON:
        print_json({**report(measured, view, solution), "changed": changed})
    else:
        _print(measured, view, solution)
        typer.echo(_compared(present(view), solution.best[0]))
        for warning in warnings(measured, view, solution):
            typer.echo(f"warning: {warning}", err=True)
        if changed is not None:
            typer.echo(f"{topology}: {_changes(changed)}")
    if missing:
        if format is Format.TEXT:
            typer.echo(_not_measured(missing, topology if write else None), err=True)
        raise typer.Exit(1)


def _not_measured(missing: int, unwritten: str | None) -> str:
    pairs = "1 pair of the choice was" if missing == 1 else f"{missing} pairs of the choice were"
    rest = f", so {unwritten} was left as it is" if unwritten else ""
    return f"{pairs} not measured{rest}: measure all sites together, then place again"


def _compared(now: Placement, best: Placement) -> str:
    """One line about the zones that the topology has now."""
    zones = ", ".join(f"{site} {zone}" for site, zone in now.zones.items())
    if now.zones == best.zones:
        return "now: the same zones"
    if now.missing > best.missing:
        were = "1 pair was" if now.missing == 1 else f"{now.missing} pairs were"
        return f"now: {zones}, of which {were} not measured"
    slower = (now.sum_ns - best.sum_ns) / 1_000_000
    return f"now: {zones}: {now.sum_ns / 1_000_000:.3f} ms in all, {slower:+.3f} ms"


def _changes(changed: list[str]) -> str:
    if not changed:
        return "the zones are already chosen; nothing is changed"
    return f"the zones of {number(len(changed), 'site')} changed: {', '.join(changed)}"


def _print(measured: Measurements, view: Matrix, solution: Solution) -> None:
    from trunkline.placement.heatmap import EMULATED
    from trunkline.placement.relay import relays

    if measured.method.emulated:
        typer.echo(EMULATED)
    _print_best(solution)
    certainty, distance = solution.certainty, ""
    if certainty.distance_us is not None:
        distance = f", {certainty.distance_us / 1000:.3f} ms behind"
    typer.echo(f"\nhow sure: {certainty.verdict}; {certainty.reason}{distance}")
    for site, zones in solution.spares.items():
        if zones:
            typer.echo(f"spare for {site}: {', '.join(zones)}")
    for relay in relays(solution.best[0]):
        typer.echo(f"faster by a third site: {relay}")


def _print_best(solution: Solution) -> None:
    table = new_table("", *solution.best[0].zones)
    for heading in ("sum ms", "slowest ms", "p99 sum", "jitter sum", "not measured"):
        table.add_column(heading, justify="right")
    for rank, placement in enumerate(solution.best, 1):
        table.add_row(str(rank), *placement.zones.values(), *_figures(placement))
    print_table(table)


def _figures(placement: Placement) -> list[str]:
    figures = (
        placement.sum_ns,
        placement.max_ns,
        placement.total_ns("p99_ns"),
        placement.total_ns("jitter_ns"),
    )
    shown = ["-" if value is None else f"{value / 1_000_000:.3f}" for value in figures]
    return [*shown, str(placement.missing)]
