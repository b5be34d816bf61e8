"""What an edge runs: the model turned into Envoy's configuration, as plain dicts ready for JSON.

    bootstrap ── statistics
            └─── resources ── listener ── connection_manager ── otlp ── access_log
                         ├─── route ── key_guard, answers
                         ├─── health
                         ├─── cluster
                         ├─── backbone_check
                         └─── services ── originate ── passthrough ── service_cluster
    control_plane ── bootstrap, cluster, statistics, shown

Written for and run with Envoy 1.40; nothing here imports CDKTF.
"""

from trunkline.envoy.access_log import log_limit
from trunkline.envoy.backbone_check import CHECK_PREFIX
from trunkline.envoy.bootstrap import bootstrap, dynamic_bootstrap, route_file
from trunkline.envoy.connection_manager import ZONE
from trunkline.envoy.control_plane import xds_bootstrap
from trunkline.envoy.key_guard import KeyGuard
from trunkline.envoy.listener import Listener, LoopbackListener, TlsListener
from trunkline.envoy.otlp import Collector
from trunkline.envoy.resources import MAX_CONNECTIONS, Resources, resources
from trunkline.envoy.services import (
    SERVICE_CONNECTIONS,
    application_ports,
    backbone_ports,
    listening,
    servers,
)
from trunkline.envoy.shown import CONTROL_PLANE_CREDENTIAL, CONTROL_PLANE_PAIR, OTLP_CREDENTIAL

__all__ = [
    "CHECK_PREFIX",
    "CONTROL_PLANE_CREDENTIAL",
    "CONTROL_PLANE_PAIR",
    "MAX_CONNECTIONS",
    "OTLP_CREDENTIAL",
    "SERVICE_CONNECTIONS",
    "ZONE",
    "Collector",
    "KeyGuard",
    "Listener",
    "LoopbackListener",
    "Resources",
    "TlsListener",
    "application_ports",
    "backbone_ports",
    "bootstrap",
    "dynamic_bootstrap",
    "listening",
    "log_limit",
    "resources",
    "route_file",
    "servers",
    "xds_bootstrap",
]
