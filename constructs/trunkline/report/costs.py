"""What a report says of costs: the bill of a topology, and what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from trunkline.cost.assumptions import assume
from trunkline.cost.comparison import Comparison, compare
from trunkline.cost.estimate import Estimate, estimate
from trunkline.cost.prices import load_prices
from trunkline.documents.findings import Finding
from trunkline.model import Topology

SEATS = 5


@frozen(kw_only=True)
class MonthlyCosts:
    """The lines of a topology, its alternatives, and findings about the prices.

    `topology` is the one with the traffic that is assumed.
    """

    topology: Topology
    estimate: Estimate
    comparisons: tuple[Comparison, ...]
    findings: tuple[Finding, ...] = ()


def costs_of(
    topology: Topology,
    traffic: Sequence[str] = (),
    prices: str | None = None,
    seats: int = SEATS,
) -> MonthlyCosts:
    """What it costs with traffic as `trunkline cost --traffic` takes it, and prices of a file."""
    book, findings = load_prices(prices)
    assumed = assume(topology, traffic)
    return MonthlyCosts(
        topology=assumed,
        estimate=estimate(assumed, book),
        comparisons=compare(assumed, book, seats),
        findings=tuple(findings),
    )
