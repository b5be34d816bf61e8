"""One topology file becomes Terraform for a backbone across AWS, Google Cloud and Azure.

The constructs load CDKTF when they are first asked for, so that reading a topology needs no Node;
`bindings.install()` is called then, so that they load fast in anybody's app.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trunkline import bindings
from trunkline.errors import ConfigurationError, OutputError, TopologyError, TrunklineError
from trunkline.extras import needed_bindings
from trunkline.loopback import Endpoint
from trunkline.model import ExistingNetwork, NewNetwork, Probes, Site, Topology, Upstream
from trunkline.rendezvous import Peer

if TYPE_CHECKING:
    from trunkline.patterns.cloudflare_routing import CloudflareRouting
    from trunkline.patterns.edge_origin import EdgeOrigin
    from trunkline.patterns.edge_proxy import EdgeProxy, Loopback, Public, Tunnel
    from trunkline.patterns.probe_set import ProbeSet

_CONSTRUCTS = {
    "CloudflareRouting": "trunkline.patterns.cloudflare_routing",
    "EdgeOrigin": "trunkline.patterns.edge_origin",
    "EdgeProxy": "trunkline.patterns.edge_proxy",
    "Loopback": "trunkline.patterns.edge_proxy",
    "ProbeSet": "trunkline.patterns.probe_set",
    "Public": "trunkline.patterns.edge_proxy",
    "Tunnel": "trunkline.patterns.edge_proxy",
}

__all__ = [
    "CloudflareRouting",
    "ConfigurationError",
    "EdgeOrigin",
    "EdgeProxy",
    "Endpoint",
    "ExistingNetwork",
    "Loopback",
    "NewNetwork",
    "OutputError",
    "Peer",
    "ProbeSet",
    "Probes",
    "Public",
    "Site",
    "Topology",
    "TopologyError",
    "TrunklineError",
    "Tunnel",
    "Upstream",
]


def __getattr__(name: str) -> Any:
    if name not in _CONSTRUCTS:
        raise AttributeError(f"module 'trunkline' has no attribute {name!r}")
    bindings.install()
    with needed_bindings():
        return getattr(import_module(_CONSTRUCTS[name]), name)
