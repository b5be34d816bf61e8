"""What a topology means: frozen classes with every default filled.

The classes are also the plain arguments of the public constructs. Defaults stand here once; a test
holds the `default` keys of schemas/topology.schema.json against them.
"""

from trunkline.model.edge import (
    DEFAULT_HTTP,
    DEFAULT_POLL_SECONDS,
    DEFAULT_VERSIONS,
    EDGE_KEY_HEADER,
    Edge,
    Exposure,
    Http,
    Versions,
)
from trunkline.model.ingress import (
    DEFAULT_PLAN,
    PLANS,
    AddOn,
    Cloudflare,
    Ingress,
    LatencyRow,
    LocalIngress,
    Plan,
)
from trunkline.model.key import EDGE_KEY, PROBE_KEY, Key
from trunkline.model.network import ExistingNetwork, Network, NewNetwork
from trunkline.model.probes import Probes
from trunkline.model.routing import (
    DEFAULT_STRATEGY,
    DEFAULT_TIMEOUT_SECONDS,
    Route,
    Routing,
    default_hostname,
)
from trunkline.model.site import Site, Upstream, zone_name, zone_owner
from trunkline.model.state import (
    AzurermState,
    GcsState,
    LocalState,
    S3State,
    State,
    TerraformCloudState,
)
from trunkline.model.topology import MANAGED_BY, OWN_TAGS, SITE, TOPOLOGY, Topology

__all__ = [
    "DEFAULT_HTTP",
    "DEFAULT_PLAN",
    "DEFAULT_POLL_SECONDS",
    "DEFAULT_STRATEGY",
    "DEFAULT_TIMEOUT_SECONDS",
    "DEFAULT_VERSIONS",
    "EDGE_KEY",
    "EDGE_KEY_HEADER",
    "MANAGED_BY",
    "OWN_TAGS",
    "PLANS",
    "PROBE_KEY",
    "SITE",
    "TOPOLOGY",
    "AddOn",
    "AzurermState",
    "Cloudflare",
    "Edge",
    "ExistingNetwork",
    "Exposure",
    "GcsState",
    "Http",
    "Ingress",
    "Key",
    "LatencyRow",
    "LocalIngress",
    "LocalState",
    "Network",
    "NewNetwork",
    "Plan",
    "Probes",
    "Route",
    "Routing",
    "S3State",
    "Site",
    "State",
    "TerraformCloudState",
    "Topology",
    "Upstream",
    "Versions",
    "default_hostname",
    "zone_name",
    "zone_owner",
]
