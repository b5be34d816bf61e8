"""One small machine in every candidate zone of a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constructs import Construct

from trunkline.addresses.names import Peer
from trunkline.clouds import cloud_class
from trunkline.clouds.base import GroupSpec, MachineSpec, Secret, fingerprint, short_name
from trunkline.clouds.facts import facts_of
from trunkline.model import Probes, Site
from trunkline.payload import machine_firewall
from trunkline.payload.units import Agent


class ProbeSet(Construct):
    """One small machine in every candidate zone of a site, to measure from.

    Each answers authenticated packets on UDP `probes.port`, takes connections on the TCP port after
    it, and gives its results on TCP `probes.port`, to the addresses in `probes.operators` only. The
    stack needs the provider of the site's cloud.

    - `site`: the cloud, the candidate zones and the network.
    - `key`: the key that all probes share, a Terraform expression (see `trunkline probe-key`). It
      reaches the machines through the cloud's secret store. A new key replaces them.
    - `peers`: for each zone all probes that measure one another, its own included, and how its
      agent finds them.
    - `probes`: the ports, who may fetch the results, and how often is measured.
    - `name`: begins the names of all resources; unique in the account and region. Without it:
      `probe-<site>`.
    - `tags`: tags (labels on Google Cloud) of every resource that can carry them.

    After construction:

    - `public_addresses`: the public IPv4 address of each zone's probe, a Terraform expression.

    >>> site = Site(
    ...     name="aws",
    ...     cloud="aws",
    ...     region="us-east-1",
    ...     zone="us-east-1a",
    ...     zones=("us-east-1a", "us-east-1b"),
    ... )
    >>> probes = ProbeSet(stack, "probes", key=key.string_value, peers=peers, site=site)
    >>> list(probes.public_addresses)
    ['us-east-1a', 'us-east-1b']
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        site: Site,
        key: str,
        peers: Mapping[str, Sequence[Peer]],
        probes: Probes | None = None,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        probes = probes or Probes()
        name = name or f"probe-{site.name}"
        cloud = cloud_class(site.cloud)(self, site=site, name=name, tags=tags)
        network = cloud.network(site.zones)
        secret = cloud.secret("key", key)
        agents = {zone: _agent(site, zone, probes, peers[zone], secret) for zone in site.zones}
        # Probes read the same key and take the same traffic, so they share identity and rules.
        group = cloud.group(
            "machines",
            GroupSpec(
                name=name,
                kind="probe",
                firewall=machine_firewall([agents[site.zones[0]]]),
                secrets=(secret,),
                size=site.machine,
            ),
            network,
        )
        # Nobody can log in to restart an agent, and with another key it is a stranger.
        replaced_with = (fingerprint(key),)
        machines = {
            zone: group.machine(f"machine-{zone}", _machine(name, zone, agent, replaced_with))
            for zone, agent in agents.items()
        }
        self.public_addresses = {zone: made.public_address for zone, made in machines.items()}


def _agent(site: Site, zone: str, probes: Probes, peers: Sequence[Peer], secret: Secret) -> Agent:
    return Agent(
        site=site.name,
        cloud=site.cloud,
        zone=zone,
        probes=probes,
        peers=tuple(peers),
        key=secret.source,
        metadata=facts_of(site.cloud).metadata,
    )


def _machine(name: str, zone: str, agent: Agent, replaced_with: tuple[str, ...]) -> MachineSpec:
    return MachineSpec(
        # Google's instances have the shortest names: 63 characters.
        name=short_name(f"{name}-{zone}", 63),
        zone=zone,
        units=(agent,),
        replaced_with=replaced_with,
    )
