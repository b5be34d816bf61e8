"""The Cloud protocol: what every pattern needs from a cloud, and nothing more.

A cloud is added in one folder beside this file (see CONTRIBUTING.md). Its `resources.py` derives
from `Cloud` and `MachineGroup` and makes real resources of its binding below the scope it is given;
nothing that it returns carries a type of the binding, only strings (Terraform expressions).
Construct ids come from zones, rule names and the ids passed in, never from list positions: they are
Terraform addresses, a contract with whoever has applied the stack.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from attrs import Factory, evolve, frozen
from cdktf import Fn, ITerraformDependable, TerraformResource, TerraformStack
from constructs import Construct

from trunkline.addresses.private_zones import WILDCARD, dashed, private_zones
from trunkline.errors import ConfigurationError
from trunkline.model import (
    MANAGED_BY,
    EdgeServices,
    ExistingNetwork,
    NewNetwork,
    PrivateWay,
    Site,
    Upstreams,
)
from trunkline.payload import Firewall, Rule, SecretSource, Unit

# Seconds that a record of a private zone lives, in every cloud.
PRIVATE_TTL = 60

# Terraform's own resource, which takes no provider.
TERRAFORM_DATA = "terraform_data"


@frozen(kw_only=True)
class SiteNetwork:
    """A network, made or found: its id, and the subnet that serves each zone.

    `depends_on` is what a machine in it needs to reach the internet. `route_tables` are those that
    may get further routes, each under its own part of construct ids; empty where the cloud has
    none, or where `Cloud.route` makes one.
    """

    id: str
    subnets: Mapping[str, str]
    route_tables: Mapping[str, str] = Factory(dict)
    depends_on: tuple[ITerraformDependable, ...] = ()


@frozen(kw_only=True)
class Secret:
    """A secret in the cloud's own store; `source` is how a machine reads it.

    `id` is what the cloud's permissions name; `name` is its own in construct ids. `resource` holds
    the value.
    """

    name: str
    id: str
    resource: ITerraformDependable
    source: SecretSource


@frozen(kw_only=True)
class GroupSpec:
    """Machines that are alike: one identity, one set of firewall rules and one size for all.

    `name` begins the names of what they share. Their identity may read `secrets` and nothing else.
    `size` None means the cheapest sensible one of the cloud. `security_groups` are groups of the
    user's own that the machines join, each under a name that becomes part of construct ids. They
    are IDs of security groups (AWS) or of application security groups (Azure), or network tags
    (Google Cloud).
    """

    name: str
    kind: Literal["edge", "probe"]
    firewall: Firewall
    secrets: tuple[Secret, ...] = ()
    size: str | None = None
    security_groups: Mapping[str, str] = Factory(dict)


@frozen(kw_only=True)
class MachineSpec:
    """A machine to make: Debian stable in `zone`, which runs `units`.

    `static_address` keeps the public address when the machine is stopped or replaced.
    `replaced_with` are expressions; the machine is replaced when one of them changes. One that
    `forwards` may take and send packets of other addresses than its own.
    """

    name: str
    zone: str
    units: tuple[Unit, ...]
    static_address: bool = False
    replaced_with: tuple[str, ...] = ()
    forwards: bool = False

    @property
    def remedy(self) -> str:
        """What to do where the machine needs more user data than its cloud takes."""
        return self.units[0].remedy


@frozen(kw_only=True)
class Machine:
    """A machine that is made: its id and its IPv4 addresses, as Terraform expressions.

    `next_hop` is what a route names to lead to it, where it `forwards`; empty elsewhere.
    """

    id: str
    public_address: str
    private_address: str
    next_hop: str = ""


@frozen(kw_only=True)
class LinkSpec:
    """A link that two clouds sell together, from one end.

    - `name`: what begins the names of its resources.
    - `bandwidth`: what it carries, as a topology says it.
    - `cloud`, `region`, `account`, `cidr`: the other end: where it is, whose, and the range of its
      network. The account may be an expression.
    """

    name: str
    bandwidth: str
    cloud: str
    region: str
    account: str
    cidr: str


class MachineGroup(ABC):
    """Makes machines that are alike, in one network; what they share is made with the group.

    A machine depends on all that it uses: its way out, its secrets, its grants and its rules. So
    the first boot does not race with them, and destruction ends the machine first; a tunnel whose
    machine still runs could not be deleted.

    `security_group` is what holds their rules, and `identity` who they are, both as the cloud's
    own rules and grants name them (Terraform expressions); None where the cloud, or a machine
    without a secret, has none.
    """

    security_group: str | None = None
    identity: str | None = None

    def __init__(self, scope: Construct, id: str, spec: GroupSpec, network: SiteNetwork) -> None:
        self.scope = scope
        self.id = id
        self.spec = spec
        self.network = network
        self.depends_on = [*network.depends_on, *(secret.resource for secret in spec.secrets)]

    @abstractmethod
    def machine(self, id: str, spec: MachineSpec) -> Machine:
        """Make one machine of the group."""


class Cloud(ABC):
    """Makes networks, secrets and machines of one site below one scope."""

    secret_bytes: ClassVar[int]
    """How long the text of one secret may be."""

    def __init__(
        self, scope: Construct, *, site: Site, name: str, tags: Mapping[str, str] | None = None
    ) -> None:
        """`name` begins every resource name; it must be unique in the account and region."""
        self.scope = scope
        self.site = site
        self.name = name
        self.tags = {MANAGED_BY: "trunkline", **(tags or {})}

    @staticmethod
    @abstractmethod
    def provider(scope: Construct, site: Site, *, read_only: bool = False) -> None:
        """Add the cloud's provider for the account and region of `site`.

        A `read_only` one changes nothing in the account, not even on its own behalf.
        """

    def network(self, zones: Sequence[str]) -> SiteNetwork:
        """Make the site's network, or find it, with a subnet for each of `zones`."""
        network = self.site.network
        if isinstance(network, ExistingNetwork):
            return self._find_network(network, zones)
        return self._make_network(network, zones)

    @abstractmethod
    def _find_network(self, network: ExistingNetwork, zones: Sequence[str]) -> SiteNetwork: ...

    @abstractmethod
    def _make_network(self, network: NewNetwork, zones: Sequence[str]) -> SiteNetwork: ...

    def upstreams(self) -> Upstreams:
        """The services behind the site's edge, as the site says (`Site.services`)."""
        return self.site.services

    def services(self, services: EdgeServices, network: SiteNetwork) -> EdgeServices:
        """What the edge has to do with services, as it reaches them in this cloud.

        It makes the private endpoints of those that the edge reaches by one, and says where they
        lead (`Service.ways`).
        """
        return services

    def physical_zones(self, zones: Sequence[str]) -> Mapping[str, str] | None:
        """The physical zone of each of `zones`, as measurement files write it: expressions.

        They are null for a zone that the account does not have. None where the cloud does not
        expose them, as `CloudFacts.exposes_physical_zones` says without any binding.
        """
        return None

    @abstractmethod
    def secret(self, id: str, value: str, version: int | None = None) -> Secret:
        """Keep `value` (a Terraform expression) in the cloud's secret store.

        With a `version` the value goes by a write-only argument (Terraform 1.11), so that it is in
        no state and no plan, and may be an ephemeral variable. It is written again when the version
        changes, and only then: Terraform cannot see that the value has changed.
        """

    def private_names(
        self, id: str, hosts: Collection[str], addresses: Sequence[str], network: SiteNetwork
    ) -> None:
        """Lead names to `addresses` (expressions of IPv4 addresses) for all that is in `network`.

        A host is a name, or `*.` before one, which stands for one label or more. Each gets a
        private DNS zone of exactly its own name, with A records that live for a minute
        (`trunkline.addresses.private_zones` says which). Whatever else is below such a name cannot
        be found in the network any more: ask for the wildcard too where it has to be.

        A network that exists must use the cloud's own DNS and have no private zone of that name;
        the cloud refuses a second one. Zones are paid by the month (`Prices.private_zone`).
        """
        for zone, names in private_zones(hosts).items():
            self._private_zone(f"{id}-{dashed(zone)}", zone, names, addresses, network)

    @abstractmethod
    def _private_zone(
        self,
        id: str,
        zone: str,
        names: Sequence[str],
        addresses: Sequence[str],
        network: SiteNetwork,
    ) -> None:
        """A private zone in the network, with an A record of `addresses` for each of `names`."""

    @abstractmethod
    def route(
        self, ranges: Mapping[str, str], machines: Mapping[str, Machine], network: SiteNetwork
    ) -> None:
        """Lead what goes from the network to `ranges` to the first of `machines`, which forward.

        `ranges` are IPv4 ranges by the name that becomes part of construct ids, `machines` those of
        each zone. A cloud that can has the next machine take over from one that does not run; the
        others keep to the first. Raises ConfigurationError where a network that exists does not say
        which of its route tables to use, and the cloud has to know.
        """

    def link_account(self) -> str:
        """The account as the other end of a link has to name it."""
        return self.site.account or ""

    def offer_link(self, link: LinkSpec) -> str:
        """Make this end of a link, in the network that the site's edge stands in; its key.

        The other end accepts the key (`accept_link`). Of two clouds the one offers whose facts have
        the link (`CloudFacts.interconnects`). Raises ConfigurationError where the cloud cannot.
        """
        raise ConfigurationError(f"the cloud of {self.site.name} offers no links")

    def accept_link(self, link: LinkSpec, key: str) -> None:
        """Make the other end of a link, with the key (an expression) of the end that offers it."""
        raise ConfigurationError(f"the cloud of {self.site.name} accepts no links")

    @abstractmethod
    def group(self, id: str, spec: GroupSpec, network: SiteNetwork) -> MachineGroup:
        """Make what machines that are alike share; the group then makes the machines."""


def by_ways(
    services: EdgeServices, ways: Mapping[str, Mapping[str, PrivateWay]], marks: Mapping[str, str]
) -> EdgeServices:
    """The services with the `ways` to the hosts of those that are reached, by service and host."""
    reached = [evolve(each, ways=ways.get(each.name, {})) for each in services.reached]
    return evolve(services, reached=tuple(reached), marks=marks)


def raw_provider(scope: Construct, source: str, version: str, **arguments: Any) -> str:
    """Add a provider that has no binding here, as plain JSON; its name."""
    stack, name = TerraformStack.of(scope), source.rpartition("/")[2]
    required = {"source": source, "version": version}
    stack.add_override(f"terraform.required_providers.{name}", required)
    known = {key: value for key, value in arguments.items() if value is not None}
    stack.add_override(f"provider.{name}", [known])
    return name


def raw_resource(
    scope: Construct,
    id: str,
    kind: str,
    provider: str,
    arguments: Mapping[str, Any],
    after: Sequence[ITerraformDependable] = (),
) -> str:
    """Make a resource that the bindings lack, as plain JSON; its address.

    Nothing checks the arguments before Terraform does. It comes `after` others.
    """
    resource = TerraformResource(
        scope, id, terraform_resource_type=kind, depends_on=list(after) or None
    )
    resource.add_override("provider", provider)
    for name, value in arguments.items():
        resource.add_override(name, value)
    return f"{kind}.{resource.friendly_unique_id}"


def given_network(id: str, network: ExistingNetwork, zones: Sequence[str]) -> SiteNetwork:
    """A network whose ID and subnets' IDs are given, so that nothing has to be looked up.

    Resources of the same stack are given like this: a look-up would come before they are made.
    """
    subnets = {zone: network.subnet_of(zone) for zone in zones}
    if missing := [zone for zone, subnet in subnets.items() if not subnet]:
        raise ConfigurationError(
            f"a network that is given by its ID needs the IDs of its subnets, and there is none "
            f"for {', '.join(missing)}"
        )
    return SiteNetwork(id=id, subnets={zone: subnet for zone, subnet in subnets.items() if subnet})


def written(argument: str, value: str, version: int | None) -> dict[str, Any]:
    """A secret's value as arguments of a resource: with a `version` the write-only ones."""
    if version is None:
        return {argument: value}
    return {f"{argument}_wo": value, f"{argument}_wo_version": version}


def fingerprint(secret: str) -> str:
    """A hash of a sensitive expression, as an expression that a plan may show."""
    return str(Fn.nonsensitive(Fn.sha256(secret)))


def replacement(scope: Construct, id: str, text: str, replaced_with: Sequence[str]) -> str:
    """The address of a resource that changes whenever the machine has to be replaced.

    `text` is the machine's user data. For `replace_triggered_by`, where the cloud itself would only
    update the machine, or where the bytes that it gets are not ours to keep.
    """
    # The framework's own class would ask for Terraform on PATH, which synthesis does not need.
    trigger = TerraformResource(scope, f"{id}-user-data", terraform_resource_type=TERRAFORM_DATA)
    others = {str(number): value for number, value in enumerate(replaced_with)}
    digest = hashlib.sha256(text.encode()).hexdigest()
    trigger.add_override("input", {"sha256": digest, **others})
    # Terraform wants the address here; the framework would write an expression.
    return f"{TERRAFORM_DATA}.{trigger.friendly_unique_id}"


def record_id(zone_id: str, name: str) -> str:
    """The construct id of a record of a private zone, which has two at most."""
    return f"{zone_id}-{'wildcard' if name.startswith(WILDCARD) else 'name'}"


def lookups(keys: Iterable[str], names: str, values: str) -> dict[str, str]:
    """For each key the expression of its value, null where it has none.

    `names` and `values` are Terraform expressions of two lists of equal length.
    """
    table = f"zipmap({names}, {values})"
    return {key: f"${{lookup({table}, {json.dumps(key)}, null)}}" for key in keys}


def rules_by_cidr(rules: Iterable[Rule]) -> dict[str, tuple[Rule, str]]:
    """One entry for each rule and range, for clouds whose rules hold one range; keys are ids."""
    return {
        f"{rule.name}-{cidr.replace('/', '-').replace('.', '-')}": (rule, cidr)
        for rule in rules
        for cidr in rule.cidrs
    }
