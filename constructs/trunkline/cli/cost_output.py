"""What `trunkline cost` prints: tables, JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from math import inf
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typer
from attrs import frozen

from trunkline.cli.columns import print_rows
from trunkline.cli.output import number, print_json
from trunkline.cost.comparison import POINTS, Comparison, as_dict, unlinked
from trunkline.cost.curve import Curve, Verdict
from trunkline.cost.dollars import HOURS, added
from trunkline.cost.estimate import Estimate
from trunkline.cost.line import Line, Total
from trunkline.cost.price import Price
from trunkline.cost.prices import is_old
from trunkline.documents.findings import Finding
from trunkline.model import Topology

if TYPE_CHECKING:
    from trunkline.cost.plan import PlanEstimate

SHORT = (100, 1_000, 10_000)
"""The gigabytes a month of the short comparison."""

TIMES = 10
_COUNTED_IN = {"GB": " GB", "GiB": " GB", "GiB-month": " GiB", "disk": " GiB"}
OURS = {
    "backbone": "this topology",
    "link": "this topology: its traffic alone",
    "ingress": "this topology: its ingress alone",
    "way_out": "this topology: its public addresses alone",
}


@frozen(kw_only=True)
class CostReport:
    """All that is said of a topology."""

    topology: Topology
    estimate: Estimate
    comparisons: Sequence[Comparison]
    findings: Sequence[Finding]
    seats: int

    @property
    def peering(self) -> Comparison | None:
        """The comparison with what the topology is the alternative to."""
        return next((each for each in self.comparisons if each.name == "peering"), None)

    @property
    def prices(self) -> list[Price]:
        """Every price that is used."""
        items = [item for each in self.comparisons for item in each.items]
        return _prices((*self.estimate.lines, *self.estimate.probes, *items))


def print_report(report: CostReport, format: str, curves: bool) -> None:
    """Print what a topology costs; with `curves` the comparison in full."""
    if format == "json":
        print_json(_report(report))
    elif format == "csv":
        rows = _curve_rows(report) if curves else _rows(report.estimate)
        _print_csv(rows)
    else:
        if not curves:
            _print_estimate(report)
        _print_comparisons(report, POINTS if curves else SHORT)
    _warn(report.findings, report.prices, json=format == "json")


def print_plan(file: str, plan: PlanEstimate, findings: Sequence[Finding], format: str) -> None:
    """Print what the resources of a plan cost."""
    prices = _prices(plan.lines)
    if format == "json":
        print_json(
            {
                "plan": file,
                **_bill(plan.lines, plan.total),
                "unpriced": list(plan.unpriced),
                "free": plan.free,
                **_remarks(findings, prices),
            }
        )
    elif format == "csv":
        _print_csv(line.as_dict() for line in plan.lines)
    else:
        _print_lines(plan.lines, "resource")
        _print_total(plan.total)
        for address in plan.unpriced:
            typer.echo(f"cannot be priced: {address}")
        typer.echo(f"{number(plan.free, 'resource')} without a price of its own, such as rules")
    _warn(findings, prices, json=format == "json")


# --- text


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
    return line.site, line.item, _quantity(line), shown, month, _source(line)


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
    return OURS[comparison.kind] + joins


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
        return f"{low} to {high.removeprefix('up to ')}"
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


# --- for tools


def _report(report: CostReport) -> dict[str, object]:
    estimate, peering = report.estimate, report.peering
    traffic = report.topology.traffic
    hour = estimate.probe_hour
    return {
        "topology": report.topology.name,
        **_bill(estimate.lines, estimate.total),
        "traffic": {
            "pairs_gb": {f"{a}-{b}": gb for (a, b), gb in traffic.pairs.items()},
            "routes_gb": dict(traffic.routes),
            "requests": traffic.requests,
        },
        "probes": {
            "lines": [line.as_dict() for line in estimate.probes],
            "hour": _total(hour),
        },
        "seats": report.seats,
        "comparisons": [as_dict(each) for each in report.comparisons],
        "ten_times_cheaper_up_to_gb": peering.times_cheaper(TIMES) if peering else None,
        **_remarks(report.findings, report.prices),
    }


def _bill(lines: Sequence[Line], total: Total) -> dict[str, object]:
    return {
        "currency": "USD",
        "hours": HOURS,
        "lines": [line.as_dict() for line in lines],
        "total": _total(total),
    }


def _total(total: Total) -> dict[str, object]:
    return {
        "low": round(total.dollars.low, 4),
        "high": round(total.dollars.high, 4),
        "at_least": bool(total.unknown),
        "unknown": [line.id for line in total.unknown],
    }


def _remarks(findings: Sequence[Finding], prices: Sequence[Price]) -> dict[str, object]:
    return {
        "old_prices": [price.id for price in _old(prices)],
        "findings": [finding.as_dict() for finding in findings],
    }


def _rows(estimate: Estimate) -> Iterable[Mapping[str, object]]:
    for part, lines in (("month", estimate.lines), ("probes", estimate.probes)):
        for line in lines:
            yield {"part": part, **line.as_dict()}


def _curve_rows(report: CostReport) -> Iterable[Mapping[str, object]]:
    for each in report.comparisons:
        for name, curve in (("", each.ours), (each.name, each.theirs)):
            for gigabytes in POINTS if curve else ():
                amount = curve.at(gigabytes) if curve else None
                yield {
                    "kind": each.kind,
                    "joins": " ".join(each.joins),
                    "alternative": name or f"topology beside {each.name}",
                    "gb": gigabytes,
                    "low": round(amount.low, 2) if amount else None,
                    "high": round(amount.high, 2) if amount else None,
                }


def _print_csv(rows: Iterable[Mapping[str, object]]) -> None:
    import csv
    import io

    listed, text = list(rows), io.StringIO()
    if listed:
        writer = csv.DictWriter(text, list(listed[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)
    typer.echo(text.getvalue(), nl=False)


# --- warnings


def _prices(lines: Iterable[Line]) -> list[Price]:
    return list({line.price.id: line.price for line in lines if line.price}.values())


def _old(prices: Iterable[Price]) -> list[Price]:
    today = date.today()  # noqa: DTZ011
    return [price for price in prices if is_old(price, today)]


def _warn(findings: Sequence[Finding], prices: Sequence[Price], *, json: bool) -> None:
    """On stderr, what is to be known of the prices; JSON has it in itself."""
    if json:
        return
    for finding in findings:
        typer.echo(str(finding), err=True)
    if old := _old(prices):
        oldest = min(old, key=lambda price: price.earliest)
        typer.echo(
            f"warning: {number(len(old), 'price')} may be older than a year, {oldest.id} of "
            f"{oldest.date} the oldest; give newer ones with --prices",
            err=True,
        )
