"""How many requests of a route an edge takes."""

from __future__ import annotations

from trunkline.envoy.extension import JsonObject, extension, typed
from trunkline.model import RateLimit

RATE_LIMIT = "rate_limit"  # the name of the filter, by which routes give their limits
TYPE = "extensions.filters.http.local_ratelimit.v3.LocalRateLimit"


def rate_limit_filter() -> JsonObject:
    """The HTTP filter that takes its limits from the routes; without a limit all pass."""
    return extension(RATE_LIMIT, TYPE, stat_prefix="edge")


def rate_limit(limit: RateLimit) -> JsonObject:
    """The limit of one route: a bucket that is filled again as a whole."""
    whole = {"numerator": 100, "denominator": "HUNDRED"}
    wait = {"header": {"key": "retry-after", "value": str(limit.seconds)}}
    return typed(
        TYPE,
        stat_prefix="edge",
        token_bucket={
            "max_tokens": limit.requests,
            "tokens_per_fill": limit.requests,
            "fill_interval": f"{limit.seconds}s",
        },
        filter_enabled={"default_value": whole},
        filter_enforced={"default_value": whole},
        response_headers_to_add=[wait],
    )
