"""Envoy's statistics for Prometheus, on loopback: for an agent of yours on the machine."""

from __future__ import annotations

from trunkline.envoy.extension import JsonObject, extension

PORT = 9902
PATH = "/stats/prometheus"

_ADMIN = "admin"


def statistics(admin_socket: str) -> JsonObject:
    """A listener and a cluster that lead one path to Envoy's administration, and nothing else.

    https://www.envoyproxy.io/docs/envoy/latest/start/quick-start/admin#admin-stats
    """
    return {"listeners": [_listener()], "clusters": [_cluster(admin_socket)]}


def _listener() -> JsonObject:
    get = {"name": ":method", "string_match": {"exact": "GET"}}
    route = {"match": {"path": PATH, "headers": [get]}, "route": {"cluster": _ADMIN}}
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="statistics",
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        http_filters=[extension("router", "extensions.filters.http.router.v3.Router")],
    )
    return {
        "name": "statistics",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": PORT}},
        "filter_chains": [{"filters": [manager]}],
    }


def _cluster(admin_socket: str) -> JsonObject:
    endpoint = {"endpoint": {"address": {"pipe": {"path": admin_socket}}}}
    return {
        "name": _ADMIN,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": _ADMIN,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }
