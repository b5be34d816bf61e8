"""How requests to one hostname find their site: one file per strategy, model to routing spec.

A new strategy is a function of the shape of `Strategy`, in a file of its own, and one line in
`STRATEGIES`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from trunkline.errors import ConfigurationError
from trunkline.routing.origin_rules import origin_rules
from trunkline.routing.spec import Origin, OriginRule, RouteSpec, RoutingSpec, Script
from trunkline.routing.worker import worker
from trunkline.routing.workerd import workerd_config

__all__ = [
    "STRATEGIES",
    "Origin",
    "OriginRule",
    "RouteSpec",
    "RoutingSpec",
    "Script",
    "Strategy",
    "routing_spec",
    "workerd_config",
]


class Strategy(Protocol):
    """Turns routes into what Cloudflare is given; ConfigurationError for what it cannot do."""

    def __call__(
        self, *, name: str, hostname: str, routes: Sequence[RouteSpec], timeout_seconds: int
    ) -> RoutingSpec: ...


STRATEGIES: Mapping[str, Strategy] = {"origin_rules": origin_rules, "worker": worker}


def routing_spec(
    *,
    name: str,
    hostname: str,
    routes: Sequence[RouteSpec],
    strategy: str = "worker",
    timeout_seconds: int = 30,
) -> RoutingSpec:
    """What Cloudflare needs so that requests to `hostname` reach the origins of their route.

    `name` is the topology's and names the Worker script. `timeout_seconds` is how long a request
    that may be replayed waits for an origin's response headers while another origin is left.
    ConfigurationError for an unknown strategy, or where the strategy cannot do what the routes say.
    """
    if strategy not in STRATEGIES:
        known = ", ".join(sorted(STRATEGIES))
        raise ConfigurationError(f"unknown routing strategy {strategy!r}: use one of {known}")
    return STRATEGIES[strategy](
        name=name, hostname=hostname, routes=routes, timeout_seconds=timeout_seconds
    )
