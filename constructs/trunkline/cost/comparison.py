"""A topology beside its alternatives, as curves over the traffic of a month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import Any

from attrs import frozen

from trunkline.cost.alternatives import (
    KINDS,
    Alternative,
    SitePair,
    alternatives,
    of_cloud,
    paid_sites,
    pairs_between_clouds,
)
from trunkline.cost.curve import Charge, Curve, Verdict, cheaper
from trunkline.cost.dollars import Dollars
from trunkline.cost.line import Line, Total, total
from trunkline.cost.machines import edge_lines
from trunkline.cost.own_curve import OURS, Shares, charge_at, curve_of, shares_of
from trunkline.cost.prices import PriceBook
from trunkline.model import Site, Topology

POINTS = (0, 100, 500, 1_000, 2_500, 5_000, 10_000, 50_000)
"""The gigabytes a month at which curves are printed."""


@frozen(kw_only=True)
class Comparison:
    """An alternative beside what the topology has in its place.

    - `kind`: what it stands in for, one of KINDS.
    - `joins`: the pairs of sites that it joins.
    - `items`: what it consists of, without traffic.
    - `ours`, `theirs`: the curves; None where a price is not known.
    """

    kind: str
    name: str
    title: str
    joins: tuple[str, ...]
    items: tuple[Line, ...]
    ours: Curve | None
    theirs: Curve | None

    @property
    def total(self) -> Total:
        """What its items cost."""
        return total(self.items)

    @property
    def verdicts(self) -> tuple[Verdict, Verdict] | None:
        """Where ours costs less than its low end, and than its high end."""
        if self.ours is None or self.theirs is None:
            return None
        low, high = (cheaper(self.ours, self.theirs, high=high) for high in (False, True))
        return low, high

    def times_cheaper(self, times: float) -> float | None:
        """The gigabytes up to which ours costs so many times less than its low end.

        None where it never does, or a price is not known.
        """
        if self.ours is None or self.theirs is None:
            return None
        share = Curve(
            self.theirs.fixed * (1 / times),
            Charge(tuple((start, rate / times) for start, rate in self.theirs.charge.rates)),
        )
        verdict = cheaper(self.ours, share)
        return None if verdict.never or verdict.start else verdict.end


def compare(topology: Topology, book: PriceBook, seats: int) -> tuple[Comparison, ...]:
    """The topology beside every alternative that joins or serves one of its sites.

    `seats` is the number of people, for what is sold by the seat.
    """
    found = (
        comparison
        for kind in KINDS
        for each in alternatives(kind)
        for comparison in _of_alternative(each, topology, book, seats)
    )
    return tuple(found)


def unlinked(topology: Topology) -> list[str]:
    """The pairs of sites in different clouds that no managed link joins."""
    links = alternatives("link")
    pairs = pairs_between_clouds(topology)
    return [_label(pair) for pair in pairs if not any(link.joins(pair) for link in links)]


def _of_alternative(
    alternative: Alternative, topology: Topology, book: PriceBook, seats: int
) -> Iterator[Comparison]:
    sites, pairs = paid_sites(topology), pairs_between_clouds(topology)
    if alternative.kind == "backbone" and any(map(alternative.joins, pairs)):
        yield _comparison(alternative, topology, sites, pairs, book, seats)
    for pair in pairs if alternative.kind == "link" else ():
        if alternative.joins(pair):
            yield _comparison(alternative, topology, list(pair), [pair], book, seats)
    if alternative.kind in ("ingress", "way_out"):
        served = [site for site in sites if of_cloud(alternative.each, site.cloud)]
        if served:
            yield _comparison(alternative, topology, served, [], book, seats)


def _comparison(
    alternative: Alternative,
    topology: Topology,
    sites: Sequence[Site],
    pairs: Sequence[SitePair],
    book: PriceBook,
    seats: int,
) -> Comparison:
    joined = [pair for pair in pairs if alternative.joins(pair)]
    items = [*alternative.lines(sites, joined, book, seats)]
    if alternative.routers:
        items += edge_lines(topology, book)
    shares = shares_of(sites, joined)
    theirs = curve_of(items, _charges(alternative, sites, shares, book))
    return Comparison(
        kind=alternative.kind,
        name=alternative.name,
        title=alternative.title,
        joins=tuple(map(_label, joined)),
        items=tuple(items),
        ours=OURS[alternative.kind](topology, sites, shares, book),
        theirs=theirs,
    )


def _charges(
    alternative: Alternative, sites: Sequence[Site], shares: Shares, book: PriceBook
) -> Iterator[Charge | None]:
    for site in sites:
        for price in of_cloud(alternative.traffic, site.cloud):
            yield charge_at(price, site, shares[site.name], book)


def _label(pair: SitePair) -> str:
    return f"{pair[0].name}-{pair[1].name}"


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """For JSON: the items, the points of both curves, and where ours costs less."""
    verdicts = comparison.verdicts
    return {
        "kind": comparison.kind,
        "name": comparison.name,
        "title": comparison.title,
        "joins": list(comparison.joins),
        "items": [item.as_dict() for item in comparison.items],
        "ours": _points(comparison.ours),
        "theirs": _points(comparison.theirs),
        "ours_is_less_gb": [_range(verdict) for verdict in verdicts] if verdicts else None,
    }


def _points(curve: Curve | None) -> list[dict[str, float]] | None:
    if curve is None:
        return None
    return [_point(gigabytes, curve.at(gigabytes)) for gigabytes in POINTS]


def _point(gigabytes: float, amount: Dollars) -> dict[str, float]:
    return {"gb": gigabytes, "low": round(amount.low, 2), "high": round(amount.high, 2)}


def _range(verdict: Verdict) -> dict[str, float | None] | None:
    """The range in gigabytes; null where there is none, and where it has no end."""
    if verdict.never:
        return None
    end = None if verdict.end == inf else round(verdict.end, 1)
    return {"from": round(verdict.start, 1), "to": end}
