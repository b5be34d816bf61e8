"""The section of the choice of zones and its runners-up."""

from __future__ import annotations

from trunkline.measurements import Measurements
from trunkline.model import Topology
from trunkline.placement.matrix import matrix
from trunkline.placement.report import warnings
from trunkline.placement.solve import Placement, PlacementError, Solution, present, solve
from trunkline.report.charts.bars import TONES, Bar, bars
from trunkline.report.charts.svg import drawing
from trunkline.report.parts import Picture, Row, Section, Table


def placement_section(number: int, file: Measurements, topology: Topology) -> Section | None:
    """The best placements by one file beside the present one; None where the file says nothing.

    `number` tells the sections of several files apart.
    """
    view = matrix(topology, file)
    try:
        solution = solve(view)
    except PlacementError:
        return None
    now = present(view)
    lead = [_choice(solution, now), *(f"{each}." for each in warnings(file, view, solution)[:5])]
    title = "Choice of zones" if number == 1 else f"Choice of zones, file {number}"
    picture = _picture(number, solution, now)
    return Section(id=f"zones-{number}", title=title, lead=lead, pictures=(picture,))


def _choice(solution: Solution, now: Placement) -> str:
    best, sure = solution.best[0], solution.certainty
    place = f"The nearest zones: {_zones(best)}, {_ms(best.sum_ns):.3f} ms in all"
    if now.zones == best.zones:
        compared = "these are the present ones"
    else:
        compared = f"the present ones, {_zones(now)}, have {_ms(now.sum_ns):.3f} ms"
    return f"{place}; {compared}. How sure: {sure.verdict}, {sure.reason}."


def _picture(number: int, solution: Solution, now: Placement) -> Picture:
    shown = [(f"{rank}", each) for rank, each in enumerate(solution.best, 1)]
    if now.zones not in [each.zones for _, each in shown]:
        shown.append(("now", now))
    links = ["-".join(link.sites) for link in solution.best[0].links]
    names = links if len(links) <= TONES else ["all pairs of sites"]
    title = "The best choices of zones"
    description = (
        "The sum of the median round trips between all sites in milliseconds, a bar for each choice"
        f" of zones, the best first; with it {_zones(solution.best[0])}."
    )
    size, parts = bars([_bar(rank, each, now, len(names)) for rank, each in shown], names)
    sites = tuple(solution.best[0].zones)
    table = Table(
        name=f"zones-{number}",
        caption="Choices of zones, in milliseconds",
        headings=("rank", *sites, *links, "sum", "slowest", "p99 sum", "not measured"),
        rows=tuple(_row(rank, each) for rank, each in shown),
    )
    svg = drawing(f"zones-{number}", title, description, size, parts)
    return Picture(title=title, description=description, svg=svg, table=table)


def _bar(rank: str, placement: Placement, now: Placement, count: int) -> Bar:
    parts = [_ms(link.latency.median_ns) if link.latency else 0.0 for link in placement.links]
    if count != len(parts):
        parts = [sum(parts)]
    is_now = placement.zones == now.zones
    missing = f", {placement.missing} not measured" if placement.missing else ""
    words = f"{_ms(placement.sum_ns):.3f} ms{missing}"
    name = f"{rank}  {' · '.join(placement.zones.values())}"
    return Bar(f"{name} (now)" if is_now and rank != "now" else name, tuple(parts), words, is_now)


def _row(rank: str, placement: Placement) -> Row:
    p99 = placement.total_ns("p99_ns")
    return (
        rank,
        *placement.zones.values(),
        *(_ms(link.latency.median_ns) if link.latency else None for link in placement.links),
        _ms(placement.sum_ns),
        _ms(placement.max_ns),
        None if p99 is None else _ms(p99),
        placement.missing,
    )


def _zones(placement: Placement) -> str:
    return ", ".join(f"{site} {zone}" for site, zone in placement.zones.items())


def _ms(nanoseconds: int) -> float:
    return nanoseconds / 1_000_000
