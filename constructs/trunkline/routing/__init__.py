"""How requests to one hostname find their site: one file per strategy, model to routing spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import get_args

from trunkline.errors import ConfigurationError
from trunkline.model import DEFAULT_STRATEGY, DEFAULT_WORKER, Steering
from trunkline.routing.data_point import COLUMNS, dataset_of
from trunkline.routing.load_balancer import LOAD_BALANCER
from trunkline.routing.origin_rules import ORIGIN_RULES
from trunkline.routing.spec import (
    LoadBalancerRouting,
    Origin,
    OriginRule,
    OriginRulesRouting,
    Pool,
    RouteSpec,
    RoutingSpec,
    Script,
    VirtualHost,
    WorkerRouting,
    canonical_prefix,
)
from trunkline.routing.strategy import Excess, Strategy
from trunkline.routing.worker import WORKER
from trunkline.routing.workerd import workerd_config

__all__ = [
    "COLUMNS",
    "STRATEGIES",
    "Excess",
    "LoadBalancerRouting",
    "Origin",
    "OriginRule",
    "OriginRulesRouting",
    "Pool",
    "RouteSpec",
    "RoutingSpec",
    "Script",
    "Strategy",
    "VirtualHost",
    "WorkerRouting",
    "canonical_prefix",
    "dataset_of",
    "routing_spec",
    "strategies_where",
    "workerd_config",
    "workerd_script",
]

STRATEGIES: Mapping[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        WORKER,
        LOAD_BALANCER,
        ORIGIN_RULES,
    )
}


def routing_spec(host: VirtualHost, strategy: str = DEFAULT_STRATEGY) -> RoutingSpec:
    """What Cloudflare needs so that requests to the hostname reach the origins of their route.

    ConfigurationError for an unknown strategy, or where it cannot do what the routes say.
    """
    found = _find(strategy, host.routes)
    _check_options(found, host)
    return found.spec(host)


def workerd_script(host: VirtualHost, strategy: str = DEFAULT_STRATEGY) -> Script:
    """What workerd needs to do the same without Cloudflare.

    ConfigurationError as of `routing_spec`, and where workerd cannot run the strategy.
    """
    script = _find(strategy, host.routes).workerd_script
    if script is None:
        others = strategies_where(lambda other: other.runs_in_workerd)
        raise ConfigurationError(f"the routing strategy {strategy} needs Cloudflare: use {others}")
    return script(host)


def strategies_where(condition: Callable[[Strategy], bool]) -> str:
    """The names of the strategies that meet a condition, for a sentence."""
    return " or ".join(name for name, each in STRATEGIES.items() if condition(each))


def _find(name: str, routes: Sequence[RouteSpec]) -> Strategy:
    if name not in STRATEGIES:
        known = ", ".join(sorted(STRATEGIES))
        raise ConfigurationError(f"unknown routing strategy {name!r}: use one of {known}")
    _check_failover(STRATEGIES[name], routes)
    _check_spares(STRATEGIES[name], routes)
    _check_size(STRATEGIES[name], routes)
    return STRATEGIES[name]


def _check_options(strategy: Strategy, host: VirtualHost) -> None:
    """What is asked for beside the routes."""
    if host.steering not in get_args(Steering):
        known = ", ".join(sorted(get_args(Steering)))
        raise ConfigurationError(f"unknown steering {host.steering!r}: use one of {known}")
    options: tuple[tuple[str, bool, Callable[[Strategy], bool], str], ...] = (
        ("hsts_seconds", host.hsts_seconds > 0, lambda s: s.sets_headers, "sets no headers"),
        ("analytics", host.analytics, lambda s: s.writes_analytics, "writes no analytics"),
        ("worker", host.worker != DEFAULT_WORKER, lambda s: s.runs_worker, "runs no Worker"),
        ("steering", True, lambda s: host.steering in s.steerings, "knows no fastest site"),
    )
    for name, asked, able, words in options:
        if asked and not able(strategy):
            raise ConfigurationError(
                f"{strategy.name} {words}: remove {name}, or use the strategy "
                f"{strategies_where(able)}"
            )


def _check_failover(strategy: Strategy, routes: Sequence[RouteSpec]) -> None:
    failing_over = [route.prefix for route in routes if len(route.origins) > 1]
    if failing_over and not strategy.fails_over:
        others = strategies_where(lambda other: other.fails_over)
        raise ConfigurationError(
            f"{strategy.name} cannot fail over: remove failover from {', '.join(failing_over)}, "
            f"or use the strategy {others}"
        )


def _check_spares(strategy: Strategy, routes: Sequence[RouteSpec]) -> None:
    origins = (origin for route in routes for origin in route.origins)
    spread = sorted({origin.site for origin in origins if origin.spares})
    if spread and not strategy.spreads:
        others = strategies_where(lambda other: other.spreads)
        raise ConfigurationError(
            f"{strategy.name} reaches one public edge of a site: name one hostname for "
            f"{', '.join(spread)}, or use the strategy {others}"
        )


def _check_size(strategy: Strategy, routes: Sequence[RouteSpec]) -> None:
    if excess := next(iter(strategy.oversized(routes, None)), None):
        raise ConfigurationError(f"{excess.message}: {excess.remedy}")
