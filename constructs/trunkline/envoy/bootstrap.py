"""The whole configuration of an Envoy: its node, its limits, and where it listens."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.envoy.cluster import cluster
from trunkline.envoy.connection_manager import EdgeLocation
from trunkline.envoy.extension import JsonObject, extension
from trunkline.envoy.listener import Listener, listener_of
from trunkline.envoy.route import routes
from trunkline.model import Upstream

MAX_HEAP_BYTES = 512 * 2**20  # half of the smallest machine, which has 1 GiB
MAX_CONNECTIONS = 4096  # each needs a second one to the upstream: LimitNOFILE above 8192


def bootstrap(
    *,
    site: str,
    zone: str,
    cloud: str,
    prefixes: Sequence[str],
    upstream: Upstream | None,
    listener: Listener,
    admin_socket: str,
) -> JsonObject:
    """The Envoy bootstrap of one edge, ready for `json.dumps`.

    `prefixes` are all path prefixes of the topology, not only the site's own: a failover then never
    meets a 404, and moving a route to another site touches no edge. With an `upstream` they are
    forwarded to it; without one the edge answers `{"site", "cloud", "zone", "route"}` itself.
    `GET /healthz` answers 200, and 503 while no endpoint of the upstream takes connections, or once
    `POST /healthcheck/fail` came in over `admin_socket`, a Unix socket that only Envoy's own user
    may open. `GET /livez` answers 200 as long as the process lives.
    """
    location = EdgeLocation(site=site, cloud=cloud, zone=zone)
    clusters = [cluster(upstream, MAX_CONNECTIONS)] if upstream else []
    served = listener_of(
        listener, location, routes(prefixes, upstream), [each["name"] for each in clusters]
    )
    return {
        "node": {"id": site, "cluster": "trunkline", "locality": {"zone": zone}},
        "admin": {"address": {"pipe": {"path": admin_socket, "mode": 0o600}}},
        "static_resources": {
            "listeners": [served],
            "clusters": clusters,
        },
        "overload_manager": _overload_manager(),
        "layered_runtime": {"layers": [{"name": "static", "static_layer": _runtime()}]},
    }


def _overload_manager() -> JsonObject:
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
                max_active_downstream_connections=MAX_CONNECTIONS,
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
