"""What the edge of a site has to do with the services of a topology."""

from __future__ import annotations

from attrs import evolve

from trunkline.addresses import loopback
from trunkline.backbone import driver_of
from trunkline.clouds.facts import facts_of
from trunkline.model import BackboneSettings, EdgeServices, Site, Topology


def edge_services(topology: Topology, site: Site) -> EdgeServices | None:
    """The services that applications of `site` use, and those that its edge reaches for others.

    None where the topology has neither services nor what would join its sites.
    """
    if not topology.services and topology.backbone is None:
        return None
    made = EdgeServices(
        used=tuple(each for each in topology.services if site.name in each.sites),
        reached=tuple(each for each in topology.services if each.site == site.name),
    )
    if facts_of(site.cloud).on_this_machine:
        return _on_this_machine(made, topology, site)
    backbone = topology.backbone
    return evolve(
        made,
        networks=(site.network.cidr,) if site.network.cidr else (),
        overlay=backbone.cidr if backbone else "",
        machine_range=driver_of(backbone.kind).machine_range if backbone else "",
        peers=_peers(backbone, site) if backbone else {},
    )


def _peers(backbone: BackboneSettings, site: Site) -> dict[str, tuple[str, ...]]:
    others = {name: nodes for name, nodes in backbone.nodes.items() if name != site.name}
    return {name: tuple(node.address for node in nodes) for name, nodes in others.items()}


def _on_this_machine(services: EdgeServices, topology: Topology, site: Site) -> EdgeServices:
    """Edges ask one another over loopback, from which anything on this machine may ask them."""
    places = {
        each.name: loopback.service_endpoints(loopback.site_cidr(each), each.zone)
        for each in topology.sites
    }
    own = places.pop(site.name)
    ports = {name: {port: at.port for port, at in ends.items()} for name, ends in places.items()}
    [address] = {at.host for at in own.values()}
    return evolve(
        services,
        networks=(loopback.LOOPBACK,),
        overlay=loopback.LOOPBACK,
        peers={name: tuple({at.host for at in ends.values()}) for name, ends in places.items()},
        address=address,
        ports={port: at.port for port, at in own.items()},
        peer_ports=ports,
    )
