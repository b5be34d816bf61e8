"""What else would join, or stand before, the same sites, and what that costs.

The alternatives are data, in alternatives.json. Each is of one kind, which says what it stands in
for: the `backbone` between all sites, one `link` between two of them, the `ingress` before them,
or the machines' `way_out`. What it consists of are IDs of prices: for each pair of sites by their
clouds (`pairs`), for each site by its cloud (`each`, where `*` is any), for everything (`once`),
and for each person (`seat`); `traffic` is what a gigabyte costs where it leaves a cloud. With
`routers` it needs our machines as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any

from attrs import field, frozen

from trunkline.clouds.facts import facts_of
from trunkline.cost.dollars import Dollars, added
from trunkline.cost.line import Line
from trunkline.cost.prices import PriceBook
from trunkline.model import Site, Topology

KINDS = ("backbone", "link", "ingress", "way_out")
ANY = "*"

PricesByCloud = Mapping[str, Sequence[str]]
SitePair = tuple[Site, Site]


@frozen(kw_only=True)
class Alternative:
    """An entry of alternatives.json."""

    kind: str
    name: str
    title: str
    pairs: PricesByCloud = field(factory=dict)
    each: PricesByCloud = field(factory=dict)
    once: Sequence[str] = ()
    seat: Sequence[str] = ()
    traffic: PricesByCloud = field(factory=dict)
    routers: bool = False

    def joins(self, pair: SitePair) -> bool:
        """Whether it joins two sites; what does not depend on the clouds joins all."""
        return not self.pairs or _pair_key(pair) in self.pairs

    def lines(
        self, sites: Sequence[Site], pairs: Sequence[SitePair], book: PriceBook, seats: int
    ) -> Iterator[Line]:
        """What it consists of, item by item, without traffic."""
        for pair in pairs:
            label = f"{pair[0].name}-{pair[1].name}"
            for price in self.pairs.get(_pair_key(pair), ()):
                yield _line(label, price, book, _region(price, pair))
        for site in sites:
            for price in of_cloud(self.each, site.cloud):
                yield _line(site.name, price, book, site.region)
        for price in self.once:
            yield _line("", price, book)
        for price in self.seat:
            yield _line("", price, book, times=seats)

    def month(self, book: PriceBook) -> Dollars | None:
        """What the ends of a link cost in a month, wherever it is; None where that is not known."""
        found = [book.find(price) for ends in self.pairs.values() for price in ends]
        known = [month for price in found if price and (month := price.of(1))]
        return added(known) if len(known) == len(found) else None


@cache
def alternatives(kind: str) -> tuple[Alternative, ...]:
    """Every alternative of a kind."""
    text = files("trunkline.cost").joinpath("alternatives.json").read_text("utf-8")
    entries: list[dict[str, Any]] = json.loads(text)[kind]
    return tuple(Alternative(kind=kind, **entry) for entry in entries)


def paid_sites(topology: Topology) -> list[Site]:
    """The sites in a cloud; those of this machine cost nothing."""
    return [site for site in topology.sites if not facts_of(site.cloud).on_this_machine]


def pairs_between_clouds(topology: Topology) -> list[SitePair]:
    """Each two sites of different clouds, in the file's order."""
    both = combinations(paid_sites(topology), 2)
    return [(a, b) for a, b in both if a.cloud != b.cloud]


def of_cloud(prices: PricesByCloud, cloud: str) -> list[str]:
    """The IDs that count for a cloud: those of any, then its own."""
    found = [*prices.get(ANY, ()), *prices.get(cloud, ())]
    return [each.format(cloud=cloud) for each in found]


def _pair_key(pair: SitePair) -> str:
    return "-".join(sorted(site.cloud for site in pair))


def _region(price: str, pair: SitePair) -> str:
    """The region of the end that a price belongs to."""
    return next((site.region for site in pair if price.startswith(f"{site.cloud}/")), "")


def _line(label: str, price: str, book: PriceBook, region: str = "", times: float = 1.0) -> Line:
    item = price.partition("/")[2].replace("_", " ").replace("/", " ")
    return Line(site=label, item=item, price=book.find(price, region), id=price, times=times)
