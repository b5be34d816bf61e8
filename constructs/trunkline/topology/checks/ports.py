"""Where the things of `cloud: local` answer: no two at one host and port of this machine."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from trunkline.addresses import loopback
from trunkline.addresses.base import Endpoint
from trunkline.documents.findings import KeyPath, Problem
from trunkline.model import LocalIngress, Probes, zone_name
from trunkline.topology.checks.partial import PartialTopology

_SMALLEST = 28  # the prefix length of the smallest range that has a part for each zone


@frozen
class Thing:
    """Something that takes a port; what stands at `path` moves it. The ingress is of no site."""

    endpoint: Endpoint
    what: str
    path: KeyPath
    remedy: str
    site: str | None = None


def everything_has_its_own_port(draft: PartialTopology) -> Iterator[Problem]:
    """One finding for each place that can be changed: the same port collides in every zone."""
    first: dict[Endpoint, Thing] = {}
    told: set[KeyPath] = set()
    for thing in _things(draft):
        other = first.setdefault(thing.endpoint, thing)
        if other is thing or thing.path in told or _share_a_range(draft, thing, other):
            continue
        told.add(thing.path)
        message = f"{thing.what} would be at {thing.endpoint}, where {other.what} is"
        yield Problem(thing.path, message, thing.remedy)


def _share_a_range(draft: PartialTopology, one: Thing, other: Thing) -> bool:
    """Whether two sites have one range, which is a finding of its own."""
    if one.site is None or other.site is None or one.site == other.site:
        return False
    ranges = draft.network(one.site), draft.network(other.site)
    return ranges[0] is not None and ranges[1] is not None and ranges[0].overlaps(ranges[1])


def _things(draft: PartialTopology) -> Iterator[Thing]:
    """Who comes first keeps its place: edges cannot move, probes and the ingress can."""
    sites = [(site, cidr) for site in draft.sites if (cidr := _range(draft, site))]
    for site, cidr in sites:
        yield from _edge(draft, site, cidr)
    for site, cidr in sites:
        yield from _probes(draft, site, cidr)
    if "local" in draft.data and (port := _port(draft, "local", LocalIngress().port)):
        at = loopback.ingress_endpoint(LocalIngress(port=port))
        yield Thing(at, "the ingress", ("local", "port"), "choose another port")


def _range(draft: PartialTopology, site: str) -> str | None:
    network = draft.network(site) if draft.is_on_loopback(site) else None
    return str(network) if network and network.prefixlen <= _SMALLEST else None


def _edge(draft: PartialTopology, site: str, cidr: str) -> Iterator[Thing]:
    if not (zone := draft.text("sites", site, "zone")):
        return
    path, remedy = _move_the_site(site)
    yield Thing(loopback.edge_endpoint(cidr, zone), f"the edge of {site}", path, remedy, site)
    if "upstream" not in draft.sites[site]:
        at = loopback.sample_endpoint(cidr, zone)
        yield Thing(at, f"the sample service of {site}", path, remedy, site)
    if draft.mapping("services"):
        what = f"the edge of {site}, for services,"
        for at in loopback.service_endpoints(cidr, zone).values():
            yield Thing(at, what, path, remedy, site)
        homes = {draft.text("services", name, "from") for name in draft.mapping("services")}
        for tls in (True, False) if site in homes else ():
            at = loopback.stand_in_endpoint(cidr, zone, tls=tls)
            yield Thing(at, f"the sample of {site} for services", path, remedy, site)


def _probes(draft: PartialTopology, site: str, cidr: str) -> Iterator[Thing]:
    port = _port(draft, "probes", Probes().port)
    if not port or not draft.has_probes():
        return
    path: KeyPath = ("probes", "port")
    remedy = "choose another port, of which the next is free as well"
    if loopback.ONE_ADDRESS:  # The port follows from the zone's address there.
        path, remedy = _move_the_site(site)
    zones = {loopback.zone_address(cidr, z): z for _, z in draft.texts("sites", site, "zones")}
    for zone in zones.values():  # Zones of one address are a finding of their own.
        at = loopback.probe_endpoint(cidr, zone, port)
        for number in (at.port, at.port + 1):
            what = f"the probe of {zone_name(site, zone)}"
            yield Thing(Endpoint(at.host, number), what, path, remedy, site)


def _move_the_site(site: str) -> tuple[KeyPath, str]:
    return ("sites", site, "network", "cidr"), "choose another range"


def _port(draft: PartialTopology, section: str, default: int) -> int | None:
    """The port of a section; None where it was refused."""
    port = draft.mapping(section).get("port", default)
    return int(port) if isinstance(port, int | float) else None


CHECKS = (everything_has_its_own_port,)
