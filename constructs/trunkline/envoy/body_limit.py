"""How long the body of a request may be.

A request says its length, or sends its body in pieces until it ends. The first needs a look at its
header only and streams; the second is held until it is whole, because no service could take back
what it has begun with.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.envoy.extension import JsonObject, extension, typed

BODY_LIMIT = "body_limit"  # the name of the filter, by which routes hold bodies
TYPE = "extensions.filters.http.buffer.v3"
LENGTH = "content-length"
LONGEST = 2**62


def body_limit_filter(longest: int) -> JsonObject:
    """The HTTP filter that holds bodies, for routes that say so; `longest` is their largest."""
    return {**extension(BODY_LIMIT, f"{TYPE}.Buffer", max_request_bytes=longest), "disabled": True}


def limited(route: JsonObject, limit: int) -> Iterator[JsonObject]:
    """The routes in place of `route` for bodies of at most `limit` bytes; longer ones get 413."""
    too_long = {"name": LENGTH, "range_match": {"start": limit + 1, "end": LONGEST}}
    yield {
        "name": route["name"],
        "match": _with_header(route, too_long),
        "direct_response": {"status": 413},
    }
    yield {**route, "match": _with_header(route, {"name": LENGTH, "present_match": True})}
    held = typed(f"{TYPE}.BufferPerRoute", buffer={"max_request_bytes": limit})
    filters = {**route.get("typed_per_filter_config", {}), BODY_LIMIT: held}
    yield {**route, "typed_per_filter_config": filters}


def _with_header(route: JsonObject, header: JsonObject) -> JsonObject:
    return {**route["match"], "headers": [header]}
