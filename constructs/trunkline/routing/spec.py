"""What a routing strategy is given, and what it makes of that: plain data, before any resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from attrs import field, frozen, validators

from trunkline.model import (
    DEFAULT_STEERING,
    DEFAULT_TIMEOUT_SECONDS,
    DEFAULT_WORKER,
    HEALTH_PATH,
    Steering,
    WorkerOptions,
)
from trunkline.model.converters import texts


@frozen
class Origin:
    """The edge of a site as Cloudflare reaches it; `url` is scheme and host, without a path.

    `spares` are the URLs of its further machines, where they are reached one by one.
    """

    site: str
    url: str
    spares: tuple[str, ...] = field(default=(), converter=texts)

    @classmethod
    def at(cls, site: str, hostnames: Sequence[str]) -> Origin:
        """The edge of a site at its hostnames over HTTPS, those of its spares last."""
        first, *others = (f"https://{each}" for each in hostnames)
        return cls(site, first, others)

    @property
    def urls(self) -> tuple[str, ...]:
        """Those of all its machines."""
        return (self.url, *self.spares)

    @property
    def hostname(self) -> str:
        """The host of `url`, without a port."""
        return urlsplit(self.url).hostname or ""


def canonical_prefix(prefix: str) -> str:
    """A path prefix without a trailing slash; "/" is itself."""
    return prefix.rstrip("/") or "/"


def _origins(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    return tuple(origins)


@frozen
class RouteSpec:
    """A path prefix, matched by whole segments, and its origins: the first choice comes first.

    With `hedge` a request that may be replayed asks the next origin after the virtual host's
    time-out. `health` is the path where an origin says whether it can serve the route.

    A trailing slash of the prefix goes away, except from "/" itself. ValueError without an origin.
    """

    prefix: str = field(converter=canonical_prefix)
    origins: tuple[Origin, ...] = field(converter=_origins, validator=validators.min_len(1))
    hedge: bool = False
    health: str = HEALTH_PATH


def _routes(routes: Iterable[RouteSpec]) -> tuple[RouteSpec, ...]:
    return tuple(routes)


@frozen(kw_only=True)
class VirtualHost:
    """A hostname and its routes. `name` is the topology's and begins the names of resources.

    `timeout_seconds` is how long a request to a hedged route waits for the headers of an origin's
    response while another origin is left. `hsts_seconds` is for how long browsers remember to ask
    over HTTPS alone; 0 tells them nothing. With `analytics` a data point is written for every
    request. `worker` says how a Worker is run. `steering` says which healthy origin of a route
    answers. `edge_key` is what the origins ask for, a Terraform
    expression; None where they ask for nothing.
    """

    name: str
    hostname: str
    routes: tuple[RouteSpec, ...] = field(converter=_routes)
    timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS
    hsts_seconds: int = 0
    analytics: bool = False
    worker: WorkerOptions = DEFAULT_WORKER
    steering: Steering = DEFAULT_STEERING
    edge_key: str | None = None


@frozen
class Script:
    """A Worker: an ES module, its `plain_text` bindings and its `secret_text` bindings, by name.

    The secrets are Terraform expressions. `datasets` are those of Workers Analytics Engine, by the
    name of their bindings. `options` say how Cloudflare runs it.
    """

    name: str
    content: str
    main_module: str
    compatibility_date: str
    bindings: Mapping[str, str]
    secrets: Mapping[str, str] = field(factory=dict)
    datasets: Mapping[str, str] = field(factory=dict)
    options: WorkerOptions = DEFAULT_WORKER


@frozen
class OriginRule:
    """An Origin Rule: where `expression` matches, Host header, SNI and DNS become `hostname`."""

    prefix: str
    expression: str
    hostname: str
    description: str


@frozen
class WorkerRouting:
    """A Worker that answers all requests to `hostname`."""

    hostname: str
    script: Script


@frozen
class OriginRulesRouting:
    """Origin Rules for requests to `hostname`, in their order; each request gets `edge_key`."""

    hostname: str
    rules: tuple[OriginRule, ...]
    edge_key: str | None = None


@frozen
class Pool:
    """The edge of a site as a load balancer reaches it: the tunnel that leads to `hostname`.

    It counts as healthy while `health` answers 200.
    """

    name: str
    site: str
    hostname: str
    health: str

    @property
    def tunnel(self) -> str:
        """The tunnel's name, which is the first label of the hostname."""
        return self.hostname.partition(".")[0]


@frozen
class PoolRule:
    """Where `expression` matches, requests go to one of `pools` that is healthy."""

    prefix: str
    expression: str
    pools: tuple[str, ...]


@frozen(kw_only=True)
class LoadBalancerRouting:
    """A load balancer that answers all requests to `hostname`: by its rules, in their order.

    What none of them matches goes to the pools `default`. `steering` says which healthy pool gets a
    request. Each request gets `edge_key`.
    """

    name: str
    hostname: str
    pools: tuple[Pool, ...]
    rules: tuple[PoolRule, ...]
    default: tuple[str, ...]
    steering: Steering = DEFAULT_STEERING
    edge_key: str | None = None


RoutingSpec = WorkerRouting | OriginRulesRouting | LoadBalancerRouting
