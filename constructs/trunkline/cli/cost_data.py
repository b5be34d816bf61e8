"""What `trunkline cost` prints for tools: JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from trunkline.cli.cost_report import TIMES, CostReport, old_prices, prices_of
from trunkline.cli.output import csv_text
from trunkline.cost.comparison import as_dict
from trunkline.cost.dollars import HOURS
from trunkline.cost.estimate import Estimate
from trunkline.cost.line import Line, Total
from trunkline.cost.price import Price
from trunkline.documents.findings import Finding

if TYPE_CHECKING:
    from trunkline.cost.plan import PlanEstimate

Row = Mapping[str, object]


def plan_data(file: str, plan: PlanEstimate, findings: Sequence[Finding]) -> dict[str, object]:
    """A plan, for JSON."""
    return {
        "plan": file,
        **_bill(plan.lines, plan.total),
        "unpriced": list(plan.unpriced),
        "free": plan.free,
        **_remarks(findings, prices_of(plan.lines)),
    }


def report_data(report: CostReport) -> dict[str, object]:
    """A topology, for JSON."""
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
        "old_prices": [price.id for price in old_prices(prices)],
        "findings": [finding.as_dict() for finding in findings],
    }


def bill_rows(estimate: Estimate) -> Iterator[Row]:
    """The lines of a topology, for CSV."""
    for part, lines in (("month", estimate.lines), ("probes", estimate.probes)):
        for line in lines:
            yield {"part": part, **line.as_dict()}


def curve_rows(report: CostReport) -> Iterator[Row]:
    """The points of all curves, for CSV."""
    for each in report.comparisons:
        data = as_dict(each)
        for whose in ("ours", "theirs"):
            for point in data[whose] or ():
                yield {
                    "kind": each.kind,
                    "joins": " ".join(each.joins),
                    "alternative": each.name,
                    "whose": whose,
                    **point,
                }


def print_csv(rows: Iterable[Row]) -> None:
    """Print rows as CSV on stdout, below their names; nothing where there is no row."""
    listed = list(rows)
    if listed:
        typer.echo(csv_text(list(listed[0]), listed), nl=False)
