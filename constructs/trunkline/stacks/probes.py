"""The stack `probes-<site>`: the probes of a site, and the names that the others use."""

from __future__ import annotations

from attrs import evolve
from cdktf import App, TerraformOutput

from trunkline.addresses.names import peers
from trunkline.clouds import cloud_class
from trunkline.ingress import ingress_of
from trunkline.model import PROBE_KEY, Site, Topology
from trunkline.patterns.key_variable import key_variable
from trunkline.patterns.probe_set import ProbeSet
from trunkline.stacks.stack import TopologyStack


class ProbesStack(TopologyStack):
    """A ProbeSet in the zones of the current batch."""

    def __init__(self, app: App, topology: Topology, site: Site) -> None:
        super().__init__(app, topology, f"probes-{site.name}")
        cloud_class(site.cloud).provider(self, site)
        ingress = ingress_of(topology)
        ingress.add_provider(self)
        zones = topology.probed_zones(site.name)
        probes = ProbeSet(
            self,
            "probes",
            site=_in_batch(site, zones),
            key=key_variable(self, PROBE_KEY),
            peers={zone: peers(topology, site.name, zone) for zone in zones},
            probes=topology.probes,
            name=f"{topology.name}-probe-{site.name}",
            tags=self.tags(site),
        )
        ingress.add_probe_names(self, site, probes.public_addresses)
        TerraformOutput(
            self,
            "public_addresses",
            value=probes.public_addresses,
            description="The IPv4 address of each zone's probe",
        )
        self.add_connections(
            site,
            network_id=probes.network_id,
            security_group=probes.security_group,
            identity=probes.identity,
        )


def _in_batch(site: Site, zones: tuple[str, ...]) -> Site:
    """The site with the zones of a batch alone; its chosen zone may be in another batch."""
    return evolve(site, zones=zones, zone=site.zone if site.zone in zones else zones[0])
