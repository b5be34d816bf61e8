"""Where an edge says whether an upstream is healthy: HTTP filters, and the routes to them.

The filters are off but for these routes, so that requests which ask something else do not pay for
them, and so that the routes before these let in whoever may ask.
https://www.envoyproxy.io/docs/envoy/v1.40.0/intro/arch_overview/http/http_filters#route-based-filter-chain
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from trunkline.envoy.cluster import cluster_name
from trunkline.envoy.extension import JsonObject, extension, typed
from trunkline.model import health_path

_FILTER = "health_check"


def health_filters(upstreams: Collection[str | None]) -> Iterator[JsonObject]:
    """One for the upstream that routes have without a name, and one for each name.

    The first is there without an upstream too: it says that the edge is there.
    """
    for upstream in _asked(upstreams):
        clusters = [cluster_name(upstream)] if upstream in upstreams else []
        made = extension(
            _FILTER,
            "extensions.filters.http.health_check.v3.HealthCheck",
            pass_through_mode=False,
            headers=[_path(upstream)],
            # With no endpoint of the cluster healthy, the edge is of no use to its routes.
            cluster_min_healthy_percentages={each: {"value": 1} for each in clusters},
        )
        yield {**made, "disabled": True}


def health_routes(upstreams: Collection[str | None]) -> Iterator[JsonObject]:
    """The routes that turn the filters on, which then answer."""
    for upstream in _asked(upstreams):
        yield {
            "match": {"prefix": "/", "headers": [_path(upstream)]},
            "direct_response": {"status": 404},
            "typed_per_filter_config": {_FILTER: typed("config.route.v3.FilterConfig", config={})},
        }


def _asked(upstreams: Collection[str | None]) -> Collection[str | None]:
    return {None: None, **dict.fromkeys(upstreams)}


def _path(upstream: str | None) -> JsonObject:
    return {"name": ":path", "string_match": {"exact": health_path(upstream)}}
