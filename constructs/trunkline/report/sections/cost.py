"""The section of what it costs, and what would cost how much in its place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from urllib.parse import urlsplit

from trunkline.cost.comparison import Comparison, unlinked
from trunkline.cost.curve import Curve, Verdict
from trunkline.cost.dollars import HOURS
from trunkline.cost.estimate import Estimate
from trunkline.cost.line import Line
from trunkline.model import Topology
from trunkline.report.charts.curves import Drawn, Point, amount, curves
from trunkline.report.charts.svg import drawing
from trunkline.report.costs import MonthlyCosts
from trunkline.report.parts import Picture, Row, Section, Table

LEAST, MOST = 10.0, 100_000.0  # gigabytes a month
STEPS = 48
SHOWN = (0, 100, 1_000, 10_000, 50_000)
"""The gigabytes a month in the tables."""

MOST_VERDICTS = 2

TITLES = {
    "backbone": "All of it, in place of other ways to join the sites",
    "link": "The traffic of one pair of sites, in place of a managed link",
    "ingress": "What stands before the sites",
    "way_out": "The way out to the Internet",
}


def cost_section(costs: MonthlyCosts) -> Section | None:
    """The bill and the curves; None where nothing costs anything."""
    topology, estimate = costs.topology, costs.estimate
    if not estimate.lines:
        return None
    pictures = [
        picture
        for number, (_, group) in enumerate(groupby(costs.comparisons, key=_key), 1)
        if (picture := _picture(number, list(group)))
    ]
    return Section(
        id="cost",
        title="Costs",
        lead=list(_lead(topology, estimate)),
        tables=(_bill(estimate),),
        pictures=tuple(pictures),
    )


def _key(comparison: Comparison) -> tuple[str, Curve | None]:
    return comparison.kind, comparison.ours


def _lead(topology: Topology, estimate: Estimate) -> Iterator[str]:
    yield f"{estimate.total} $ a month of {HOURS} hours, at list prices without taxes."
    if unknown := estimate.total.unknown:
        yield f"Not known: {', '.join(line.id for line in unknown)}; give it with --prices."
    if estimate.probes:
        yield f"Probes cost {estimate.probe_hour} $ an hour, while they measure."
    if not (topology.traffic.pairs or topology.traffic.routes):
        yield "No traffic is assumed; say how much in the topology, under traffic."
    if unjoined := unlinked(topology):
        yield f"No managed link joins {', '.join(unjoined)}."


def _bill(estimate: Estimate) -> Table:
    return Table(
        name="bill",
        caption="What is paid for in a month",
        headings=("site", "item", "quantity", "unit price", "$ from", "$ to", "source"),
        decimals=2,
        rows=tuple(
            (
                line.site or "all",
                line.item,
                _count(line.quantity * line.times),
                line.price.shown if line.price else None,
                round(line.month.low, 2) if line.month else None,
                round(line.month.high, 2) if line.month else None,
                _source(line),
            )
            for line in estimate.lines
        ),
    )


def _count(quantity: float) -> float | int:
    return int(quantity) if quantity == int(quantity) else quantity


def _source(line: Line) -> str:
    """Who says so, and when."""
    if line.price is None:
        return line.note
    where = urlsplit(line.price.source).hostname or line.price.source
    return f"{where}, {line.price.date}{'' if line.price.verified else ', unverified'}"


def _picture(number: int, group: Sequence[Comparison]) -> Picture | None:
    """The curves of what stands in for one thing; None where our own is not known."""
    kind, ours = group[0].kind, group[0].ours
    if ours is None:
        return None
    joins = f" ({', '.join(group[0].joins)})" if kind == "link" else ""
    title = f"{TITLES[kind]}{joins}"
    drawn = [Drawn("this topology", tuple(_points(ours)), main=True)]
    drawn += [_drawn(each.title, each.theirs) for each in group if each.theirs]
    description = (
        "Dollars a month by the traffic of a month; a ring is where this topology and another cost "
        f"the same. {_verdicts(group)}"
    )
    size, parts = curves(drawn, list(_meets(ours, group)))
    return Picture(
        title=title,
        description=description,
        svg=drawing(f"cost-{number}", title, description, size, parts),
        table=_table(number, ours, group),
    )


def _drawn(name: str, curve: Curve) -> Drawn:
    upper = tuple(_points(curve, high=True)) if curve.fixed.high > curve.fixed.low else ()
    return Drawn(name, tuple(_points(curve)), upper)


def _points(curve: Curve, *, high: bool = False) -> Iterator[Point]:
    for step in range(STEPS + 1):
        gigabytes = LEAST * (MOST / LEAST) ** (step / STEPS)
        dollars = curve.at(gigabytes)
        yield gigabytes, dollars.high if high else dollars.low


def _meets(ours: Curve, group: Sequence[Comparison]) -> Iterator[Point]:
    for each in group:
        for gigabytes in sorted({end for v in each.verdicts or () for end in (v.start, v.end)}):
            if LEAST < gigabytes < MOST:
                yield gigabytes, ours.at(gigabytes).high


def _verdicts(group: Sequence[Comparison]) -> str:
    """Where this topology costs less; of many alternatives the table says it."""
    if len(group) > MOST_VERDICTS:
        return "The table says where this topology costs less."
    return " ".join(f"{each.title}: {_verdict(each)}." for each in group)


def _table(number: int, ours: Curve, group: Sequence[Comparison]) -> Table:
    return Table(
        name=f"cost-{number}",
        caption="Dollars a month by the traffic",
        headings=("what", *(amount(gb) for gb in SHOWN), "this topology costs less"),
        rows=(
            ("this topology", *_at(ours), ""),
            *((each.title, *_at(each.theirs), _verdict(each)) for each in group),
        ),
    )


def _at(curve: Curve | None) -> Row:
    if curve is None:
        return (None,) * len(SHOWN)
    return tuple(str(curve.at(gigabytes)) for gigabytes in SHOWN)


def _verdict(comparison: Comparison) -> str:
    """Where this topology costs less, at the low end and, where it differs, at the high end."""
    if comparison.verdicts is None:
        return "a price is not known"
    low, high = (_where(verdict) for verdict in comparison.verdicts)
    return low if low == high else f"{low}; at the high end of its price {high}"


def _where(verdict: Verdict) -> str:
    if verdict.never:
        return "this topology never costs less"
    start = f"from {amount(verdict.start)}" if verdict.start else ""
    end = "" if math.isinf(verdict.end) else f"up to {amount(verdict.end)}"
    where = f"{start} {end}".strip()
    return f"this topology costs less {where or 'always'}"
