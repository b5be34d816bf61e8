"""Routing by Origin Rules: no Worker in the path and no price per request, but no failover."""

from __future__ import annotations

from trunkline.routing.expressions import of_prefix
from trunkline.routing.spec import OriginRule, OriginRulesRouting, RouteSpec, VirtualHost
from trunkline.routing.strategy import Strategy


def origin_rules(host: VirtualHost) -> OriginRulesRouting:
    """One rule per route. The name and the time-out have no counterpart in a rule."""
    # All matching rules apply and a later one overrides an earlier one, so the longest prefix
    # stands last: https://developers.cloudflare.com/rules/origin-rules/faq/
    ordered = sorted(host.routes, key=lambda route: (len(route.prefix), route.prefix))
    return OriginRulesRouting(
        hostname=host.hostname,
        rules=tuple(_rule(host.hostname, route) for route in ordered),
        edge_key=host.edge_key,
    )


# Overriding the Host header, SNI and DNS record is for Enterprise plans only:
# https://developers.cloudflare.com/rules/origin-rules/#availability
ORIGIN_RULES = Strategy(
    name="origin_rules",
    spec=origin_rules,
    fails_over=False,
    spreads=False,
    hedges=False,
    sets_headers=False,
    writes_analytics=False,
    runs_worker=False,
    plan="enterprise",
)


def _rule(hostname: str, route: RouteSpec) -> OriginRule:
    origin = route.origins[0]
    return OriginRule(
        prefix=route.prefix,
        expression=of_prefix(hostname, route.prefix),
        hostname=origin.hostname,
        description=f"{route.prefix} is served by {origin.site}",
    )
