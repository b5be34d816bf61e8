"""One price: what a unit costs, where that was read, and when."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from math import inf
from typing import Any

from attrs import frozen

from trunkline.cost.dollars import HOURS, Dollars

GB, GIB = 10**9, 2**30

UNITS: Mapping[str, float] = {
    "hour": HOURS,
    "month": 1,
    "GiB-month": 1,
    "disk": 1,
    "GB": 1,
    "GiB": GB / GIB,
    "10,000 reads": 1 / 10_000,
    "million requests": 1 / 1_000_000,
    "EUR": 1,
}
"""What a price can be for, and how many of that a month's quantity is.

Quantities are machines and other things that last the month, GiB of disks, GB of traffic, reads,
and requests.
"""


@frozen(kw_only=True)
class Tier:
    """A part of a quantity and its price for a unit; `up_to` is infinite for the rest."""

    price: float
    up_to: float = inf


@frozen(kw_only=True)
class Price:
    """One entry of a file of prices.

    - `id`: its name in the file.
    - `per`: the unit, one of UNITS.
    - `low`, `high`: what a unit costs, in dollars; they differ where the source gives a range.
    - `tiers`: what units cost one after the other, in place of those.
    - `steps`: what a whole thing costs by its size (`up_to`), in place of those.
    - `source`: where it was read: a page, or in words.
    - `verified`: whether it stood on the seller's own page.
    - `date`: when: a year, a month or a day.
    - `note`: what else is to be known of it.
    """

    id: str
    per: str
    source: str
    date: str
    low: float = 0.0
    high: float = 0.0
    tiers: tuple[Tier, ...] = ()
    steps: tuple[Tier, ...] = ()
    verified: bool = False
    note: str = ""

    @property
    def factor(self) -> float:
        """How many units there are in a month's quantity of one."""
        return UNITS[self.per]

    def of(self, quantity: float, start: float = 0.0) -> Dollars | None:
        """What a month's quantity costs; None where it is larger than any size that has a price.

        `start` is what the month has had before, for prices in tiers.
        """
        first, units = start * self.factor, quantity * self.factor
        if self.steps:
            fitting = [step.price for step in self.steps if units <= step.up_to]
            return Dollars(fitting[0], fitting[0]) if fitting else None
        if self.tiers:
            amount = self._tiered(first + units) - self._tiered(first)
            return Dollars(amount, amount)
        return Dollars(self.low, self.high) * units

    def _tiered(self, units: float) -> float:
        amount, below = 0.0, 0.0
        for tier in self.tiers:
            amount += tier.price * max(0.0, min(units, tier.up_to) - below)
            below = tier.up_to
        return amount

    @property
    def shown(self) -> str:
        """The price of a unit, in words: `0.0084 / hour`, `0 to 0.09 / GB`."""
        parts = [each.price for each in self.tiers or self.steps] or [self.low, self.high]
        ends = dict.fromkeys((min(parts), max(parts)))
        return f"{' to '.join(f'{end:g}' for end in ends)} / {self.per}"

    @property
    def earliest(self) -> datetime.date:
        """The first day that `date` can mean."""
        return first_day(self.date)


def first_day(text: str) -> datetime.date:
    """The first day that a year, a month or a day can mean; ValueError where there is none."""
    year, month, day = (*map(int, text.split("-")), 1, 1)[:3]
    return datetime.date(year, month, day)


def price_from(id: str, data: Mapping[str, Any], rate: float = 1.0) -> Price:
    """The price of an entry that fits schemas/prices.schema.json.

    `rate` is how many dollars one of its currency is.
    """
    low = data.get("price", 0.0) * rate
    return Price(
        id=id,
        per=data["per"],
        source=data["source"],
        date=data["date"],
        low=low,
        high=data["high"] * rate if "high" in data else low,
        tiers=_tiers(data.get("tiers", ()), rate),
        steps=_tiers(data.get("steps", ()), rate),
        verified=data.get("verified", False),
        note=data.get("note", ""),
    )


def _tiers(items: Any, rate: float) -> tuple[Tier, ...]:
    return tuple(Tier(price=item["price"] * rate, up_to=item.get("up_to", inf)) for item in items)
