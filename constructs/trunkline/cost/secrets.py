"""What the secret stores cost: what lies in them, and how often edges look."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.clouds.facts import facts_of
from trunkline.cost.dollars import HOURS
from trunkline.cost.line import Line
from trunkline.cost.machines import line
from trunkline.cost.prices import PriceBook
from trunkline.model import Topology


def secret_lines(topology: Topology, book: PriceBook) -> Iterator[Line]:
    """The items of each edge, its keys of a backbone among them, and the reads of a configuration.

    The reads are of one that has not changed. One that is too large for an item takes several;
    they are read when it changes, and so are the keys.
    """
    edge = topology.edge
    items = (edge.control_plane is None) + (edge.exposure == "tunnel")
    reads = HOURS * 3600 / edge.poll_seconds * edge.replicas if edge.control_plane is None else 0
    for site in topology.sites:
        if facts_of(site.cloud).on_this_machine:
            continue
        nodes = len(topology.node_names(site.name)) if topology.backbone else 0
        yield line(site, "secrets", "secret", book, times=items + nodes)
        if reads:
            yield line(site, "reads of secrets", "secret_read", book, quantity=reads)
