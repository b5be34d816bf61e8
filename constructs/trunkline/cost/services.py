"""What the services of other sites cost: the private DNS zones that lead their names to edges."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.addresses.private_zones import private_zones
from trunkline.clouds.facts import facts_of
from trunkline.cost.line import Line
from trunkline.cost.machines import line
from trunkline.cost.prices import PriceBook
from trunkline.model import Topology


def service_lines(topology: Topology, book: PriceBook) -> Iterator[Line]:
    """The private zones of each site, without the queries that they answer."""
    for site in topology.sites:
        used = [each for each in topology.services if each.dns and site.name in each.sites]
        zones = private_zones({host for service in used for host in service.hosts})
        if zones and not facts_of(site.cloud).on_this_machine:
            yield line(site, "private DNS zones", "private_zone", book, times=len(zones))
