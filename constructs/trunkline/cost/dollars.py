"""Amounts of money, which may be a range."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

HOURS = 730
"""The hours of a month, as the clouds' own calculators count them."""


@frozen
class Dollars:
    """US dollars from `low` to `high`; the two are the same where an amount is known exactly."""

    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: Dollars) -> Dollars:
        return Dollars(self.low + other.low, self.high + other.high)

    def __mul__(self, times: float) -> Dollars:
        return Dollars(self.low * times, self.high * times)

    def __str__(self) -> str:
        """`6.13`, or `613 to 713` where it is a range; thousands are parted by commas."""
        if round(self.low, 2) == round(self.high, 2):
            return f"{self.low:,.2f}"
        return f"{self.low:,.0f} to {self.high:,.0f}"


def exactly(amount: float) -> Dollars:
    """An amount that is no range."""
    return Dollars(amount, amount)


def added(amounts: Iterable[Dollars]) -> Dollars:
    """The sum of amounts; nothing for none."""
    return sum(amounts, Dollars())
