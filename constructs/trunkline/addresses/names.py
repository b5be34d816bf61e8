"""How the pieces of a topology find one another: by names that follow from the topology alone.

No stack refers to another (docs/adr/0002), so what one makes and another needs has a name here.
"""

from __future__ import annotations

from attrs import frozen

from trunkline.addresses import loopback
from trunkline.addresses.loopback import Endpoint
from trunkline.errors import ConfigurationError
from trunkline.model import Cloudflare, LocalIngress, NewNetwork, Topology


@frozen
class Peer:
    """A probe as the others find it; `emulated_ms` is the round trip that they shall emulate."""

    site: str
    zone: str
    endpoint: Endpoint
    emulated_ms: float | None = None


def origin_url(topology: Topology, site: str) -> str:
    """Scheme and host under which the front reaches the edge of `site`."""
    match topology.ingress:
        case Cloudflare():
            return f"https://{topology.origin_hostname(site)}"
        case LocalIngress():
            zone = topology.site(site).zone
            return f"http://{loopback.edge_endpoint(_range(topology, site), zone)}"


def public_url(topology: Topology) -> str:
    """Where requests go; a route's prefix follows."""
    match topology.ingress:
        case Cloudflare():
            return f"https://{topology.routing.hostname}"
        case LocalIngress(port=port):
            return f"http://127.0.0.1:{port}"


def probe_endpoint(topology: Topology, site: str, zone: str) -> Endpoint:
    """Where the probe of a zone answers: measurements by UDP, operators by TCP.

    Raises ConfigurationError where the topology has no probes.
    """
    if topology.probes is None:
        raise ConfigurationError(
            f"probes are turned off in {topology.name}; delete enabled: false and apply the probes "
            "stacks"
        )
    port = topology.probes.port
    match topology.ingress:
        case Cloudflare():
            name = f"{zone}.{site}.probes.{topology.name}.{topology.domain}"
            return Endpoint(name, port)
        case LocalIngress():
            return loopback.probe_endpoint(_range(topology, site), zone, port)


def peers(topology: Topology, site: str, zone: str) -> list[Peer]:
    """Every probe of the current batch, as the probe of `site` and `zone` finds it, itself too."""
    latencies = {}
    if isinstance(topology.ingress, LocalIngress):
        latencies = topology.ingress.latencies(f"{site}/{zone}")
    return [
        Peer(
            other.name,
            candidate,
            probe_endpoint(topology, other.name, candidate),
            latencies.get(f"{other.name}/{candidate}"),
        )
        for other in topology.sites
        for candidate in topology.probed_zones(other.name)
    ]


def _range(topology: Topology, site: str) -> str:
    network = topology.site(site).network
    assert isinstance(network, NewNetwork)  # a local site has no other kind
    return network.cidr
