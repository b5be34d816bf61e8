"""One small machine in every candidate zone of a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf import TerraformProvider
from constructs import Construct

from trunkline.addresses.base import machine_name
from trunkline.addresses.names import Peer
from trunkline.clouds import cloud_class
from trunkline.clouds.base import GroupSpec, MachineSpec, Secret, fingerprint
from trunkline.clouds.facts import facts_of
from trunkline.model import Probes, Site
from trunkline.patterns.provider import use_provider
from trunkline.payload import machine_firewall
from trunkline.payload.units import Agent
from trunkline.topology.arguments import check_name, check_probes, check_site


class ProbeSet(Construct):
    """One small machine in every candidate zone of a site, to measure from.

    Each answers authenticated packets on UDP `probes.port`, takes connections on the TCP port after
    it, and gives its results on TCP `probes.port`, to the addresses in `probes.operators` only. The
    stack needs the provider of the site's cloud.

    - `site`: the cloud, the candidate zones and the network.
    - `key`: the key that all probes share, a Terraform expression (see `trunkline keys`). It
      reaches the machines through the cloud's secret store. A new key replaces them.
    - `peers`: for each zone all probes that measure one another, its own included, and how its
      agent finds them.
    - `probes`: the ports, who may fetch the results, and how often is measured.
    - `name`: begins the names of all resources; unique in the account and region. Without it:
      `probe-<site>`.
    - `tags`: tags (labels on Google Cloud) of every resource that can carry them.
    - `security_groups`: groups of your own that the machines join, by a name that is unique here
      and becomes part of Terraform addresses: IDs of security groups (AWS) or of application
      security groups (Azure), or network tags (Google Cloud).
    - `provider`: the provider of the site's cloud, where the stack has several of them.

    After construction, all of them Terraform expressions or plain text:

    - `public_addresses`: the public IPv4 address of each zone's probe.
    - `machine_ids`: the machine of each zone, as its cloud names it.
    - `network_id`: the network of the machines.
    - `subnet_ids`: the subnet of each zone.
    - `security_group`: the ID of their security group (AWS) or network security group (Azure), for
      rules of your own; None on Google Cloud, whose rules name the `identity`.
    - `identity`: who they are, for grants of your own: the name of their role (AWS), the e-mail
      address of their service account (Google Cloud), the principal ID of their managed identity
      (Azure).

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
        security_groups: Mapping[str, str] | None = None,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id)
        probes = probes or Probes()
        name = name or f"probe-{site.name}"
        check_site(f"ProbeSet {id}", site, tags=tags)
        check_name(f"ProbeSet {id}", name)
        check_probes(f"ProbeSet {id}", probes)
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
                security_groups=security_groups or {},
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
        self.machine_ids = {zone: made.id for zone, made in machines.items()}
        self.network_id, self.subnet_ids = network.id, dict(network.subnets)
        self.security_group, self.identity = group.security_group, group.identity
        use_provider(self, provider)


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
        name=machine_name(name, zone),
        zone=zone,
        units=(agent,),
        replaced_with=replaced_with,
    )
