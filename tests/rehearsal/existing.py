"""What a topology takes for granted: networks, services and a zone that exist before an apply."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.clouds import BY_CLOUD
from rehearsal.workers import ZONE
from rehearsal.world import World
from trunkline.addresses.base import edge_name, machine_name
from trunkline.model import Cloudflare, ExistingNetwork, Server, Service, Site, Topology


def edge_machines(topology: Topology, site: str) -> dict[str, str]:
    """The names of the machines of a site's edge, by zone."""
    name = edge_name(topology.name, site)
    first, *spares = topology.edge_zones(site)
    return {first: name, **{zone: machine_name(name, zone) for zone in spares}}


def _servers(service: Service, site: Site) -> Iterator[Server]:
    """Where a service stands that the edge of `site` reaches for others."""
    if service.site != site.name:
        return
    for host in service.servers:
        yield Server(host.replace("*.", "any."), service.port, service.tls)
    if service.endpoints:
        for address in BY_CLOUD[site.cloud].private_services:
            yield Server(address, service.port, service.tls)


def _unnamed(service: Service) -> Iterator[str]:
    """The hosts that an edge must not look up: it reaches them by a private endpoint."""
    for endpoint in service.endpoints:
        yield from (host.replace("*.", "any.") for host in endpoint.hosts)


def add_existing(world: World, topology: Topology) -> None:
    """Put what no stack of the topology makes into the world."""
    world.unnamed = {host for service in topology.services for host in _unnamed(service)}
    for site in topology.sites:
        if isinstance(site.network, ExistingNetwork):
            for type_name, state in BY_CLOUD[site.cloud].network(site, site.network):
                world.put_before(type_name, state)
        servers = [each for upstream in site.services.values() for each in upstream.servers]
        servers += [each for service in topology.services for each in _servers(service, site)]
        for machine in edge_machines(topology, site.name).values():
            world.servers[machine] = tuple(servers)
    ingress = topology.ingress
    if not isinstance(ingress, Cloudflare) or ingress.create_zone:
        return
    if world.one(ZONE, name=topology.domain) is None:
        account = {"id": ingress.account_id}
        zone = {"id": "0" * 32, "name": topology.domain, "account": account}
        world.put_before(ZONE, {**zone, "plan": {"legacy_id": ingress.plan}})
