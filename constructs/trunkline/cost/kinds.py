"""What the plans of a kind of backbone cost in a month, by its nodes and by the people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from trunkline.backbone import Declaration, Plan
from trunkline.cost.dollars import Dollars
from trunkline.cost.prices import PriceBook


@frozen
class PlanCost:
    """A plan, and what it costs in a month; None where its price is not known, or it is too small.

    `fits` is whether it has as many nodes as are asked for.
    """

    plan: Plan
    fits: bool
    month: Dollars | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        month = self.month
        return {
            "title": self.plan.title,
            "nodes": self.plan.nodes,
            "fits": self.fits,
            "month": {"low": month.low, "high": month.high} if month else None,
        }


def plan_costs(
    declaration: Declaration, nodes: int, seats: int, book: PriceBook
) -> tuple[PlanCost, ...]:
    """Each plan of a kind, for that many nodes and people, in the declaration's order."""
    return tuple(_costs(declaration, nodes, seats, book))


def _costs(declaration: Declaration, nodes: int, seats: int, book: PriceBook) -> Iterator[PlanCost]:
    for plan in declaration.plans:
        fits = plan.nodes is None or nodes <= plan.nodes
        yield PlanCost(plan, fits, _month(plan, seats, book) if fits else None)


def _month(plan: Plan, seats: int, book: PriceBook) -> Dollars | None:
    if plan.price is None:
        return Dollars()
    price = book.find(plan.price)
    if price is None:
        return None
    return price.of(seats if plan.by_seat else 1)
