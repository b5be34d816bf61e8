"""Address ranges: what clouds accept, what does not collide, and subnets for every zone."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from trunkline.documents.findings import KeyPath, Problem
from trunkline.model import MESH_RANGE
from trunkline.topology.checks.partial import PartialTopology

LARGEST, SMALLEST = 16, 24
# AWS and Google Cloud give out no smaller subnet than about this one.
SMALLEST_SUBNET = 28
MAX_OPERATORS = 50
PRIVATE = tuple(
    map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
)
LOOPBACK = IPv4Network("127.0.0.0/8")
UNUSABLE = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
CLOUDFLARE_MESH = IPv4Network(MESH_RANGE)


def ranges_do_not_overlap(draft: PartialTopology) -> Iterator[Problem]:
    # Networks nest or are apart: in order of address, only those still open can hold the next.
    enclosing: list[tuple[IPv4Network, str]] = []
    order = {site: index for index, site in enumerate(draft.sites)}
    for network, site in sorted(_networks(draft), key=lambda pair: (pair[0], order[pair[1]])):
        while enclosing and enclosing[-1][0].broadcast_address < network.network_address:
            enclosing.pop()
        others = [other for _, other in enclosing if not same_network(draft, site, other)]
        if others:
            earlier, later = sorted((others[-1], site), key=order.__getitem__)
            yield _overlap(draft, earlier, later)
        enclosing.append((network, site))


def _networks(draft: PartialTopology) -> Iterator[tuple[IPv4Network, str]]:
    for site in draft.sites:
        if (network := draft.network(site)) is not None:
            yield network, site


def same_network(draft: PartialTopology, one: str, other: str) -> bool:
    """Whether two sites stand in one existing network; that is no collision."""
    keys = ("cloud", "account", "region")
    existing = draft.get("sites", one, "network", "existing")
    return (
        existing is not None
        and existing == draft.get("sites", other, "network", "existing")
        and all(draft.sites[one].get(key) == draft.sites[other].get(key) for key in keys)
    )


def _overlap(draft: PartialTopology, earlier: str, later: str) -> Problem:
    default = "" if draft.get("sites", later, "network", "cidr") else " (the default)"
    message = (
        f"{draft.network(later)}{default} overlaps {draft.network(earlier)}"
        f" of {draft.where(_cidr_path(earlier))}"
    )
    return Problem(_cidr_path(later), message, "give each site a range of its own")


def _cidr_path(site: str) -> KeyPath:
    return ("sites", site, "network", "cidr")


def ranges_are_usable(draft: PartialTopology) -> Iterator[Problem]:
    for network, site in _networks(draft):
        existing = draft.is_existing(site)
        path = _cidr_path(site)
        if draft.is_on_loopback(site):
            yield from _on_loopback(network, path)
        elif any(network.overlaps(block) for block in UNUSABLE):
            message = f"{network} is reserved, and no machine can have an address in it"
            yield Problem(path, message, "choose a range in 10.0.0.0/8")
        elif not any(network.subnet_of(block) for block in PRIVATE):
            message = f"{network} is public: the machines would lose sight of its real owners"
            remedy = "use 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10"
            yield Problem(path, message, remedy, "warning" if existing else "error")
        elif network.overlaps(CLOUDFLARE_MESH):
            message = f"{network} overlaps {CLOUDFLARE_MESH}, the addresses of Cloudflare Mesh"
            yield Problem(path, message, "choose another range if you may use the Mesh", "warning")


def _on_loopback(network: IPv4Network, path: KeyPath) -> Iterator[Problem]:
    if not network.subnet_of(LOOPBACK):
        message = f"{network} is not on loopback, where a local site stands"
        yield Problem(path, message, f"choose a part of {LOOPBACK}, like 127.10.0.0/16")


def created_networks_fit(draft: PartialTopology) -> Iterator[Problem]:
    for network, site in _networks(draft):
        if draft.is_existing(site):
            continue
        if not LARGEST <= network.prefixlen <= SMALLEST:
            message = f"{network} has a prefix length of {network.prefixlen}"
            yield Problem(_cidr_path(site), message, f"use {LARGEST} to {SMALLEST}")
        elif (zones := len(set(dict(draft.zones(site)).values()))) > _subnets(network):
            message = f"{network} has no room for the subnets of {zones} zones"
            yield Problem(_cidr_path(site), message, "use a shorter prefix or fewer zones")


def _subnets(network: IPv4Network) -> int:
    return 1 << (SMALLEST_SUBNET - network.prefixlen)


def subnets_serve_every_zone(draft: PartialTopology) -> Iterator[Problem]:
    for site in draft.sites:
        path = ("sites", site, "network", "existing", "subnets")
        subnets = draft.mapping(*path)
        zones = [zone for _, zone in draft.zones(site)]
        missing = sorted({zone for zone in zones if zone not in subnets})
        if subnets and missing:
            message = f"no subnet is named for {', '.join(missing)}"
            remedy = "name one for every zone, or leave subnets out"
            yield Problem(path, message, remedy, at_key=True)
        for zone in subnets if zones else ():
            if zone not in zones:
                message, remedy = f"{zone} is not a zone of this site", "delete it or add the zone"
                yield Problem((*path, zone), message, remedy, "warning", at_key=True)


def operators_are_few(draft: PartialTopology) -> Iterator[Problem]:
    operators = list(draft.texts("probes", "operators"))
    for path, cidr in operators:
        network = IPv4Network(cidr)
        remedy = "write your own address, like 203.0.113.7/32"
        if network.prefixlen < 8:
            yield Problem(path, f"{cidr} opens the probes to most of the Internet", remedy)
        elif network.prefixlen < 16 and not network.is_private:
            message = f"{cidr} opens the probes to {network.num_addresses} addresses"
            yield Problem(path, message, remedy, "warning")
    if len(operators) > MAX_OPERATORS:
        message = f"{len(operators)} ranges are more than a cloud firewall takes"
        remedy = f"combine them into {MAX_OPERATORS} at most"
        yield Problem(("probes", "operators"), message, remedy)


def vaults_answer_public_ranges(draft: PartialTopology) -> Iterator[Problem]:
    """Azure lets a vault's firewall name public addresses alone."""
    for site in draft.sites:
        for path, cidr in draft.texts("sites", site, "vault_access"):
            network = IPv4Network(cidr)
            remedy = "write the public address from which you apply, like 203.0.113.7/32"
            if network.prefixlen < 8:
                yield Problem(path, f"{cidr} opens the vault to most of the Internet", remedy)
            elif any(network.overlaps(block) for block in (*PRIVATE, *UNUSABLE)):
                message = f"{cidr} is not public, and a vault takes public ranges alone"
                yield Problem(path, message, remedy)


CHECKS = (
    ranges_do_not_overlap,
    ranges_are_usable,
    created_networks_fit,
    subnets_serve_every_zone,
    operators_are_few,
    vaults_answer_public_ranges,
)
