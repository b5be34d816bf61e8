"""Requests that edges take in plain HTTP; the edge of the service's site makes the TLS.

    application ─ HTTP ─ near edge ─ HTTP/2 ─ backbone ─ far edge ─ TLS ─ service

What is between the edges the backbone encrypts. Connections stay open on the way, so that a new
one of an application costs no round trip to the other site.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trunkline.envoy.answers import REASON, RESPONSE_FLAGS, SITE, reply
from trunkline.envoy.connection_manager import FOR_PROXIES, HTTP, limits, router
from trunkline.envoy.extension import JsonObject, extension
from trunkline.envoy.originate_route import FAR, NEAR, originated
from trunkline.envoy.service_cluster import BUFFER_BYTES, EDGE_AUTHORITY, WINDOWS
from trunkline.envoy.service_listener import ServiceEnds, from_ranges, service_listener
from trunkline.model import HEALTH_PATH, ORIGINATE_PORT, EdgeServices

HTTP_PORT = 80

# Streams of one connection between two edges: with more of them the edges' workers share them.
_STREAMS = 1024


def originate_listeners(services: EdgeServices, ends: ServiceEnds) -> Iterator[JsonObject]:
    """Where applications ask, and where other edges do.

    The second is there with any service that the edge reaches: others see by it whether the edge
    is there.
    """
    if originated(services.used):
        chain = from_ranges(services.networks)
        manager = _near_manager(ends)
        yield _listener(NEAR, ends, HTTP_PORT, chain, manager)
    if services.reached:
        chain = from_ranges(services.callers)
        made = _listener(FAR, ends, ORIGINATE_PORT, chain, _far_manager(ends))
        # Few connections carry everything: each worker gets its share of them.
        yield {**made, "connection_balance_config": {"exact_balance": {}}}


def _listener(
    name: str, ends: ServiceEnds, port: int, match: JsonObject, manager: JsonObject
) -> JsonObject:
    chain = {"filter_chain_match": match, "filters": [manager]}
    return service_listener(name, ends, port, [chain], BUFFER_BYTES)


def _near_manager(ends: ServiceEnds) -> JsonObject:
    """Answers that the far edge has not signed are this one's."""
    return _manager(NEAR, ends, [_said_by(ends.site, "ADD_IF_ABSENT")])


def _far_manager(ends: ServiceEnds) -> JsonObject:
    filters = [
        _said_by(ends.site, "OVERWRITE_IF_EXISTS_OR_ADD"),
        _health_of_edge(),
        _without_proxies(),
    ]
    http2 = {
        **WINDOWS,
        "max_concurrent_streams": _STREAMS,
        "connection_keepalive": {"interval": "10s", "timeout": "5s"},
        "allow_connect": True,
    }
    return _manager(
        FAR,
        ends,
        filters,
        codec_type="HTTP2",
        http2_protocol_options=http2,
        # By default 1 h, then the next request would wait for a new connection.
        common_http_protocol_options={"idle_timeout": "0s"},
        # The other edge says `http`, which a service over TLS may refuse.
        scheme_header_transformation={"match_upstream": True},
    )


def _manager(
    name: str, ends: ServiceEnds, filters: Sequence[JsonObject], **options: object
) -> JsonObject:
    """The HTTP connection manager of services.

    A path goes on as it comes, because no route looks at it, and names of objects may hold `%2F` or
    `//`. No application counts as one whose `x-envoy-` headers tell how often to try. Statistics
    are the edge's own, so that its end waits for these requests too.
    """
    config = {
        **limits(ends.http),
        "stat_prefix": "edge",
        "rds": {"route_config_name": name, "config_source": ends.source(name)},
        "http_filters": [*filters, router()],
        "local_reply_config": _local_replies(ends.site),
        "access_log": list(ends.logs),
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "use_remote_address": True,
        "skip_xff_append": True,
        "internal_address_config": {"unix_sockets": False},
        "generate_request_id": False,
        "preserve_external_request_id": True,
        "server_header_transformation": "PASS_THROUGH",
        **options,
    }
    return extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        **config,
    )


def _said_by(site: str, action: str) -> JsonObject:
    """The HTTP filter that says on every response which site has answered, and why."""
    said = {SITE: site, RESPONSE_FLAGS: REASON}
    return _mutation(
        "headers",
        response_mutations=[
            {"append": {"header": {"key": name, "value": value}, "append_action": action}}
            for name, value in said.items()
        ],
    )


def _health_of_edge() -> JsonObject:
    """The HTTP filter that tells other edges whether this one is well; services have their own."""
    asked = {":path": HEALTH_PATH, ":authority": EDGE_AUTHORITY}
    return extension(
        "health_check",
        f"{HTTP}.health_check.v3.HealthCheck",
        pass_through_mode=False,
        headers=[{"name": n, "string_match": {"exact": each}} for n, each in asked.items()],
    )


def _without_proxies() -> JsonObject:
    """The HTTP filter that keeps from a service what proxies say of the networks before it."""
    prefixes = [{"prefix": prefix} for prefix in ("x-forwarded-", "x-envoy-", "trunkline-")]
    return _mutation(
        "without-proxies",
        request_mutations=[
            *({"remove_on_match": {"key_matcher": each}} for each in prefixes),
            *({"remove": name} for name in FOR_PROXIES),
        ],
    )


def _mutation(name: str, **mutations: object) -> JsonObject:
    return extension(name, f"{HTTP}.header_mutation.v3.HeaderMutation", mutations=mutations)


def _local_replies(site: str) -> JsonObject:
    failure = {"site": site, "status": "%RESPONSE_CODE%"}
    unknown = {**failure, "error": "no service has this name here"}
    return {
        "mappers": [
            reply("EQ", 400, {**failure, "error": "%RESPONSE_CODE_DETAILS%"}),
            reply("EQ", 404, unknown),
            reply("GE", 400, {**failure, "error": "%RESPONSE_FLAGS_LONG%"}),
        ]
    }
