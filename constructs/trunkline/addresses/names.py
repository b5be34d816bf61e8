"""How the pieces of a topology find one another: by names that follow from the topology alone.

No stack refers to another (docs/adr/0002), so what one makes and another needs has a name here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from trunkline.addresses.base import Addresses, Endpoint
from trunkline.addresses.cloudflare import CloudflareAddresses
from trunkline.addresses.loopback import LoopbackAddresses
from trunkline.errors import ConfigurationError
from trunkline.model import Cloudflare, Ingress, LocalIngress, Route, Topology, zone_name

ADDRESSES: Mapping[type[Ingress], type[Addresses[Any]]] = {
    Cloudflare: CloudflareAddresses,
    LocalIngress: LoopbackAddresses,
}


@frozen
class Peer:
    """A probe as the others find it.

    - `site`: the name of its site.
    - `zone`: its zone.
    - `endpoint`: where it answers.
    - `emulated_ms`: on `cloud: local`, the round trip in milliseconds that its answers imitate.
    """

    site: str
    zone: str
    endpoint: Endpoint
    emulated_ms: float | None = None


def addresses_of(topology: Topology) -> Addresses[Any]:
    """The addresses of `topology` behind its ingress."""
    return ADDRESSES[type(topology.ingress)](topology, topology.ingress)


def origin_url(topology: Topology, site: str) -> str:
    """Scheme and host under which the ingress reaches the edge of `site`."""
    return addresses_of(topology).origin_url(site)


def management_url(topology: Topology, site: str) -> str | None:
    """Where operators reach the edge of `site`; None where no route is theirs."""
    return addresses_of(topology).management_url(site)


def public_url(topology: Topology) -> str:
    """Where requests go; a route's prefix follows."""
    return addresses_of(topology).public_url()


def route_url(topology: Topology, route: Route) -> str:
    """The URL at which a route is asked from outside."""
    own = management_url(topology, route.site) if route.forwarding.management else None
    return f"{own or public_url(topology)}{route.prefix}"


def probe_endpoint(topology: Topology, site: str, zone: str) -> Endpoint:
    """Where the probe of a zone answers: measurements by UDP, operators by TCP.

    Raises ConfigurationError where the topology has no probes.
    """
    if topology.probes is None:
        raise ConfigurationError(
            f"probes are turned off in {topology.name}; delete enabled: false and apply the probes "
            "stacks"
        )
    return addresses_of(topology).probe_endpoint(site, zone, topology.probes.port)


def node_host(topology: Topology, node: str) -> str:
    """The name under which the internet finds a node of the backbone."""
    return addresses_of(topology).node_host(node)


def private_node_host(topology: Topology, node: str) -> str:
    """The name of a node's address in its own network."""
    return addresses_of(topology).private_node_host(node)


def peers(topology: Topology, site: str, zone: str) -> list[Peer]:
    """Every probe of the current batch, as the probe of `site` and `zone` finds it, itself too."""
    emulated_ms = addresses_of(topology).emulated_ms(zone_name(site, zone))
    return [
        Peer(
            other.name,
            candidate,
            probe_endpoint(topology, other.name, candidate),
            emulated_ms.get(zone_name(other.name, candidate)),
        )
        for other in topology.sites
        for candidate in topology.probed_zones(other.name)
    ]
