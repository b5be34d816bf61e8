"""What the assumed traffic costs where it leaves a cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trunkline.clouds.facts import facts_of
from trunkline.cost.line import Line
from trunkline.cost.machines import line
from trunkline.cost.prices import PriceBook
from trunkline.model import Site, Topology, zone_owner

EGRESS, TO_INGRESS = "egress", "egress_to_ingress"


def traffic_lines(topology: Topology, book: PriceBook) -> Iterator[Line]:
    """What leaves each site, to the others and to the ingress.

    What an account has for nothing counts once, though it has several sites.
    """
    counted: dict[tuple[str, str], float] = {}
    for (site, item, price), gigabytes in leaving(topology, book).items():
        found = topology.site(site)
        if facts_of(found.cloud).on_this_machine:
            continue
        key = (f"{found.cloud} {zone_owner(site, found.account)}", price)
        start = counted.get(key, 0.0)
        counted[key] = start + gigabytes
        yield line(found, item, price, book, quantity=gigabytes, start=start)


def leaving(topology: Topology, book: PriceBook) -> Mapping[tuple[str, str, str], float]:
    """The gigabytes that leave a site, by the site, the item and the ID of the price."""
    found: dict[tuple[str, str, str], float] = {}
    for (a, b), gigabytes in topology.traffic.pairs.items():
        for here, there in ((a, b), (b, a)):
            linked = topology.backbone is not None and there in topology.backbone.linked(here)
            item, price = _to_site(topology.site(here), topology.site(there), linked)
            found[here, item, price] = found.get((here, item, price), 0.0) + gigabytes / 2
    for route in topology.routing.routes:
        if gigabytes := topology.traffic.routes.get(route.prefix, 0.0):
            price = price_to_ingress(topology.site(route.site), book)
            key = (route.site, "traffic to the ingress", price)
            found[key] = found.get(key, 0.0) + gigabytes
    return found


def price_to_ingress(site: Site, book: PriceBook) -> str:
    """The ID of what leaves for the ingress: like anything else, where it has no own price."""
    return TO_INGRESS if book.find(f"{site.cloud}/{TO_INGRESS}", site.region) else EGRESS


def _to_site(here: Site, there: Site, linked: bool) -> tuple[str, str]:
    if linked:
        return "traffic over links to other clouds", "interconnect_egress"
    if here.cloud != there.cloud:
        return "traffic to other clouds", EGRESS
    if here.region != there.region:
        return "traffic to other regions", "egress_to_regions"
    return "traffic within the region", "egress_in_region"
