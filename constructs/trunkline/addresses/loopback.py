"""Where the machines of a local site answer: each zone has its own address of loopback.

Linux answers on all of 127.0.0.0/8. macOS has 127.0.0.1 alone, so there the ports differ instead:
they come from a checksum of the zone's address, and stay when other zones come or go.
"""

from __future__ import annotations

import ipaddress
import string
import sys
import zlib
from collections.abc import Mapping

from trunkline.addresses.base import Addresses, Endpoint
from trunkline.addresses.subnets import subnet_cidr
from trunkline.errors import ConfigurationError
from trunkline.model import (
    ORIGINATE_PORT,
    PASSTHROUGH_PORT,
    ExistingNetwork,
    LocalIngress,
    Site,
)

THIS_MACHINE = "this machine"
LOOPBACK = "127.0.0.0/8"

EDGE_PORT = 8080
MANAGEMENT_PORT = 8081
CHECK_PORT = 8082
SAMPLE_PORT = 9000

ONE_ADDRESS = sys.platform == "darwin"
_FIRST_PORT, _BLOCKS, _BLOCK = 20_000, 4_000, 10
_EDGE, _SAMPLE, _PROBE = 0, 1, 2  # places within a zone's block; a probe takes two ports

# Where edges answer for services: the port here, and its place within the block, by the port that
# they take in clouds. Those of applications are there for root alone.
_SERVICES = {
    443: (10_443, 4),
    80: (10_080, 5),
    PASSTHROUGH_PORT: (PASSTHROUGH_PORT, 6),
    ORIGINATE_PORT: (ORIGINATE_PORT, 7),
}
_STAND_INS = {True: (9_443, 8), False: (9_080, 9)}  # with TLS, and without


class LoopbackAddresses(Addresses[LocalIngress]):
    """Addresses of loopback, which need no names."""

    def public_url(self) -> str:
        return f"http://{ingress_endpoint(self.ingress)}"

    def origin_url(self, site: str) -> str:
        found = self.topology.site(site)
        return f"http://{edge_endpoint(site_cidr(found), found.zone)}"

    def probe_endpoint(self, site: str, zone: str, port: int) -> Endpoint:
        return probe_endpoint(site_cidr(self.topology.site(site)), zone, port)

    def emulated_ms(self, zone: str) -> Mapping[str, float]:
        return self.ingress.latencies(zone)

    def needs_for_names(self) -> tuple[str, ...]:
        return ()

    def needs_for_routing(self) -> tuple[str, ...]:
        return (THIS_MACHINE,)


def site_cidr(site: Site) -> str:
    """The range of loopback of a local site; ConfigurationError for an existing network."""
    if isinstance(site.network, ExistingNetwork):
        raise existing_network_error(site)
    return site.network.cidr


def existing_network_error(site: Site) -> ConfigurationError:
    """The error of a local site whose network is an existing one."""
    return ConfigurationError(
        f"site {site.name!r} is local and cannot use an existing network: give it a range of "
        "127.0.0.0/8, like NewNetwork(cidr='127.10.0.0/16')"
    )


def zone_address(cidr: str, zone: str) -> str:
    """The first address of the zone's part of the site's range; the name's last letter or digit
    says which sixteenth: `127.10.0.0/16` and `us-east-1b` give `127.10.16.1`."""
    last = zone[-1]
    index = int(last) - 1 if last.isdigit() else string.ascii_lowercase.index(last)
    return str(next(ipaddress.ip_network(subnet_cidr(cidr, index)).hosts()))


def ingress_endpoint(ingress: LocalIngress) -> Endpoint:
    """Where the ingress answers."""
    return Endpoint("127.0.0.1", ingress.port)


def edge_endpoint(cidr: str, zone: str) -> Endpoint:
    """Where the edge in a zone answers."""
    return _endpoint(zone_address(cidr, zone), EDGE_PORT, _EDGE)


def sample_endpoint(cidr: str, zone: str) -> Endpoint:
    """Where the sample service beside the edge answers."""
    return _endpoint(zone_address(cidr, zone), SAMPLE_PORT, _SAMPLE)


def service_endpoints(cidr: str, zone: str) -> dict[int, Endpoint]:
    """Where the edge in a zone answers for services, by the ports that edges take in clouds."""
    address = zone_address(cidr, zone)
    return {port: _endpoint(address, *place) for port, place in _SERVICES.items()}


def stand_in_endpoint(cidr: str, zone: str, *, tls: bool) -> Endpoint:
    """Where a sample stands in for the services that the edge in a zone reaches."""
    return _endpoint(zone_address(cidr, zone), *_STAND_INS[tls])


def probe_endpoint(cidr: str, zone: str, port: int) -> Endpoint:
    """Where the probe in a zone answers; `port` is the topology's."""
    return _endpoint(zone_address(cidr, zone), port, _PROBE)


def _endpoint(address: str, port: int, place: int) -> Endpoint:
    if not ONE_ADDRESS:
        return Endpoint(address, port)
    block = zlib.crc32(address.encode()) % _BLOCKS
    return Endpoint("127.0.0.1", _FIRST_PORT + block * _BLOCK + place)
