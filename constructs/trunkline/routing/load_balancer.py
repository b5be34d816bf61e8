"""Routing by Cloudflare Load Balancing: failover by Cloudflare's own health checks, no Worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trunkline.model import HEALTH_PATH, Plan
from trunkline.routing.expressions import of_prefix
from trunkline.routing.spec import (
    LoadBalancerRouting,
    Pool,
    PoolRule,
    RouteSpec,
    VirtualHost,
)
from trunkline.routing.strategy import Excess, Strategy

# Plans but Enterprise have one rule for each load balancer, beside its default:
# https://developers.cloudflare.com/load-balancing/additional-options/load-balancing-rules/#availability
ROUTES_BELOW_ENTERPRISE = 2
# https://developers.cloudflare.com/load-balancing/monitors/create-monitor/
INTERVAL_SECONDS = 60


def load_balancer(host: VirtualHost) -> LoadBalancerRouting:
    """A pool for each site and health path, and a rule for each route but the last.

    The longest prefix comes first and ends the search. What matches no rule goes to the pools of
    the last route, whose edges answer 404 where it is not below that.
    """
    *others, last = sorted(host.routes, key=lambda route: (-len(route.prefix), route.prefix))
    pools = {pool.name: pool for route in host.routes for pool in _pools(host, route)}
    return LoadBalancerRouting(
        name=host.name,
        hostname=host.hostname,
        pools=tuple(pools.values()),
        rules=tuple(_rule(host, route) for route in others),
        default=_names(host, last),
        steering=host.steering,
        edge_key=host.edge_key,
    )


def oversized(routes: Sequence[RouteSpec], plan: Plan | None) -> Iterator[Excess]:
    """More routes than the plan has rules for."""
    if plan not in (None, "enterprise") and len(routes) > ROUTES_BELOW_ENTERPRISE:
        yield Excess(
            f"load_balancer takes {ROUTES_BELOW_ENTERPRISE} routes on the plan {plan}, and here "
            f"are {len(routes)}",
            "use the strategy worker, or fewer routes; Enterprise takes more",
        )


LOAD_BALANCER = Strategy(
    name="load_balancer",
    spec=load_balancer,
    fails_over=True,
    spreads=False,
    hedges=False,
    sets_headers=False,
    writes_analytics=False,
    runs_worker=False,
    names_tunnels=True,
    add_ons=("load_balancing",),
    # The fastest site is known where monitors ask from all regions:
    # https://developers.cloudflare.com/load-balancing/understand-basics/traffic-steering/steering-policies/dynamic-steering/
    # Only Enterprise has them all: https://github.com/cloudflare/cloudflare-docs/pull/31421
    steerings={"order": "free", "latency": "enterprise"},
    exposures=("tunnel",),
    oversized=oversized,
)


def _rule(host: VirtualHost, route: RouteSpec) -> PoolRule:
    expression = of_prefix(host.hostname, route.prefix)
    return PoolRule(prefix=route.prefix, expression=expression, pools=_names(host, route))


def _names(host: VirtualHost, route: RouteSpec) -> tuple[str, ...]:
    return tuple(pool.name for pool in _pools(host, route))


def _pools(host: VirtualHost, route: RouteSpec) -> Iterator[Pool]:
    """The pools of a route, the first choice first; routes with the same health share them."""
    upstream = route.health.removeprefix(HEALTH_PATH).replace("/", "-")
    for origin in route.origins:
        yield Pool(
            name=f"{host.name}-{origin.site}{upstream}",
            site=origin.site,
            hostname=origin.hostname,
            health=route.health,
        )
