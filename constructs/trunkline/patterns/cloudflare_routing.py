"""Cloudflare before the edges: one hostname whose path prefixes lead to them."""

from __future__ import annotations

from collections.abc import Mapping

from constructs import Construct

from trunkline import cloudflare
from trunkline.model import DEFAULT_STRATEGY, DEFAULT_TIMEOUT_SECONDS, default_hostname
from trunkline.routing import Origin, RouteSpec, VirtualHost, routing_spec


class CloudflareRouting(Construct):
    """One hostname whose path prefixes lead to edges: the zone, DNS, a Worker and its route.

    `routes` maps a path prefix to its origins, site to hostname, first choice first; the hostnames
    lie in the zone (see `EdgeOrigin`). `hostname` is `api.` and the domain by default. `strategy`
    is `worker`, on every plan, or `origin_rules`, on Enterprise and without failover.
    `timeout_seconds` is how long the Worker waits for an origin before it asks the next one.
    `smart_routing` needs the paid add-on. `origin_pulls` shows Cloudflare's client certificate to
    public edges. `create_zone` makes the zone; otherwise it is looked up. The stack needs the
    Cloudflare provider.

    >>> CloudflareRouting(stack, "routing", account_id="0123…", domain="example.com",
    ...                   routes={"/api": {"aws": "edge-aws.example.com"}})

    After construction `hostname` is the public hostname, and `name_servers` an expression of those
    to set at the registrar of a zone that is made. Raises ConfigurationError for an unknown
    strategy, or where it cannot do what the routes say.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        account_id: str,
        domain: str,
        routes: Mapping[str, Mapping[str, str]],
        hostname: str | None = None,
        name: str = "trunkline",
        strategy: str = DEFAULT_STRATEGY,
        timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS,
        create_zone: bool = False,
        smart_routing: bool = False,
        origin_pulls: bool = False,
    ) -> None:
        super().__init__(scope, id)
        self.hostname = hostname or default_hostname(domain)
        self.name_servers: list[str] | None = None
        zone_id = self._zone(account_id, domain, create_zone)
        host = VirtualHost(
            name=name,
            hostname=self.hostname,
            routes=[_route(prefix, origins) for prefix, origins in routes.items()],
            timeout_seconds=timeout_seconds,
        )
        spec = routing_spec(host, strategy)
        cloudflare.add_routing(self, zone_id=zone_id, account_id=account_id, spec=spec)
        if smart_routing:
            cloudflare.add_smart_routing(self, zone_id=zone_id)
        if origin_pulls:
            cloudflare.add_origin_pulls(self, zone_id=zone_id)
        if origin_pulls and create_zone:
            # Not in a zone that others use: its mode may be stricter for good reason.
            cloudflare.add_ssl_mode_full(self, zone_id=zone_id)

    def _zone(self, account_id: str, domain: str, create: bool) -> str:
        if not create:
            return cloudflare.find_zone(self, "zone", account_id=account_id, domain=domain)
        zone = cloudflare.create_zone(self, "zone", account_id=account_id, domain=domain)
        self.name_servers = zone.name_servers
        return zone.id


def _route(prefix: str, origins: Mapping[str, str]) -> RouteSpec:
    return RouteSpec(prefix, [Origin(site, f"https://{host}") for site, host in origins.items()])
