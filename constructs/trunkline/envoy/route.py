"""Which requests an edge takes: the prefixes of the topology, by whole path segments."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.envoy.access import Access, has_no_key, refuse
from trunkline.envoy.cluster import CLUSTER
from trunkline.envoy.extension import JsonObject
from trunkline.model import EDGE_KEY_HEADER, Upstream

ROOT = "/"
ROUTES = "edge"  # the name under which the listener asks for them

# What every edge answers itself, before any prefix.
OWN: list[JsonObject] = [
    {  # its answer would show a request's headers, with what proxies have added
        "match": {
            "prefix": ROOT,
            "headers": [{"name": ":method", "string_match": {"exact": "TRACE"}}],
        },
        "direct_response": {"status": 405},
    },
    {  # the process lives, whatever stands behind it
        "name": "live",
        "match": {"path": "/livez"},
        "direct_response": {"status": 200},
    },
]


def route_configuration(made: Sequence[JsonObject], access: Access | None = None) -> JsonObject:
    """The route configuration: one virtual host for every name.

    With `access` it is for that name alone, and for requests with a key, which ends here; whoever
    else asks gets 403.
    """
    host = {"name": "edge", "domains": ["*"], "routes": [*OWN, *made]}
    if access is None:
        return {"name": ROUTES, "virtual_hosts": [host]}
    guarded = {
        **host,
        "domains": [access.hostname],
        "routes": [refuse(has_no_key()), *OWN, *made],
        "request_headers_to_remove": [EDGE_KEY_HEADER],
    }
    others = {"name": "others", "domains": ["*"], "routes": [refuse()]}
    return {"name": ROUTES, "virtual_hosts": [guarded, others]}


def routes(prefixes: Sequence[str], upstream: Upstream | None) -> list[JsonObject]:
    """One Envoy route for each of `prefixes`, which has its name.

    The longest stands first, because Envoy takes the first that matches. It leads to the upstream;
    without one the edge answers itself, with the route's name.
    """
    canonical = {prefix.rstrip("/") or ROOT for prefix in prefixes}
    ordered = sorted(canonical, key=lambda prefix: (-len(prefix), prefix))
    return [{"name": prefix, "match": _match(prefix), **_action(upstream)} for prefix in ordered]


def _match(prefix: str) -> JsonObject:
    # path_separated_prefix takes no trailing slash, hence not the root either.
    return {"prefix": ROOT} if prefix == ROOT else {"path_separated_prefix": prefix}


def _action(upstream: Upstream | None) -> JsonObject:
    if upstream is None:
        return {"direct_response": {"status": 200}}
    # No time-out for the whole answer: streams live long. Their idle time-out is the listener's.
    return {"route": {"cluster": CLUSTER, "timeout": "0s", "auto_host_rewrite": True}}
