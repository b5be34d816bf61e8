"""What the links between clouds cost that pairs of sites have beside the overlay."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from trunkline.cost.alternatives import alternatives
from trunkline.cost.line import Line
from trunkline.cost.prices import PriceBook
from trunkline.model import LinkedPair, Topology

# The prices of links without a bandwidth in their ID are for this one.
PRICED = "1Gbps"


def link_lines(topology: Topology, book: PriceBook) -> Iterator[Line]:
    """Both ends of each link, those that are there already included: they are paid for, too."""
    for pair in topology.backbone.pairs if topology.backbone else ():
        first, second = (topology.site(name) for name in pair.sites)
        for link in alternatives("link"):
            if link.joins((first, second)):
                for each in link.lines((), [(first, second)], book, 0):
                    yield _of_bandwidth(each, pair, book)


def _of_bandwidth(line: Line, pair: LinkedPair, book: PriceBook) -> Line:
    if pair.bandwidth == PRICED or not line.id.endswith("/interconnect"):
        return line
    name = f"{line.id}/{pair.bandwidth}"
    return evolve(line, id=name, price=book.find(name), item=f"{line.item} {pair.bandwidth}")
