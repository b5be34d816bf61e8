"""The addresses at which an operator reaches the probes of a topology."""

from __future__ import annotations

from attrs import frozen

from trunkline.addresses.names import probe_endpoint
from trunkline.model import Topology, zone_name


@frozen
class ProbeAddress:
    """The agent of a zone: an IPv4 address or a DNS name, and its TCP port."""

    site: str
    zone: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """The name of the zone in measurements: `site/zone`."""
        return zone_name(self.site, self.zone)


def probe_addresses(topology: Topology) -> list[ProbeAddress]:
    """The address of every probe in the current batch, in the order of the file.

    Raises ConfigurationError if the probes are turned off.
    """
    return [
        _address(topology, site.name, zone)
        for site in topology.sites
        for zone in topology.probed_zones(site.name)
    ]


def _address(topology: Topology, site: str, zone: str) -> ProbeAddress:
    endpoint = probe_endpoint(topology, site, zone)
    return ProbeAddress(site, zone, endpoint.host, endpoint.port)
