"""All that `trunkline cost` says of a topology, and the prices behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from attrs import frozen

from trunkline.cost.comparison import Comparison
from trunkline.cost.estimate import Estimate
from trunkline.cost.line import Line
from trunkline.cost.price import Price
from trunkline.cost.prices import is_old
from trunkline.documents.findings import Finding
from trunkline.model import Topology

TIMES = 10
"""How many times cheaper than peering a topology is said to be, up to some traffic."""


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
        return prices_of((*self.estimate.lines, *self.estimate.probes, *items))


def prices_of(lines: Iterable[Line]) -> list[Price]:
    """The prices of lines, each once."""
    return list({line.price.id: line.price for line in lines if line.price}.values())


def old_prices(prices: Iterable[Price]) -> list[Price]:
    """Those that may be older than a year."""
    today = date.today()  # noqa: DTZ011
    return [price for price in prices if is_old(price, today)]
