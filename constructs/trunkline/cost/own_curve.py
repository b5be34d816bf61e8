"""The curve of a topology itself: all of it, or what an alternative would stand in for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from trunkline.cost.alternatives import SitePair, pairs_between_clouds
from trunkline.cost.curve import Charge, Curve, charge_of, summed
from trunkline.cost.estimate import standing_lines
from trunkline.cost.ingress import ingress_lines, sends_by_smart_routing
from trunkline.cost.line import Line, total
from trunkline.cost.machines import edge_lines
from trunkline.cost.prices import PriceBook
from trunkline.cost.traffic import EGRESS, price_to_ingress
from trunkline.model import Site, Topology

Shares = Mapping[str, float]
"""The part of a month's traffic that leaves each site, by the site's name."""


def shares_of(sites: Sequence[Site], pairs: Sequence[SitePair]) -> Shares:
    """The share of the traffic that leaves each site.

    Traffic is spread evenly over the pairs, half of it each way; without pairs over the sites.
    """
    if not pairs:
        return {site.name: 1 / len(sites) for site in sites}
    shares = dict.fromkeys((site.name for site in sites), 0.0)
    for site in (end for pair in pairs for end in pair):
        shares[site.name] += 1 / (2 * len(pairs))
    return shares


def charge_at(price: str, site: Site, share: float, book: PriceBook) -> Charge | None:
    """The charge on a share of the traffic in a site's region; None where it is not known."""
    found = book.find(price, site.region)
    return charge_of(found, share) if found else None


def curve_of(items: Iterable[Line], charges: Iterable[Charge | None]) -> Curve | None:
    """What items and charges cost together; None where a price of either is not known."""
    fixed, rates = total(items), list(charges)
    known = [rate for rate in rates if rate is not None]
    if fixed.unknown or len(known) < len(rates):
        return None
    return Curve(fixed.dollars, summed(known))


def _egress(sites: Sequence[Site], shares: Shares, book: PriceBook) -> list[Charge | None]:
    return [charge_at(f"{s.cloud}/{EGRESS}", s, shares[s.name], book) for s in sites]


def _our_all(
    topology: Topology, sites: Sequence[Site], shares: Shares, book: PriceBook
) -> Curve | None:
    """All that stands, and the traffic between the sites over the Internet or over links."""
    internet = _without_links(topology, shares)
    return curve_of(standing_lines(topology, book), _egress(sites, internet, book))


def _without_links(topology: Topology, shares: Shares) -> Shares:
    """The part of the traffic that takes no link, for which nobody counts gigabytes."""
    pairs = pairs_between_clouds(topology)
    left = dict(shares)
    for pair in topology.backbone.pairs if topology.backbone else ():
        for site in pair.sites:
            left[site] -= 1 / (2 * len(pairs))
    return left


def _our_traffic(
    topology: Topology, sites: Sequence[Site], shares: Shares, book: PriceBook
) -> Curve | None:
    """The traffic of one pair alone: the machines are there for the other pairs, too."""
    return curve_of((), _egress(sites, shares, book))


def _our_ingress(
    topology: Topology, sites: Sequence[Site], shares: Shares, book: PriceBook
) -> Curve | None:
    charges = [
        charge_at(f"{s.cloud}/{price_to_ingress(s, book)}", s, shares[s.name], book) for s in sites
    ]
    if sends_by_smart_routing(topology):
        charges.append(charge_at("cloudflare/argo_traffic", sites[0], 1.0, book))
    return curve_of(
        (line for line in ingress_lines(topology, book) if line.id != "cloudflare/argo_traffic"),
        charges,
    )


def _our_addresses(
    topology: Topology, sites: Sequence[Site], shares: Shares, book: PriceBook
) -> Curve | None:
    names = {site.name for site in sites}
    addresses = [
        line
        for line in edge_lines(topology, book)
        if line.id.endswith("/ipv4") and line.site in names
    ]
    return curve_of(addresses, _egress(sites, shares, book))


OURS: Mapping[str, Callable[[Topology, Sequence[Site], Shares, PriceBook], Curve | None]] = {
    "backbone": _our_all,
    "link": _our_traffic,
    "ingress": _our_ingress,
    "way_out": _our_addresses,
}
"""What stands where an alternative of each kind would, and the same traffic."""
