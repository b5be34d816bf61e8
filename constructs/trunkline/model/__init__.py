"""What a topology means: frozen classes with every default filled.

The classes are also the plain arguments of the public constructs. Defaults stand here once; a test
holds the `default` keys of schemas/topology.schema.json against them.
"""

from trunkline.model.control_plane import ControlPlane
from trunkline.model.edge import (
    DEFAULT_HTTP,
    DEFAULT_POLL_SECONDS,
    DEFAULT_VERSIONS,
    EDGE_KEY_HEADER,
    Edge,
    Exposure,
    Http,
    Management,
    SigningKeys,
    Versions,
)
from trunkline.model.forwarding import (
    DEFAULT_FORWARDING,
    HEALTH_PATH,
    Forwarding,
    HeaderRules,
    RateLimit,
    health_path,
)
from trunkline.model.ingress import (
    DEFAULT_PLAN,
    PLANS,
    AccessPolicy,
    AddOn,
    Cloudflare,
    Ingress,
    LatencyRow,
    LocalIngress,
    Plan,
)
from trunkline.model.key import EDGE_KEY, LOGPUSH_CHALLENGE, LOGPUSH_DESTINATION, PROBE_KEY, Key
from trunkline.model.network import ExistingNetwork, Network, NewNetwork
from trunkline.model.probes import Probes
from trunkline.model.routing import (
    DEFAULT_STRATEGY,
    DEFAULT_TIMEOUT_SECONDS,
    Route,
    Routing,
    default_hostname,
)
from trunkline.model.site import Site, zone_name, zone_owner
from trunkline.model.state import (
    AzurermState,
    GcsState,
    LocalState,
    S3State,
    State,
    TerraformCloudState,
)
from trunkline.model.telemetry import OTLP_HEADER, Otlp, Telemetry
from trunkline.model.topology import MANAGED_BY, OWN_TAGS, SITE, TOPOLOGY, Topology
from trunkline.model.upstream import DEFAULT_PRIORITY, Protocol, Server, Upstream, Upstreams
from trunkline.model.zone import (
    DEFAULT_WORKER,
    DEFAULT_ZONE,
    LIMIT_RANGES,
    PLAN_OF,
    ClientRateLimit,
    LimitRange,
    Placement,
    Polish,
    Waf,
    WorkerOptions,
    ZoneOptions,
)

__all__ = [
    "DEFAULT_FORWARDING",
    "DEFAULT_HTTP",
    "DEFAULT_PLAN",
    "DEFAULT_POLL_SECONDS",
    "DEFAULT_PRIORITY",
    "DEFAULT_STRATEGY",
    "DEFAULT_TIMEOUT_SECONDS",
    "DEFAULT_VERSIONS",
    "DEFAULT_WORKER",
    "DEFAULT_ZONE",
    "EDGE_KEY",
    "EDGE_KEY_HEADER",
    "HEALTH_PATH",
    "LIMIT_RANGES",
    "LOGPUSH_CHALLENGE",
    "LOGPUSH_DESTINATION",
    "MANAGED_BY",
    "OTLP_HEADER",
    "OWN_TAGS",
    "PLANS",
    "PLAN_OF",
    "PROBE_KEY",
    "SITE",
    "TOPOLOGY",
    "AccessPolicy",
    "AddOn",
    "AzurermState",
    "ClientRateLimit",
    "Cloudflare",
    "ControlPlane",
    "Edge",
    "ExistingNetwork",
    "Exposure",
    "Forwarding",
    "GcsState",
    "HeaderRules",
    "Http",
    "Ingress",
    "Key",
    "LatencyRow",
    "LimitRange",
    "LocalIngress",
    "LocalState",
    "Management",
    "Network",
    "NewNetwork",
    "Otlp",
    "Placement",
    "Plan",
    "Polish",
    "Probes",
    "Protocol",
    "RateLimit",
    "Route",
    "Routing",
    "S3State",
    "Server",
    "SigningKeys",
    "Site",
    "State",
    "Telemetry",
    "TerraformCloudState",
    "Topology",
    "Upstream",
    "Upstreams",
    "Versions",
    "Waf",
    "WorkerOptions",
    "ZoneOptions",
    "default_hostname",
    "health_path",
    "zone_name",
    "zone_owner",
]
