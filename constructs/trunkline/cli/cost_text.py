"""The tables of `trunkline cost`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer

from trunkline.cli.columns import print_rows
from trunkline.cli.cost_report import TIMES, CostReport
from trunkline.cli.output import number
from trunkline.cost.comparison import POINTS, Comparison, unlinked
from trunkline.cost.curve import Curve, Verdict
from trunkline.cost.dollars import HOURS, added
from trunkline.cost.line import Line, Total
from trunkline.model import Topology

if TYPE_CHECKING:
    from trunkline.cost.plan import PlanEstimate

SHORT = (100, 1_000, 10_000)
"""The gigabytes a month of the short comparison."""

_COUNTED_IN = {"GB": " GB", "GiB": " GB", "GiB-month": " GiB", "disk": " GiB"}
_OURS = {
    "backbone": "this topology",
    "link": "this topology: its traffic alone",
    "ingress": "this topology: its ingress alone",
    "way_out": "this topology: its public addresses alone",
}


def print_bill(report: CostReport) -> None:
    """The lines of a topology and their sum, then its alternatives in short."""
    _print_estimate(report)
    _print_comparisons(report, SHORT)


def print_curves(report: CostReport) -> None:
    """The alternatives at more amounts of traffic."""
    _print_comparisons(report, POINTS[1:])


def print_resources(plan: PlanEstimate) -> None:
    """The lines of a plan, and what cannot be priced."""
    _print_lines(plan.lines, "resource")
    _print_total(plan.total)
    for address in plan.unpriced:
        typer.echo(f"cannot be priced: {address}")
    typer.echo(f"{number(plan.free, 'resource')} without a price of its own, such as rules")


def _print_estimate(report: CostReport) -> None:
    estimate, topology = report.estimate, report.topology
    if not estimate.lines:
        typer.echo(f"{topology.name}: it stands on this machine, and costs nothing")
        return
    _print_lines(estimate.lines, "site")
    _print_total(estimate.total)
    if estimate.probes:
        probes = sum(len(topology.probed_zones(site.name)) for site in topology.sites)
        hour = estimate.probe_hour
        typer.echo(f"{number(probes, 'probe')}: {hour} $ an hour, while they measure")
    typer.echo(f"assumed traffic: {_assumed(topology)}")


def _print_lines(lines: Sequence[Line], owner: str) -> None:
    headings = (owner, "item", "quantity", "unit price", "$ a month", "source")
    print_rows(headings, [_row(line) for line in lines], right=(2, 3, 4))


def _row(line: Line) -> tuple[str, ...]:
    month = "not known" if line.month is None else str(line.month)
    shown = line.price.shown if line.price else "-"
    return line.site or "all", line.item, _quantity(line), shown, month, _source(line)


def _quantity(line: Line) -> str:
    """`87,600`, `250 GB`, `2 x 8 GiB`."""
    unit = _COUNTED_IN.get(line.price.per, "") if line.price else ""
    if line.quantity == 1 and not unit:
        return f"{line.times:,.10g}"
    times = "" if line.times == 1 else f"{line.times:,.10g} x "
    return f"{times}{line.quantity:,.10g}{unit}"


def _source(line: Line) -> str:
    price = line.price
    if price is None:
        return line.note
    where = urlsplit(price.source).hostname or price.source
    return f"{where}, {price.date}{'' if price.verified else ', unverified'}"


def _print_total(total: Total) -> None:
    typer.echo(f"\ntotal: {total} $ a month of {HOURS} hours, at list prices without taxes")
    for line in total.unknown:
        where = f" of {line.site}" if line.site else ""
        note = f" ({line.note})" if line.note else ""
        typer.echo(f"not known: {line.id}{where}{note}; give it with --prices")


def _assumed(topology: Topology) -> str:
    traffic = topology.traffic
    parts = [f"{a}-{b} {_amount(gb)}" for (a, b), gb in traffic.pairs.items()]
    parts += [f"{prefix} {_amount(gb)}" for prefix, gb in traffic.routes.items()]
    if traffic.requests is not None:
        parts.append(f"{traffic.requests:,} requests")
    return ", ".join(parts) if parts else f"none; assume some with --traffic {_example(topology)}"


def _example(topology: Topology) -> str:
    names = [site.name for site in topology.sites[:2]]
    return (
        f"{'-'.join(names)}=500GB"
        if len(names) > 1
        else f"{topology.routing.routes[0].prefix}=500GB"
    )


def _print_comparisons(report: CostReport, points: Sequence[int]) -> None:
    if not report.comparisons:
        return
    if peering := report.peering:
        _print_items(peering)
    typer.echo(f"\nin place of it, $ a month by the traffic (seats: {report.seats}):")
    headings = ("", "without traffic", *map(_amount, points), "this topology costs less")
    print_rows(headings, list(_comparison_rows(report, points)), right=range(1, len(headings)))
    if unjoined := unlinked(report.topology):
        typer.echo(f"\nno managed link joins {', '.join(unjoined)}")
    if peering and (limit := peering.times_cheaper(TIMES)):
        typer.echo(
            f"\nten times cheaper than peering up to {_amount(limit)} a month between clouds"
        )


def _comparison_rows(report: CostReport, points: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """A row for each alternative, below what the topology has in its place."""
    before: object = None
    for each in report.comparisons:
        key = each.kind, each.ours
        if key != before:
            yield from [()] if before is not None else []
            yield _ours(each), *_at(each.ours, (0, *points))
        before = key
        yield each.title, *_at(each.theirs, (0, *points)), _verdict(each)


def _print_items(peering: Comparison) -> None:
    typer.echo(f"\n{peering.title}, $ a month:")
    owners = dict.fromkeys(item.site for item in peering.items)
    rows = [_owner_row(owner, peering) for owner in owners]
    print_rows(("", "items", "sum"), [*rows, ("", "in all", str(peering.total))], right=(2,))


def _owner_row(owner: str, peering: Comparison) -> tuple[str, ...]:
    items = [item for item in peering.items if item.site == owner]
    names = ", ".join(f"{item.item} {_short(item)}" for item in items)
    months = [item.month for item in items if item.month]
    return owner or "all", names, str(added(months))


def _short(item: Line) -> str:
    return str(item.month).removesuffix(".00") if item.month else "not known"


def _ours(comparison: Comparison) -> str:
    joins = f" ({', '.join(comparison.joins)})" if comparison.kind == "link" else ""
    return _OURS[comparison.kind] + joins


def _at(curve: Curve | None, points: Iterable[int]) -> list[str]:
    return ["not known" if curve is None else str(curve.at(point)) for point in points]


def _verdict(comparison: Comparison) -> str:
    verdicts = comparison.verdicts
    if verdicts is None:
        return "not known"
    low, high = (_where(verdict) for verdict in verdicts)
    if low == high:
        return low
    if low.startswith("up to ") and high.startswith("up to "):
        return f"{low} or {high.removeprefix('up to ')}"
    return f"{low}; at their high end {high}"


def _where(verdict: Verdict) -> str:
    if verdict.never:
        return "never"
    start = f"from {_amount(verdict.start)}" if verdict.start else ""
    end = "" if verdict.end == inf else f"up to {_amount(verdict.end)}"
    return f"{start} {end}".strip() or "always"


def _amount(gigabytes: float) -> str:
    """`500 GB`, `2.6 TB`."""
    if gigabytes < 1_000:
        return f"{gigabytes:.3g} GB"
    return f"{gigabytes / 1_000:.3g} TB" if gigabytes < 1_000_000 else f"{gigabytes / 1e6:.3g} PB"
