"""How an edge speaks HTTP: limits, path normalisation, health and its own answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trunkline.envoy.answers import RESPONSE_FLAGS, SITE, EdgeLocation, own_answers
from trunkline.envoy.extension import JsonObject, extension
from trunkline.envoy.route import ROUTES
from trunkline.model import DEFAULT_HTTP, Http
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

# Headers that name a client or another path to many services. Cloudflare says the client in
# X-Forwarded-For and CF-Connecting-IP.
FOR_PROXIES = ("forwarded", "x-real-ip", "x-original-url", "x-rewrite-url", "x-original-host")


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
        http_filters=[*filters, router()],
        local_reply_config=own_answers(location, forbidden),
        access_log=list(logs),
        upgrade_configs=[{"upgrade_type": "websocket"}],
        **_without_proxies(),
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


def _without_proxies() -> JsonObject:
    """What only proxies may say of a request ends here, before any filter sees it."""
    # By name: to look for a prefix costs a twentieth of a request.
    removed = [{"remove": name} for name in (*FOR_PROXIES, SITE, RESPONSE_FLAGS)]
    mutation = extension(
        "envoy.http.early_header_mutation.header_mutation",
        "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=removed,
    )
    return {"early_header_mutation_extensions": [mutation]}


def router() -> JsonObject:
    """The HTTP filter that forwards; answers do not tell Envoy's own time and retries."""
    return extension("router", f"{HTTP}.router.v3.Router", suppress_envoy_headers=True)
