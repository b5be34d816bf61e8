"""One small machine in every candidate zone of a site."""

from __future__ import annotations

from collections.abc import Mapping

from constructs import Construct

from trunkline.clouds import cloud_class
from trunkline.clouds.base import WEB, Firewall, MachineSpec, Rule, short_name
from trunkline.model import Probes, Site
from trunkline.payload import ProbePayload


class ProbeSet(Construct):
    """One small machine in every candidate zone of a site, to measure from.

    Each answers `GET /healthz` on `probes.port`, to the addresses in `probes.operators` only; where
    there are none, no port is open. `name` begins the names of all resources and must be unique in
    the account and region. The stack needs the provider of the site's cloud.

    >>> ProbeSet(stack, "probes", site=Site(name="aws", cloud="aws", region="us-east-1",
    ...          zone="us-east-1a", zones=["us-east-1a", "us-east-1b"]))

    After construction `public_addresses` is a mapping from zone to Terraform expression.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        site: Site,
        probes: Probes | None = None,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        probes = probes or Probes()
        name = name or f"probe-{site.name}"
        cloud = cloud_class(site.cloud)(self, site=site, name=name, tags=tags)
        network = cloud.network(site.zones)
        machines = {
            zone: cloud.machine(f"machine-{zone}", _machine(name, site, zone, probes), network)
            for zone in site.zones
        }
        self.public_addresses = {zone: made.public_address for zone, made in machines.items()}


def _machine(name: str, site: Site, zone: str, probes: Probes) -> MachineSpec:
    return MachineSpec(
        # Google's instances have the shortest names: 63 characters.
        name=short_name(f"{name}-{zone}", 63),
        zone=zone,
        size=site.machine,
        payload=ProbePayload(site=site.name, cloud=site.cloud, zone=zone, port=probes.port),
        firewall=_firewall(probes),
    )


def _firewall(probes: Probes) -> Firewall:
    operators = Rule(name="operators", port=probes.port, cidrs=probes.operators)
    return Firewall(ingress=(operators,) if probes.operators else (), egress=WEB)
