"""An Envoy that takes what it serves from an xDS server, over one gRPC stream (ADS)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.envoy.bootstrap import common, reporting
from trunkline.envoy.cluster import cluster
from trunkline.envoy.extension import JsonObject
from trunkline.envoy.otlp import Collector
from trunkline.envoy.statistics import statistics
from trunkline.model import Upstream

NAME = "control-plane"
MAX_CONNECTIONS = 16  # one stream; the others are for a stream that is being replaced


def xds_bootstrap(
    server: Upstream,
    *,
    site: str,
    zone: str,
    admin_socket: str,
    metadata: Mapping[str, Any] | None = None,
    collector: Collector | None = None,
) -> JsonObject:
    """The Envoy bootstrap of one edge which takes its listeners and clusters from `server`.

    `server` must speak HTTP/2: ValueError otherwise. `metadata` is for the server, beside the
    node's `site` and `zone`, which it cannot change. Envoy keeps what it has while the server is
    away. It shows the server neither a token nor a certificate of its own. With `collector` its
    statistics go there.
    https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/xds_api
    """
    if server.protocol != "http2":
        raise ValueError("an xDS server speaks gRPC; its protocol must be http2")
    fixed = common(site, zone, admin_socket)
    own = statistics(admin_socket)
    made = {
        **fixed,
        "node": {**fixed["node"], "metadata": {**(metadata or {}), "site": site, "zone": zone}},
        "static_resources": {
            **own,
            "clusters": [*own["clusters"], cluster(NAME, server, MAX_CONNECTIONS)],
        },
        "dynamic_resources": {
            "ads_config": {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [{"envoy_grpc": {"cluster_name": NAME}}],
            },
            "cds_config": _ads(),
            "lds_config": _ads(),
        },
    }
    return reporting(made, collector)


def _ads() -> JsonObject:
    return {"ads": {}, "resource_api_version": "V3"}
