"""What the services of other sites cost: private DNS zones, and private endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.addresses.private_zones import private_zones
from trunkline.clouds.facts import facts_of
from trunkline.cost.line import Line
from trunkline.cost.machines import line
from trunkline.cost.prices import PriceBook
from trunkline.model import Site, Topology, endpoints_of


def service_lines(topology: Topology, book: PriceBook) -> Iterator[Line]:
    """The private zones of each site, without the queries that they answer, and the private
    endpoints, without what passes them."""
    for site in topology.sites:
        used = [each for each in topology.services if each.dns and site.name in each.sites]
        zones = private_zones({host for service in used for host in service.hosts})
        if zones and not facts_of(site.cloud).on_this_machine:
            yield line(site, "private DNS zones", "private_zone", book, times=len(zones))
        yield from _endpoint_lines(topology, site, book)


def _endpoint_lines(topology: Topology, site: Site, book: PriceBook) -> Iterator[Line]:
    """Each in as many zones as it has addresses in; those that cost nothing have no line."""
    zones = len(topology.edge_zones(site.name))
    paid = {"interface_endpoint": zones, "private_link": 1}
    for endpoint in endpoints_of(s for s in topology.services if s.site == site.name).values():
        if endpoint.kind in paid:
            item = f"private endpoint {endpoint.service}"
            yield line(site, item, "private_endpoint", book, times=paid[endpoint.kind])
