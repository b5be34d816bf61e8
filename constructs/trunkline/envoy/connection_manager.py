"""How an edge speaks HTTP: limits, path normalisation, health and its own answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import asdict, frozen

from trunkline.envoy.access_log import status_filter
from trunkline.envoy.cluster import cluster_name
from trunkline.envoy.extension import JsonObject, extension
from trunkline.envoy.key_guard import KeyGuard
from trunkline.envoy.route import ROUTES
from trunkline.model import DEFAULT_HTTP, Http, health_path
from trunkline.model.edge import Underscores

IDLE_TIMEOUT = "300s"  # of a stream: a model may take minutes between two tokens

HTTP = "extensions.filters.http"

UNDERSCORES: Mapping[Underscores, str] = {
    "reject": "REJECT_REQUEST",
    "drop": "DROP_HEADER",
    "keep": "ALLOW",
}

ZONE = "@ZONE@"
"""A machine puts its own zone here; machines of several zones read one configuration."""

SITE = "trunkline-site"
RESPONSE_FLAGS = "trunkline-response-flags"
# Headers that name a client or another path to many services. Cloudflare says the client in
# X-Forwarded-For and CF-Connecting-IP.
FOR_PROXIES = ("forwarded", "x-real-ip", "x-original-url", "x-rewrite-url", "x-original-host")


@frozen(kw_only=True)
class EdgeLocation:
    """Where an edge stands, as its own answers say; the zone may be ZONE."""

    site: str
    cloud: str
    zone: str


def connection_manager(
    location: EdgeLocation,
    routes: JsonObject,
    filters: Sequence[JsonObject],
    logs: Sequence[JsonObject],
    http: Http = DEFAULT_HTTP,
    name: str = ROUTES,
    forbidden: str = "the edge key is missing or wrong",
) -> JsonObject:
    """The HTTP connection manager, hardened for a proxy at the edge.

    It reads the routes of its name from the config source `routes`; `filters` see a request before
    it is routed, and `logs` write it down. All have the same statistics. `forbidden` is what an
    answer with 403 says.

    After https://www.envoyproxy.io/docs/envoy/latest/configuration/best_practices/edge.
    """
    return extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="edge",
        server_name="trunkline",
        rds={"route_config_name": name, "config_source": routes},
        http_filters=[_headers(location.site), *filters, router()],
        local_reply_config=_local_replies(location, forbidden),
        access_log=list(logs),
        upgrade_configs=[{"upgrade_type": "websocket"}],
        **_addresses(),
        **_paths(),
        **limits(http),
    )


def _addresses() -> JsonObject:
    """The client is the last address that Cloudflare, the one proxy in front, has appended."""
    return {
        "use_remote_address": True,
        "xff_num_trusted_hops": 1,
        "preserve_external_request_id": True,
    }


def _paths() -> JsonObject:
    """One spelling per path, so that `/a/%2e%2e/b` and `/a%2f..%2fb` cannot pass for another."""
    return {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
    }


def limits(http: Http) -> JsonObject:
    """What a client may take of headers, streams and time."""
    underscores = UNDERSCORES[http.headers_with_underscores]
    return {
        "common_http_protocol_options": {"headers_with_underscores_action": underscores},
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 64 * 2**10,
            "initial_connection_window_size": 2**20,
        },
        "request_headers_timeout": "10s",
        # A body that comes slowly would keep its stream for as long as it likes.
        "request_timeout": f"{http.request_seconds}s",
        "stream_idle_timeout": IDLE_TIMEOUT,
    }


def _headers(site: str) -> JsonObject:
    """Who answers, and why, on every response: a filter sees answers that no route has made.

    `trunkline-response-flags` is `-` where the service has answered, else it is Envoy's reason.
    What only proxies may say of a request does not pass.
    """
    said = {SITE: site, RESPONSE_FLAGS: "%RESPONSE_FLAGS%"}
    return extension(
        "headers",
        f"{HTTP}.header_mutation.v3.HeaderMutation",
        mutations={
            # By name: to look for a prefix costs a twentieth of a request.
            "request_mutations": [
                {"remove": name} for name in (*FOR_PROXIES, SITE, RESPONSE_FLAGS)
            ],
            "response_mutations": [_set(name, value) for name, value in said.items()],
        },
    )


def _set(name: str, value: str) -> JsonObject:
    header = {"key": name, "value": value}
    return {"append": {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}


def health_checks(
    upstreams: Collection[str | None], guard: KeyGuard | None
) -> Iterator[JsonObject]:
    """The HTTP filters that say whether an upstream is healthy, to whoever has a key of `guard`.

    One for the edge with the upstream that routes have without a name, and one for each name, under
    each hostname of `guard`.
    """
    asked = [*guard.headers()] if guard else [()]
    for upstream in {None: None, **dict.fromkeys(upstreams)}:
        path = {"name": ":path", "string_match": {"exact": health_path(upstream)}}
        clusters = [cluster_name(upstream)] if upstream in upstreams else []
        for headers in asked:
            yield extension(
                "health_check",
                f"{HTTP}.health_check.v3.HealthCheck",
                pass_through_mode=False,
                headers=[path, *headers],
                # With no endpoint of the cluster healthy, the edge is of no use to its routes.
                cluster_min_healthy_percentages={each: {"value": 1} for each in clusters},
            )


def router() -> JsonObject:
    """The HTTP filter that forwards; answers do not tell Envoy's own time and retries."""
    return extension("router", f"{HTTP}.router.v3.Router", suppress_envoy_headers=True)


def _local_replies(location: EdgeLocation, forbidden: str) -> JsonObject:
    """What Envoy itself answers, as JSON: where it stands, or Envoy's name for an error.

    One format for all routes instead of a body in each keeps the configuration small.
    """
    failure = {"site": location.site, "status": "%RESPONSE_CODE%"}
    return {
        "mappers": [
            reply("EQ", 401, {**failure, "error": "Cloudflare Access has not let this in"}),
            # Which header or line is not as it should be, in Envoy's words.
            reply("EQ", 400, {**failure, "error": "%RESPONSE_CODE_DETAILS%"}),
            reply("EQ", 403, {**failure, "error": forbidden}),
            reply("EQ", 413, {**failure, "error": "the body is longer than the route takes"}),
            reply("GE", 400, {**failure, "error": "%RESPONSE_FLAGS_LONG%"}),
        ],
        "body_format": {"json_format": {**asdict(location), "route": "%ROUTE_NAME%"}},
    }


def reply(comparison: str, status: int, body: JsonObject) -> JsonObject:
    """What Envoy answers itself with such a status."""
    found = status_filter(comparison, status)
    return {"filter": found, "body_format_override": {"json_format": body}}
