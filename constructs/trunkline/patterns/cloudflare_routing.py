"""Cloudflare before the edges: one hostname whose path prefixes lead to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from cdktf import TerraformProvider
from constructs import Construct

from trunkline import cloudflare
from trunkline.errors import ConfigurationError
from trunkline.model import (
    DEFAULT_PLAN,
    DEFAULT_STEERING,
    DEFAULT_STRATEGY,
    DEFAULT_TIMEOUT_SECONDS,
    DEFAULT_WORKER,
    DEFAULT_ZONE,
    AccessPolicy,
    Plan,
    Steering,
    WorkerOptions,
    ZoneOptions,
    default_hostname,
    health_path,
)
from trunkline.patterns.logpush import Logpush
from trunkline.patterns.provider import use_provider
from trunkline.routing import Origin, RouteSpec, VirtualHost, routing_spec
from trunkline.topology.arguments import check_hostname, check_prefixes, check_zone
from trunkline.topology.option_arguments import check_options


class CloudflareRouting(Construct):
    """One hostname whose path prefixes lead to edges: the zone, DNS, a Worker and its route.

    The stack needs the Cloudflare provider.

    - `account_id`: the Cloudflare account that holds the zone.
    - `domain`: the domain of the zone.
    - `routes`: for each path prefix its origins, site name to hostname, the first choice first. A
      site whose public edge has spares has several hostnames, among which the Worker shares the
      requests. They lie in the zone (see `EdgeOrigin`). The longest prefix that matches wins.
    - `edge_key`: the key that the edges let in (see `EdgeProxy`), a Terraform expression. It comes
      with every request. Without it: none, for origins that ask for none.
    - `hostname`: the public hostname. Without it: `api.<domain>`.
    - `name`: names the Worker; unique in the Cloudflare account.
    - `strategy`: `worker` works on every plan and fails over; `load_balancer` needs the add-on, and
      tunnels called as the first label of their hostname; `origin_rules` needs Enterprise and
      does not fail over.
    - `steering`: which healthy origin of a route answers. `order`: the first. `latency`: the one
      that Cloudflare reaches fastest, with `load_balancer` and Enterprise.
    - `hedged`: the prefixes of `routes` where a slow answer makes the Worker ask the next origin.
      All others wait for as long as the origin is healthy.
    - `upstreams`: the upstream of a prefix, where edges have several (see `EdgeProxy`): an origin
      serves such a prefix while that upstream is healthy.
    - `timeout_seconds`: how long the Worker waits for the headers of such an answer.
    - `hsts_seconds`: for how long browsers remember to ask over HTTPS alone (RFC 6797); 0 tells
      them nothing.
    - `analytics`: write a data point for every request into Workers Analytics Engine, in a dataset
      called as `name` says, with underscores. The account must have turned that on.
    - `access`: the prefixes of `routes` before which Cloudflare Access asks who comes, also for
      what is below them. The edges must be told so as well (see `EdgeProxy`).
    - `access_policy`: whom Access lets in there.
    - `create_zone`: make the zone, for HTTPS with TLS 1.2 or later alone; otherwise it is looked up
      by `domain`.
    - `smart_routing`: turn Argo Smart Routing on or off, in a zone that has bought it; or an
      expression that gives `on` or `off`. Without it: leave it as it is.
    - `plan`: the plan of the zone, which decides what `zone` and `logpush` may ask for.
    - `zone`: what the zone does beside routing: cache, images, managed rules, a limit for each
      client address. Its rules are all that the zone has of their kind.
    - `worker`: where the Worker runs, and the share of its requests that is logged.
    - `logpush`: where to send a line for every request to the hostname. Without it: nowhere.
    - `origin_pulls`: show Cloudflare's client certificate to the origins, which public edges ask
      for.
    - `provider`: the Cloudflare provider, where the stack has several of them.

    After construction:

    - `hostname`: the public hostname.
    - `name_servers`: for a zone that was made, the name servers to set at the registrar (Terraform
      expressions); otherwise None.

    >>> routing = CloudflareRouting(
    ...     stack,
    ...     "routing",
    ...     account_id="0123456789abcdef0123456789abcdef",
    ...     domain="example.com",
    ...     routes={"/api": {"aws": "edge-aws.example.com"}},
    ... )
    >>> routing.hostname
    'api.example.com'

    Raises ConfigurationError for arguments that a topology file would not have either, for an
    unknown strategy, or where it cannot do what the routes say.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        account_id: str,
        domain: str,
        routes: Mapping[str, Mapping[str, str | Sequence[str]]],
        edge_key: str | None = None,
        hostname: str | None = None,
        name: str = "trunkline",
        strategy: str = DEFAULT_STRATEGY,
        steering: Steering = DEFAULT_STEERING,
        hedged: Collection[str] = (),
        upstreams: Mapping[str, str] | None = None,
        timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS,
        hsts_seconds: int = 0,
        analytics: bool = False,
        access: Collection[str] = (),
        access_policy: AccessPolicy | None = None,
        create_zone: bool = False,
        smart_routing: bool | str | None = None,
        plan: Plan = DEFAULT_PLAN,
        zone: ZoneOptions = DEFAULT_ZONE,
        worker: WorkerOptions = DEFAULT_WORKER,
        logpush: Logpush | None = None,
        origin_pulls: bool = False,
        provider: TerraformProvider | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.hostname = hostname or default_hostname(domain)
        _check(f"CloudflareRouting {id}", account_id, domain, self.hostname, routes)
        sends = logpush is not None
        check_options(f"CloudflareRouting {id}", plan=plan, zone=zone, worker=worker, logpush=sends)
        upstreams = upstreams or {}
        named = {"hedged": hedged, "upstreams": upstreams, "access": access}
        for place, prefixes in named.items():
            if unknown := sorted({*prefixes} - {*routes}):
                raise ConfigurationError(
                    f"CloudflareRouting {id}: {place}: there is no route {', '.join(unknown)}; "
                    "name prefixes of routes"
                )
        self.name_servers: list[str] | None = None
        zone_id = self._zone(account_id, domain, create_zone)
        host = VirtualHost(
            name=name,
            hostname=self.hostname,
            routes=[
                _route(prefix, origins, prefix in hedged, upstreams.get(prefix))
                for prefix, origins in routes.items()
            ],
            timeout_seconds=timeout_seconds,
            hsts_seconds=hsts_seconds,
            analytics=analytics,
            worker=worker,
            steering=steering,
            edge_key=edge_key,
        )
        spec = routing_spec(host, strategy)
        cloudflare.add_routing(self, zone_id=zone_id, account_id=account_id, spec=spec)
        self._add_access(account_id, access, access_policy)
        cloudflare.add_zone_options(
            self, zone_id=zone_id, hostname=self.hostname, options=zone, plan=plan
        )
        if logpush is not None:
            self._add_logpush(zone_id, logpush)
        if smart_routing is not None:
            cloudflare.set_smart_routing(self, zone_id=zone_id, on=smart_routing)
        if origin_pulls:
            cloudflare.add_origin_pulls(self, zone_id=zone_id)
        if create_zone:  # not in a zone that others use
            cloudflare.add_https_only(self, zone_id=zone_id)
        if origin_pulls and create_zone:
            # Not in a zone that others use: its mode may be stricter for good reason.
            cloudflare.add_ssl_mode_full(self, zone_id=zone_id)
        use_provider(self, provider)

    def _add_access(
        self, account_id: str, prefixes: Collection[str], policy: AccessPolicy | None
    ) -> None:
        if not prefixes:
            return
        if policy is None:
            raise ConfigurationError(
                f"CloudflareRouting {self.node.id}: access: say whom it lets in with access_policy"
            )
        for prefix in prefixes:
            cloudflare.add_access_application(
                self,
                f"access-{prefix.strip('/').replace('/', '-') or 'root'}",
                account_id=account_id,
                name=f"{self.hostname}{prefix}",
                domain=f"{self.hostname}{prefix}".rstrip("/"),
                policy=policy,
            )

    def _add_logpush(self, zone_id: str, logpush: Logpush) -> None:
        cloudflare.add_logpush(
            self,
            zone_id=zone_id,
            hostname=self.hostname,
            destination=logpush.destination,
            challenge=logpush.ownership_challenge,
        )

    def _zone(self, account_id: str, domain: str, create: bool) -> str:
        if not create:
            return cloudflare.find_zone(self, "zone", account_id=account_id, domain=domain)
        zone = cloudflare.create_zone(self, "zone", account_id=account_id, domain=domain)
        self.name_servers = zone.name_servers
        return zone.id


def _check(
    construct: str,
    account_id: str,
    domain: str,
    hostname: str,
    routes: Mapping[str, Mapping[str, str | Sequence[str]]],
) -> None:
    check_zone(construct, account_id=account_id, domain=domain)
    check_hostname(construct, hostname, domain=domain)
    check_prefixes(construct, routes)
    origins: dict[str, str] = {}
    for site, hosts in (each for sites in routes.values() for each in sites.items()):
        if not hosts:
            raise ConfigurationError(f"{construct}: the origin of {site}: name a hostname")
        origins.update(dict.fromkeys(_several(hosts), site))
    for host, site in origins.items():
        check_hostname(construct, host, domain=domain, place=f"the origin of {site}")


def _route(
    prefix: str, origins: Mapping[str, str | Sequence[str]], hedge: bool, upstream: str | None
) -> RouteSpec:
    reached = [Origin.at(site, _several(hosts)) for site, hosts in origins.items()]
    return RouteSpec(prefix, reached, hedge, health_path(upstream))


def _several(hosts: str | Sequence[str]) -> Sequence[str]:
    return (hosts,) if isinstance(hosts, str) else hosts
