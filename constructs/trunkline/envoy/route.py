"""Which requests an edge takes: the prefixes of the topology, by whole path segments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trunkline.envoy.answers import signature
from trunkline.envoy.assertion import asks_for_assertion
from trunkline.envoy.body_limit import limited
from trunkline.envoy.cluster import cluster_name
from trunkline.envoy.extension import JsonObject, extension
from trunkline.envoy.key_guard import KeyGuard, has_no_key, refuse
from trunkline.envoy.rate_limit import RATE_LIMIT, rate_limit
from trunkline.model import EDGE_KEY_HEADER, Forwarding, HeaderRules, Upstreams

ROOT = "/"
ROUTES = "edge"  # the name under which the listener asks for them
MANAGEMENT = "management"  # and the one for operators

# Only what no server has seen is sent again, so that this is safe for every request.
ON_ANOTHER_SERVER: JsonObject = {
    "retry_on": "connect-failure,refused-stream,reset-before-request",
    "num_retries": 2,
    "retry_host_predicate": [
        extension(
            "envoy.retry_host_predicates.previous_hosts",
            "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        )
    ],
    "host_selection_retry_max_attempts": 3,
}

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


def route_configuration(
    site: str, made: Sequence[JsonObject], guard: KeyGuard | None = None
) -> JsonObject:
    """The route configuration of an edge in `site`: one virtual host for every name.

    With `guard` it is for the names of that alone, and for requests with a key, which ends here;
    whoever else asks gets 403.
    """
    host = {"name": "edge", "domains": ["*"], "routes": [*OWN, *made]}
    if guard is None:
        return _signed(site, ROUTES, host)
    guarded = {
        **host,
        "domains": list(guard.hostnames),
        "routes": [refuse(has_no_key()), *OWN, *made],
        "request_headers_to_remove": [EDGE_KEY_HEADER],
    }
    others = {"name": "others", "domains": ["*"], "routes": [refuse()]}
    return _signed(site, ROUTES, guarded, others)


def management_configuration(site: str, made: Sequence[JsonObject], hostname: str) -> JsonObject:
    """The route configuration for operators, under that hostname alone; others get 403."""
    host = {"name": MANAGEMENT, "domains": [hostname], "routes": [*OWN, *made]}
    others = {"name": "others", "domains": ["*"], "routes": [refuse()]}
    return _signed(site, MANAGEMENT, host, others)


def _signed(site: str, name: str, *hosts: JsonObject) -> JsonObject:
    signed = {"response_headers_to_add": signature(site)}
    return {"name": name, "virtual_hosts": list(hosts), **signed}


def routes_of(forwardings: Mapping[str, Forwarding], upstreams: Upstreams) -> list[JsonObject]:
    """An Envoy route for each prefix of `forwardings`, which has its name; three with a limit.

    The longest stands first, because Envoy takes the first that matches. It leads to its upstream;
    where it names none and there is none the edge answers itself, with the route's name. One whose
    upstream is at other sites alone gets 503, and so does whoever asks before it is moved here.
    One for operators is not found here, also where a shorter prefix would match.
    """
    canonical = {prefix.rstrip("/") or ROOT: each for prefix, each in forwardings.items()}
    ordered = sorted(canonical, key=lambda prefix: (-len(prefix), prefix))
    made = ((canonical[prefix], _route(prefix, canonical[prefix], upstreams)) for prefix in ordered)
    return [each for forwarding, route in made for each in _by_length(forwarding, route)]


def _by_length(forwarding: Forwarding, route: JsonObject) -> Iterable[JsonObject]:
    limit = forwarding.max_body_bytes
    return limited(route, limit) if limit is not None else (route,)


def _route(prefix: str, forwarding: Forwarding, upstreams: Upstreams) -> JsonObject:
    # path_separated_prefix takes no trailing slash, hence not the root either.
    match = {"prefix": ROOT} if prefix == ROOT else {"path_separated_prefix": prefix}
    action = _action(prefix, forwarding, upstreams)
    rules = {**_headers(forwarding), **_filters(forwarding)}
    return {"name": prefix, "match": match, **action, **rules}


def _action(prefix: str, forwarding: Forwarding, upstreams: Upstreams) -> JsonObject:
    if forwarding.management:
        return {"direct_response": {"status": 404}}
    if forwarding.upstream not in upstreams:
        return {"direct_response": {"status": 503 if forwarding.upstream else 200}}
    action = {
        "cluster": cluster_name(forwarding.upstream),
        # By default none for the whole answer: streams live long. Their idle time-out is the
        # listener's.
        "timeout": f"{forwarding.timeout_seconds or 0}s",
        "auto_host_rewrite": True,
    }
    if len(upstreams[forwarding.upstream].servers) > 1:
        action["retry_policy"] = ON_ANOTHER_SERVER
    return {"route": action | _rewrite(prefix, forwarding.rewrite)}


def _rewrite(prefix: str, rewrite: str | None) -> JsonObject:
    """What puts `rewrite` in place of `prefix`, with one slash where they meet the rest."""
    if rewrite is None or (new := rewrite.rstrip("/") or ROOT) == prefix:
        return {}
    if prefix == ROOT:
        return {"prefix_rewrite": f"{new}/"}
    if new == ROOT:
        pattern = {"regex": f"^{re.escape(prefix)}/?"}
        return {"regex_rewrite": {"pattern": pattern, "substitution": ROOT}}
    return {"prefix_rewrite": new}


def _headers(forwarding: Forwarding) -> JsonObject:
    """The changes of headers, under Envoy's names; what there is none of is left out."""
    found: dict[str, list[Any]] = {}
    for kind in ("request", "response"):
        rules: HeaderRules = getattr(forwarding, f"{kind}_headers")
        found[f"{kind}_headers_to_add"] = [_set(*each) for each in rules.set.items()]
        found[f"{kind}_headers_to_remove"] = list(rules.remove)
    return {name: each for name, each in found.items() if each}


def _set(name: str, value: str) -> JsonObject:
    # Envoy takes %...% for a command.
    header = {"key": name, "value": value.replace("%", "%%")}
    return {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _filters(forwarding: Forwarding) -> JsonObject:
    """What the filters do with its requests, by their names; nothing where they do nothing."""
    found: JsonObject = {}
    if forwarding.access:
        found |= asks_for_assertion()
    if forwarding.rate_limit:
        found[RATE_LIMIT] = rate_limit(forwarding.rate_limit)
    return {"typed_per_filter_config": found} if found else {}
