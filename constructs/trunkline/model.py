"""What a topology means: frozen classes with every default filled.

The classes are also the plain arguments of the public constructs. Defaults stand here once; a test
holds the `default` keys of schemas/topology.schema.json against them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations
from typing import Literal
from urllib.parse import urlsplit

from attrs import Factory, field, frozen

CloudName = Literal["aws", "google", "azure", "local"]
Plan = Literal["free", "pro", "business", "enterprise"]
AddOn = Literal["smart_routing"]
Exposure = Literal["tunnel", "public"]
Strategy = Literal["worker", "origin_rules"]


@frozen
class NewNetwork:
    """A network that the stack creates; `cidr` is its IPv4 range, at least a /24."""

    cidr: str = "10.10.0.0/16"


@frozen
class ExistingNetwork:
    """A network that is there already, found by `id` or by `name`.

    `subnets` names the subnet of each zone (`{"us-east-1a": "subnet-0abc"}`); the key `*` serves
    every zone, for clouds whose subnets span zones. Without it the AWS subnet of the zone is looked
    up. `resource_group` is Azure's and is needed there with `name`. `cidr` is for checks only.
    """

    id: str | None = None
    name: str | None = None
    subnets: Mapping[str, str] = Factory(dict)
    resource_group: str | None = None
    cidr: str | None = None

    def subnet_of(self, zone: str) -> str | None:
        """The declared subnet that serves `zone`, or None where none is declared."""
        return self.subnets.get(zone) or self.subnets.get("*")


Network = NewNetwork | ExistingNetwork


@frozen
class Upstream:
    """The service behind an edge: scheme, host and port of a URL without a path."""

    host: str
    port: int
    tls: bool

    @classmethod
    def from_url(cls, url: str) -> Upstream:
        """Read `http://host[:port]` or `https://host[:port]`; ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is not http://host[:port] or https://host[:port]")
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
            raise ValueError(f"{url} has more than scheme, host and port")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls)


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@frozen(kw_only=True)
class Site:
    """One cloud account's region that takes part.

    `zone` is the chosen zone, where the edge stands; `zones` are the candidates, one probe each.
    On `cloud: local` a site stands on this machine, and `network` is a range of loopback.
    `account` is the AWS account number, the Google project or the Azure subscription; `deploy_as`
    is the AWS role or Google service account that Terraform acts as. `machine` is a size in the
    cloud's own words; None stands for the cheapest sensible one of the cloud.
    """

    name: str
    cloud: CloudName
    region: str
    zone: str
    zones: tuple[str, ...] = field(
        default=Factory(lambda self: (self.zone,), takes_self=True), converter=_texts
    )
    account: str | None = None
    network: Network = NewNetwork()
    machine: str | None = None
    deploy_as: str | None = None
    upstream: Upstream | None = None

    @property
    def tells_physical_zones(self) -> bool:
        """Whether the cloud says which physical zone a zone's name means in an account.

        Google maps zones to clusters for each organisation and shows nobody.
        """
        return self.cloud in ("aws", "azure")


@frozen(kw_only=True)
class Probes:
    """The machines that measure.

    `operators` are the address ranges that may fetch results. `samples` is how many round trips a
    sweep takes of each pair and direction; a sweep begins every `interval_seconds`, the first one
    when all probes are up, or after `deadline_seconds`. A site has `max_parallel` probes at a time,
    None for all of its zones; `batch` says which (see `Topology.probed_zones`).
    """

    operators: tuple[str, ...] = ()
    port: int = 8100
    samples: int = 200
    interval_seconds: int = 600
    deadline_seconds: int = 600
    max_parallel: int | None = None
    batch: int = 1


@frozen(kw_only=True)
class Edge:
    """How every edge is reached: through a tunnel (no inbound port) or publicly by Cloudflare."""

    exposure: Exposure = "tunnel"


@frozen
class Route:
    """A path prefix, the site that serves it, and the sites that stand in, in order."""

    prefix: str
    site: str
    failover: tuple[str, ...] = ()

    @property
    def sites(self) -> tuple[str, ...]:
        """Every site that may serve the route, first choice first."""
        return (self.site, *self.failover)


@frozen(kw_only=True)
class Routing:
    """How requests find their site; `smart_routing` None means wherever it is bought."""

    hostname: str
    routes: tuple[Route, ...]
    strategy: Strategy = "worker"
    timeout_seconds: int = 30
    smart_routing: bool | None = None


@frozen(kw_only=True)
class Cloudflare:
    """The Cloudflare account and what its plan includes; `create_zone` False looks the zone up."""

    account_id: str
    plan: Plan = "free"
    add_ons: tuple[AddOn, ...] = ()
    create_zone: bool = False


LatencyRow = tuple[str, tuple[float, ...]]


@frozen(kw_only=True)
class LocalFront:
    """This machine in front of sites that stand on it: the Worker answers on `port` of loopback.

    `latency_ms` holds the round trips that probes emulate, as a triangle: a zone (`site/zone`), and
    its round trip in milliseconds to the zone of each row above.
    """

    port: int = 8000
    latency_ms: tuple[LatencyRow, ...] = ()

    def latencies(self, zone: str) -> dict[str, float]:
        """The emulated round trips of `zone` (`site/zone`) in milliseconds, by the other zone."""
        names = [name for name, _ in self.latency_ms]
        pairs = [
            (name, other, value)
            for name, row in self.latency_ms
            for other, value in zip(names, row, strict=False)
        ]
        return {
            (other if name == zone else name): value
            for name, other, value in pairs
            if zone in (name, other)
        }


Front = Cloudflare | LocalFront


@frozen(kw_only=True)
class LocalState:
    """State files in a folder beside `cdktf.out`, as a relative path."""

    directory: str = "state"


@frozen(kw_only=True)
class TerraformCloudState:
    """HCP Terraform, one workspace per stack."""

    organization: str
    project: str | None = None
    hostname: str = "app.terraform.io"


@frozen(kw_only=True)
class S3State:
    """An S3 bucket; locks are files beside the state."""

    bucket: str
    region: str
    prefix: str = "trunkline"


@frozen(kw_only=True)
class GcsState:
    """A Google Cloud Storage bucket."""

    bucket: str
    prefix: str = "trunkline"


@frozen(kw_only=True)
class AzurermState:
    """A container of an Azure storage account."""

    resource_group: str
    storage_account: str
    container: str
    prefix: str = "trunkline"


State = LocalState | TerraformCloudState | S3State | GcsState | AzurermState


@frozen(kw_only=True)
class Topology:
    """A validated topology file; `front` is what stands before the edges."""

    name: str
    domain: str
    front: Front
    sites: tuple[Site, ...]
    routing: Routing
    state: State = LocalState()
    probes: Probes | None = Probes()
    edge: Edge = Edge()
    tags: Mapping[str, str] = Factory(dict)

    def site(self, name: str) -> Site:
        """The site of that name; KeyError where there is none."""
        return {site.name: site for site in self.sites}[name]

    @property
    def probe_batches(self) -> int:
        """How many batches it takes to measure every zone of a site with those of all others."""
        return math.prod(len(groups) for groups in self._probe_groups())

    def probed_zones(self, site: str) -> tuple[str, ...]:
        """The zones of a site in which a probe stands in the current batch.

        Each site's zones fall into groups of `max_parallel`; the batches are all combinations of
        one group of each site, counted like the digits of a number.
        """
        rest = (self.probes or Probes()).batch - 1
        for each, groups in zip(self.sites, self._probe_groups(), strict=True):
            rest, digit = divmod(rest, len(groups))
            if each.name == site:
                return groups[digit]
        raise KeyError(site)

    def measurable_pairs(self) -> Iterator[tuple[str, str]]:
        """Every ordered pair of zones (`site/zone`) that some batch measures, in the file's order.

        Zones of two sites meet in a batch; two of one site only where one group holds both.
        """
        places = [
            (site.name, number, f"{site.name}/{zone}")
            for site, groups in zip(self.sites, self._probe_groups(), strict=True)
            for number, group in enumerate(groups)
            for zone in group
        ]
        for (site, group, name), (other_site, other_group, other) in permutations(places, 2):
            if site != other_site or group == other_group:
                yield name, other

    def _probe_groups(self) -> list[list[tuple[str, ...]]]:
        most = (self.probes or Probes()).max_parallel
        return [
            [
                site.zones[i : i + (most or len(site.zones))]
                for i in range(0, len(site.zones), most or len(site.zones))
            ]
            for site in self.sites
        ]

    def origin_hostname(self, site: str) -> str:
        """The name under which Cloudflare finds the edge of `site`; sites need no other rendezvous.

        It is one label deep, because Cloudflare's free certificate covers no deeper name.
        """
        return f"{self.name}-edge-{site}.{self.domain}"
