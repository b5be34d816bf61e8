"""The lines of an estimate, and their sum."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from trunkline.cost.dollars import Dollars, added
from trunkline.cost.price import Price


@frozen(kw_only=True)
class Line:
    """One thing that is paid for.

    - `site`: the site that has it, or the address of a resource; empty for what serves all sites.
    - `item`: what it is.
    - `price`: its price, None where it is not known.
    - `id`: the ID that the price has, or would have.
    - `quantity`: how much of it, as `trunkline.cost.price.UNITS` counts.
    - `times`: how many of that.
    - `start`: what the month has had before, for prices in tiers.
    - `note`: what else is to be known.
    """

    site: str
    item: str
    price: Price | None
    id: str
    quantity: float = 1.0
    times: float = 1.0
    start: float = 0.0
    note: str = ""

    @property
    def month(self) -> Dollars | None:
        """What a month of it costs; None where the price is not known."""
        amount = self.price.of(self.quantity, self.start) if self.price else None
        return amount * self.times if amount else None

    def as_dict(self) -> dict[str, object]:
        """For JSON and CSV: amounts in dollars, null where they are not known."""
        price, month = self.price, self.month
        return {
            "site": self.site,
            "item": self.item,
            "quantity": self.quantity * self.times,
            "price": self.id,
            "unit_price": price.shown if price else None,
            "month_low": round(month.low, 4) if month else None,
            "month_high": round(month.high, 4) if month else None,
            "source": price.source if price else None,
            "verified": price.verified if price else None,
            "date": price.date if price else None,
            "note": "; ".join(filter(None, (self.note, price.note if price else ""))),
        }


@frozen
class Total:
    """The sum of lines, and those of them that have no price and are not in it."""

    dollars: Dollars
    unknown: tuple[Line, ...]

    def __str__(self) -> str:
        return f"{'at least ' if self.unknown else ''}{self.dollars}"


def total(lines: Iterable[Line]) -> Total:
    """The sum of the lines whose price is known, with the others beside it."""
    listed = list(lines)
    known = [month for line in listed if (month := line.month)]
    return Total(added(known), tuple(line for line in listed if line.month is None))
