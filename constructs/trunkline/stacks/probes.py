"""The stack `probes-<site>`: the probes of a site, and the names that the others use."""

from __future__ import annotations

from attrs import evolve
from cdktf import App, Fn, TerraformOutput, TerraformStack, TerraformVariable

from trunkline.addresses.names import peers
from trunkline.clouds import cloud_class
from trunkline.ingress import ingress_of
from trunkline.model import Site, Topology
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
            key=_key(self),
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


def _key(stack: TerraformStack) -> str:
    """The variable that takes the key of all probes, as an expression.

    It has a default, which its validation refuses: cdktf-cli waits for ever where Terraform asks
    for a variable.
    """
    key = TerraformVariable(
        stack,
        "probe_key",
        type="string",
        sensitive=True,
        nullable=False,
        default="",
        description="The key that all probes share: trunkline probe-key prints a new one",
    )
    value = str(key.string_value)
    key.add_validation(
        condition=Fn.can(Fn.regex("^[0-9a-fA-F]{64}$", value)),
        error_message=(
            "The probes need a key of 64 hexadecimal digits. Make one with trunkline probe-key, "
            "keep it, and set TF_VAR_probe_key to it."
        ),
    )
    return value
