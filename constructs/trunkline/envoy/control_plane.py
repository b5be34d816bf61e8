"""An Envoy that takes what it serves from an xDS server, over one gRPC stream (ADS)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.envoy.bootstrap import common, reporting
from trunkline.envoy.cluster import cluster
from trunkline.envoy.extension import JsonObject
from trunkline.envoy.otlp import Collector
from trunkline.envoy.resources import MAX_CONNECTIONS as CLIENTS
from trunkline.envoy.shown import (
    CONTROL_PLANE_CREDENTIAL,
    CONTROL_PLANE_PAIR,
    show_certificate,
    show_header,
)
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
    header: str | None = None,
    certificate: bool = False,
    folder: str = "",
    collector: Collector | None = None,
    connections: int = CLIENTS,
) -> JsonObject:
    """The Envoy bootstrap of one edge which takes its listeners and clusters from `server`.

    `server` must speak HTTP/2: ValueError otherwise. `metadata` is for the server, beside the
    node's `site` and `zone`, which it cannot change. Envoy keeps what it has while the server is
    away. With `header` it shows the server that one at the start of its stream, and with
    `certificate` a client certificate at the start of its connection; the value and the certificate
    are in files of `folder` (`envoy/shown.py`). With `collector` its statistics go there.
    https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/xds_api
    """
    if server.protocol != "http2":
        raise ValueError("an xDS server speaks gRPC; its protocol must be http2")
    fixed = common(site, zone, admin_socket, connections)
    own = statistics(admin_socket)
    plane = cluster(NAME, server, MAX_CONNECTIONS)
    if header:
        plane = show_header(plane, header, CONTROL_PLANE_CREDENTIAL, folder)
    if certificate:
        plane = show_certificate(plane, CONTROL_PLANE_PAIR, folder)
    made = {
        **fixed,
        "node": {**fixed["node"], "metadata": {**(metadata or {}), "site": site, "zone": zone}},
        "static_resources": {
            **own,
            "clusters": [*own["clusters"], plane],
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
