"""Routing by Origin Rules: no Worker in the path and no price per request, but no failover.

Overriding the Host header, SNI and DNS record is for Enterprise plans only
(https://developers.cloudflare.com/rules/origin-rules/#availability).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from trunkline.errors import ConfigurationError
from trunkline.routing.spec import OriginRule, RouteSpec, RoutingSpec


def origin_rules(
    *, name: str, hostname: str, routes: Sequence[RouteSpec], timeout_seconds: int
) -> RoutingSpec:
    """One rule per route; ConfigurationError where a route has a second origin.

    `name` and `timeout_seconds` have no counterpart in a rule.
    """
    del name, timeout_seconds
    _check_no_failover(routes)
    # Every matching rule applies and a later one overrides an earlier one, so that the longest
    # prefix stands last (https://developers.cloudflare.com/rules/origin-rules/faq/).
    ordered = sorted(routes, key=lambda route: (len(route.prefix), route.prefix))
    return RoutingSpec(
        hostname=hostname, origin_rules=tuple(_rule(hostname, route) for route in ordered)
    )


def _check_no_failover(routes: Sequence[RouteSpec]) -> None:
    failing_over = [route.prefix for route in routes if len(route.origins) > 1]
    if failing_over:
        raise ConfigurationError(
            "Origin Rules cannot fail over: remove `failover` from "
            f"{', '.join(failing_over)}, or use the strategy worker"
        )


def _rule(hostname: str, route: RouteSpec) -> OriginRule:
    origin = route.origins[0]
    return OriginRule(
        prefix=route.prefix,
        expression=_expression(hostname, route.prefix),
        hostname=origin.hostname,
        description=f"{route.prefix} is served by {origin.site}",
    )


def _expression(hostname: str, prefix: str) -> str:
    """The rule's filter in Cloudflare's Rules language; its strings are quoted as JSON's are."""
    host = f"http.host eq {json.dumps(hostname)}"
    if prefix == "/":
        return f"({host})"
    path = "http.request.uri.path"
    segments = f"{path} eq {json.dumps(prefix)} or starts_with({path}, {json.dumps(prefix + '/')})"
    return f"({host} and ({segments}))"
