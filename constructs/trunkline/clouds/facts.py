"""What is known of a cloud without its binding: plain data for checks, cost, placement and docs.

A folder beside this file is a cloud. Its `facts.py` holds its `FACTS`, and its `resources.py` the
class that makes its resources.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from attrs import field, frozen

from trunkline.errors import ConfigurationError
from trunkline.probing.metadata import PhysicalZoneQuery
from trunkline.terraform.refusals import Refusal

_IPV4 = re.compile(r"[0-9.]+")

CLOUDS = (
    "aws",
    "google",
    "azure",
    "local",
)
"""Every cloud, as topologies name it: the name of its folder, and of its extra if it has one."""


@frozen(kw_only=True)
class Sizes:
    """The machine sizes of a cloud, as the cloud names them."""

    defaults: tuple[str, ...]
    """Cheapest first; a site without `machine` gets the first that its zone offers."""

    pattern: str
    """A regular expression that the name of every size matches from start to end."""

    example: str
    """A size that suits an edge, for messages."""

    usual: str
    """A regular expression that the sizes known when this was written match from start to end."""

    common: tuple[str, ...]
    """Sizes that suit an edge, to suggest one in place of a misspelled name."""

    arm: str
    """A regular expression that the beginning of the name matches if the processor is Arm."""

    @property
    def default(self) -> str:
        """The cheapest of the defaults."""
        return self.defaults[0]

    def is_arm(self, size: str) -> bool:
        """Whether machines of this size boot an Arm image."""
        return re.match(self.arm, size) is not None


@frozen(kw_only=True)
class Disk:
    """The disk that a machine boots from."""

    kind: str
    """The kind, as the cloud names it."""

    gib: int
    """Its size in GiB."""

    special: Mapping[str, str] = field(factory=dict)
    """Another kind by a regular expression that the beginning of a size matches."""

    def kind_of(self, size: str) -> str:
        """The kind that machines of a size get."""
        kinds = (kind for start, kind in self.special.items() if re.match(start, size))
        return next(kinds, self.kind)


@frozen(kw_only=True)
class Role:
    """How a cloud spells the role that `deploy_as` names, where its account can be read off it."""

    pattern: str
    """A regular expression with the groups `partition` and `account`."""

    partitions: Mapping[str, str]
    """The partition by the beginning of a region's name; the first that fits counts."""

    example: str
    """The beginning of a role, for messages; `{partition}` is where the partition stands."""

    def partition_of(self, region: str) -> str:
        """The partition to which a region belongs."""
        return next(name for start, name in self.partitions.items() if region.startswith(start))


@frozen(kw_only=True)
class ConsoleCommand:
    """How the cloud's own command line prints what the console of a machine has shown.

    In the arguments `{machine}` is its name, `{group}` that of its stack's resources, and `{zone}`,
    `{region}` and `{account}` are where it is.
    """

    program: str
    """The command line."""

    install: str
    """Where it is had from."""

    read: tuple[str, ...]
    """The arguments that print it; with `find`, `{id}` is what that has printed."""

    find: tuple[str, ...] = ()
    """The arguments that print the machine's id, where its name does not do; `None` for none."""

    permission: str
    """What the operator must be allowed to do, as the cloud names it."""


@frozen(kw_only=True)
class Interconnect:
    """A link to another cloud that two clouds sell together, as far as it is documented."""

    regions: Mapping[str, str]
    """The region of the other cloud that it leads to, by the region of this one."""

    packet_bytes: int
    """How long a packet may be on it."""

    source: str
    """Where that is documented."""

    date: str
    """When it was looked up: a year and a month."""

    resources: tuple[str, ...] = ()
    """The resources of the link that the pinned bindings lack; none where no stack makes it."""


@frozen(kw_only=True)
class CloudFacts:
    """The facts of one cloud; a field that does not apply to a cloud keeps its default."""

    title: str
    """The cloud in messages: `Google Cloud`."""

    credentials: str
    """What it takes to apply a stack; `{account}` is where the site's account stands."""

    machine_type: str
    """The type of Terraform's resource that is a machine."""

    refusals: tuple[Refusal, ...] = ()
    """What its provider says where it refuses, and what to do."""

    on_this_machine: bool = False
    """Whether its machines are processes of this machine, on addresses of loopback."""

    regions: frozenset[str] = frozenset()
    """The regions known when this was written; another one is a warning, for clouds grow."""

    regions_without_zones: frozenset[str] = frozenset()
    """Those of the regions that have no availability zones."""

    zone_prefix: str | None = None
    """What stands before the one letter of a zone's name: `{region}-`. None: no such rule."""

    zones: tuple[str, ...] = ()
    """The zones, where they have the same names in every region; empty elsewhere."""

    zone_letters: Mapping[str, str] = field(factory=dict)
    """The last letter of each zone that a region had on `zones_date`, by region."""

    zones_date: str = ""
    """When `zone_letters` was compared with what the cloud lists: a year."""

    physical_zone_example: str | None = None
    """A physical zone in words, `an AWS AZ ID such as use1-az4`; None where none is exposed."""

    metadata: PhysicalZoneQuery | None = None
    """How a machine asks for its physical zone; None where it cannot."""

    packet_bytes: int = 1500
    """How long a packet may be that leaves the cloud whole, by its default network."""

    local_domains: tuple[str, ...] = ()
    """Domains below which its own DNS may know more than that of the internet."""

    interconnects: Mapping[str, Interconnect] = field(factory=dict)
    """The links to other clouds of which this one makes the key, by the other cloud's name."""

    names_route_tables: bool = False
    """Whether a network that exists must say which of its route tables get further routes."""

    metadata_hosts: frozenset[str] = frozenset()
    """Names and addresses of the metadata service, which hands out credentials."""

    sizes: Sizes | None = None
    """The machine sizes; None where a machine has none."""

    disk: Disk | None = None
    """The disk of each machine; None where a machine has none of its own."""

    reserved_tags: tuple[str, ...] = ()
    """How tags begin that the cloud keeps to itself."""

    most_tags: int = 50
    """How many tags a resource takes, those of trunkline's own included."""

    example_account: str | None = None
    """A regular expression that the accounts of examples match from start to end."""

    role: Role | None = None
    """The spelling of `deploy_as`; None where a role says nothing of the site's account."""

    console: ConsoleCommand | None = None
    """How to read a machine's console; None where a machine has none."""

    telemetry_provider: str | None = None
    """The cloud as OpenTelemetry names it (`cloud.provider`); None where it has no name for it.

    https://opentelemetry.io/docs/specs/semconv/registry/attributes/cloud/
    """

    perfkit_cloud: str | None = None
    """The cloud in PerfKit Benchmarker's results; None for a stand-in, which may be any."""

    perfkit_zone: str = "{zone}"
    """A zone in those results, of the site's `{region}` and the `{zone}`."""

    @property
    def exposes_physical_zones(self) -> bool:
        """Whether the cloud says which physical zone a zone's name means in an account."""
        return self.physical_zone_example is not None

    @property
    def metadata_addresses(self) -> tuple[str, ...]:
        """The IPv4 addresses among `metadata_hosts`."""
        return tuple(sorted(host for host in self.metadata_hosts if _IPV4.fullmatch(host)))


def check_cloud(cloud: str) -> None:
    """Raise ConfigurationError if there is no such cloud."""
    if cloud not in CLOUDS:
        raise ConfigurationError(f"unknown cloud {cloud!r}; use one of {', '.join(CLOUDS)}")


@cache
def facts_of(cloud: str) -> CloudFacts:
    """The facts of a cloud, by its name; ConfigurationError if there is no such cloud."""
    check_cloud(cloud)
    facts: CloudFacts = import_module(f"trunkline.clouds.{cloud}.facts").FACTS
    return facts


def interconnect_of(one: str, other: str) -> Interconnect | None:
    """The link that two clouds sell together; None where they do not."""
    return facts_of(one).interconnects.get(other) or facts_of(other).interconnects.get(one)
