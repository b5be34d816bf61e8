"""Cloudflare before the edges: one hostname whose path prefixes lead to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constructs import Construct

from trunkline import cloudflare
from trunkline.model import DEFAULT_STRATEGY
from trunkline.routing import Origin, RouteSpec, VirtualHost, routing_spec


class CloudflareRouting(Construct):
    """One hostname whose path prefixes lead to edges: the zone, DNS, a Worker and its route.

    `routes` maps a path prefix to its origins, site to hostname, first choice first; the hostnames
    lie in the zone (see `EdgeOrigin`). `strategy` is `worker`, on every plan, or `origin_rules`, on
    Enterprise. `create_zone` makes the zone and sets `name_servers`; otherwise it is looked up.
    `smart_routing` needs the paid add-on. `origin_pulls` shows Cloudflare's client certificate to
    public edges. The stack needs the Cloudflare provider.

    >>> CloudflareRouting(stack, "routing", account_id="0123…", domain="example.com",
    ...                   routes={"/api": {"aws": "edge-aws.example.com"}})
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
        timeout_seconds: int = 30,
        create_zone: bool = False,
        smart_routing: bool = False,
        origin_pulls: bool = False,
    ) -> None:
        super().__init__(scope, id)
        self.hostname = hostname or f"api.{domain}"
        self.name_servers: list[str] | None = None
        zone_id = self._zone(account_id, domain, create_zone)
        host = VirtualHost(
            name=name,
            hostname=self.hostname,
            routes=_route_specs(routes),
            timeout_seconds=timeout_seconds,
        )
        spec = routing_spec(host, strategy)
        cloudflare.add_routing(self, zone_id=zone_id, account_id=account_id, spec=spec)
        if smart_routing:
            cloudflare.add_smart_routing(self, zone_id=zone_id)
        if origin_pulls:
            cloudflare.origin_pulls(self, zone_id=zone_id)
        if origin_pulls and create_zone:
            # Not in a zone that others use: its mode may be stricter for good reason.
            cloudflare.encrypt_to_origin(self, zone_id=zone_id)

    def _zone(self, account_id: str, domain: str, create: bool) -> str:
        if not create:
            return cloudflare.find_zone(self, "zone", account_id=account_id, domain=domain)
        zone_id, self.name_servers = cloudflare.create_zone(
            self, "zone", account_id=account_id, domain=domain
        )
        return zone_id


def _route_specs(routes: Mapping[str, Mapping[str, str]]) -> Sequence[RouteSpec]:
    return [
        RouteSpec(prefix, [Origin(site, f"https://{host}") for site, host in origins.items()])
        for prefix, origins in routes.items()
    ]
