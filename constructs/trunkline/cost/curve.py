"""What something costs by the traffic of a month, and where it costs less than another."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import inf

from attrs import frozen

from trunkline.cost.dollars import Dollars
from trunkline.cost.price import Price


@frozen
class Charge:
    """A charge by the gigabyte: pairs of the gigabyte from which a rate holds, and the rate."""

    rates: tuple[tuple[float, float], ...] = ((0.0, 0.0),)

    def of(self, gigabytes: float) -> float:
        """What so many gigabytes cost in dollars."""
        amount = 0.0
        for (start, rate), (end, _) in pairwise((*self.rates, (inf, 0.0))):
            amount += rate * max(0.0, min(gigabytes, end) - start)
        return amount

    def rate_at(self, gigabytes: float) -> float:
        """What the next gigabyte costs in dollars."""
        return [rate for start, rate in self.rates if start <= gigabytes][-1]

    def __add__(self, other: Charge) -> Charge:
        starts = sorted({start for start, _ in (*self.rates, *other.rates)})
        return Charge(tuple((each, self.rate_at(each) + other.rate_at(each)) for each in starts))


@frozen
class Curve:
    """What a month costs: what is paid in any case, and a charge by the gigabyte."""

    fixed: Dollars
    charge: Charge = Charge()

    def at(self, gigabytes: float) -> Dollars:
        """What a month with so many gigabytes costs."""
        amount = self.charge.of(gigabytes)
        return Dollars(self.fixed.low + amount, self.fixed.high + amount)


@frozen
class Verdict:
    """Where one curve is below another, in gigabytes: from `start`, and up to `end`.

    Never where both are the same; without an end where `end` is infinite.
    """

    start: float
    end: float

    @property
    def never(self) -> bool:
        """Whether it is below nowhere."""
        return self.start >= self.end


def charge_of(price: Price, share: float) -> Charge:
    """The charge on traffic of which `share` is paid at `price`, a price by the GB or GiB."""
    if share == 0:
        return Charge()
    rates, start = [], 0.0
    for tier in price.tiers:
        rates.append((start, tier.price * price.factor * share))
        start = tier.up_to / price.factor / share
    return Charge(tuple(rates) or ((0.0, price.low * price.factor * share),))


def summed(charges: Iterable[Charge]) -> Charge:
    """All charges on the same traffic."""
    return sum(charges, Charge())


def cheaper(ours: Curve, theirs: Curve, *, high: bool = False) -> Verdict:
    """Where `ours` costs less than `theirs` at its low end, or at its high end.

    The first such range counts. The two meet at its ends: the break-even.
    """
    fixed = theirs.fixed.high if high else theirs.fixed.low
    ahead = fixed - ours.fixed.high
    starts = [start for start, _ in (ours.charge + theirs.charge).rates]
    begin = 0.0 if ahead > 0 else None
    for start, end in pairwise((*starts, inf)):
        slope = theirs.charge.rate_at(start) - ours.charge.rate_at(start)
        meet = start - ahead / slope if slope else inf
        if begin is None and slope > 0 and start <= meet < end:
            begin = meet
        elif begin is not None and slope < 0 and start < meet <= end:
            return Verdict(begin, meet)
        ahead += slope * (end - start) if end < inf else 0.0
    return Verdict(begin, inf) if begin is not None else Verdict(0.0, 0.0)
