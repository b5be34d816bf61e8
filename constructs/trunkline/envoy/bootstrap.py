"""What an Envoy starts with: its node, its limits, and what it serves or where it reads that."""

from __future__ import annotations

from trunkline.envoy.extension import JsonObject, extension
from trunkline.envoy.otlp import Collector
from trunkline.envoy.resources import MAX_CONNECTIONS, Resources, config_source
from trunkline.envoy.route import ROUTES
from trunkline.envoy.statistics import statistics

MAX_HEAP_BYTES = 512 * 2**20  # half of the smallest machine, which has 1 GiB


def bootstrap(
    resources: Resources,
    *,
    site: str,
    zone: str,
    admin_socket: str,
    collector: Collector | None = None,
    routes_apart: bool = False,
    connections: int = MAX_CONNECTIONS,
) -> JsonObject:
    """The Envoy bootstrap of one edge with all that it serves, ready for `json.dumps`.

    With `collector` its statistics go there as well. With `routes_apart` it reads its routes from
    `route_file` in the folder of the resources. `connections` are those of clients, at most.
    """
    served = resources.inline([ROUTES] if routes_apart else [])
    return reporting(
        {**common(site, zone, admin_socket, connections), "static_resources": served}, collector
    )


def route_file(resources: Resources) -> JsonObject:
    """The content of `rds-edge.json`, which is read again when another file is renamed to it."""
    kind = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
    [routes] = (each for each in resources.routes if each["name"] == ROUTES)
    return {"resources": [{"@type": kind, **routes}]}


def dynamic_bootstrap(
    *,
    site: str,
    zone: str,
    folder: str,
    admin_socket: str,
    collector: Collector | None = None,
    connections: int = MAX_CONNECTIONS,
) -> JsonObject:
    """The Envoy bootstrap of one edge which reads what it serves from files of `folder`.

    They are `cds.json`, `lds.json` and for each listener `rds-NAME.json`, which are read again when
    another file is renamed to one of these names; `payload/sync.py` does that. The first two must
    be there. Its statistics are at `127.0.0.1:9902/stats/prometheus`, and with `collector` they go
    there too.
    https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/xds_api
    """
    made = {
        **common(site, zone, admin_socket, connections),
        "static_resources": statistics(admin_socket),
        "dynamic_resources": {
            "cds_config": config_source(folder, "cds"),
            "lds_config": config_source(folder, "lds"),
        },
    }
    return reporting(made, collector)


def reporting(bootstrap: JsonObject, collector: Collector | None) -> JsonObject:
    """The bootstrap, which sends its statistics to `collector` where there is one."""
    if collector is None:
        return bootstrap
    static = bootstrap["static_resources"]
    clusters = [*static["clusters"], collector.cluster()]
    made = {**bootstrap, "static_resources": {**static, "clusters": clusters}}
    return {**made, **collector.statistics()}


def common(site: str, zone: str, admin_socket: str, connections: int) -> JsonObject:
    """What never changes. Only Envoy's own user may open the admin socket."""
    return {
        "node": {"id": site, "cluster": "trunkline", "locality": {"zone": zone}},
        "admin": {"address": {"pipe": {"path": admin_socket, "mode": 0o600}}},
        "overload_manager": _overload_manager(connections),
        "layered_runtime": {"layers": [{"name": "static", "static_layer": _runtime()}]},
    }


def _overload_manager(connections: int) -> JsonObject:
    """Sheds load in steps, so that a small machine answers 503 instead of running out of memory."""
    monitors = "extensions.resource_monitors"
    return {
        "resource_monitors": [
            extension(
                "envoy.resource_monitors.fixed_heap",
                f"{monitors}.fixed_heap.v3.FixedHeapConfig",
                max_heap_size_bytes=MAX_HEAP_BYTES,
            ),
            extension(
                "envoy.resource_monitors.global_downstream_max_connections",
                f"{monitors}.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=connections,
            ),
        ],
        "actions": [
            _at_heap(0.85, "shrink_heap"),
            _at_heap(0.90, "disable_http_keepalive"),
            _at_heap(0.95, "stop_accepting_requests"),
            _at_heap(0.98, "stop_accepting_connections"),
        ],
    }


def _at_heap(share: float, action: str) -> JsonObject:
    trigger = {"name": "envoy.resource_monitors.fixed_heap", "threshold": {"value": share}}
    return {"name": f"envoy.overload_actions.{action}", "triggers": [trigger]}


def _runtime() -> JsonObject:
    """Ends connections that open and reset many streams ("rapid reset", CVE-2023-44487)."""
    return {
        "overload.premature_reset_total_stream_count": 500,
        "overload.premature_reset_min_stream_lifetime_seconds": 1,
    }
