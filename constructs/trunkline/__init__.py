"""One topology file becomes Terraform for a backbone across AWS, Google Cloud and Azure.

Every name is loaded when it is first asked for, so that the start of a local machine costs no more
than it needs, and reading a topology needs no Node. Before the first construct `bindings.install()`
is called, so that CDKTF's provider packages load fast in anybody's app.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trunkline.addresses.base import Endpoint
    from trunkline.addresses.names import Peer
    from trunkline.backbone import Membership
    from trunkline.errors import ConfigurationError, OutputError, TrunklineError
    from trunkline.model import (
        AccessPolicy,
        Authority,
        BackboneSettings,
        ClientRateLimit,
        ControlPlane,
        EdgeServices,
        ExistingNetwork,
        Forwarding,
        HeaderRules,
        Http,
        LinkedPair,
        Management,
        NewNetwork,
        Node,
        NodeKey,
        Otlp,
        Probes,
        RateLimit,
        Server,
        Service,
        SigningKeys,
        Site,
        Topology,
        Upstream,
        Versions,
        Waf,
        WorkerOptions,
        ZoneOptions,
    )
    from trunkline.patterns.backbone import Backbone, PrivateService
    from trunkline.patterns.cloudflare_routing import CloudflareRouting
    from trunkline.patterns.edge_origin import EdgeOrigin
    from trunkline.patterns.edge_proxy import EdgeProxy
    from trunkline.patterns.exposures import Loopback, Public, Tunnel
    from trunkline.patterns.logpush import Logpush
    from trunkline.patterns.mesh_profile import MeshProfile
    from trunkline.patterns.probe_set import ProbeSet
    from trunkline.topology.errors import TopologyError

__all__ = [
    "AccessPolicy",
    "Authority",
    "Backbone",
    "BackboneSettings",
    "ClientRateLimit",
    "CloudflareRouting",
    "ConfigurationError",
    "ControlPlane",
    "EdgeOrigin",
    "EdgeProxy",
    "EdgeServices",
    "Endpoint",
    "ExistingNetwork",
    "Forwarding",
    "HeaderRules",
    "Http",
    "LinkedPair",
    "Logpush",
    "Loopback",
    "Management",
    "Membership",
    "MeshProfile",
    "NewNetwork",
    "Node",
    "NodeKey",
    "Otlp",
    "OutputError",
    "Peer",
    "PrivateService",
    "ProbeSet",
    "Probes",
    "Public",
    "RateLimit",
    "Server",
    "Service",
    "SigningKeys",
    "Site",
    "Topology",
    "TopologyError",
    "TrunklineError",
    "Tunnel",
    "Upstream",
    "Versions",
    "Waf",
    "WorkerOptions",
    "ZoneOptions",
]

_CONSTRUCTS = {
    "Backbone": "trunkline.patterns.backbone",
    "CloudflareRouting": "trunkline.patterns.cloudflare_routing",
    "EdgeOrigin": "trunkline.patterns.edge_origin",
    "EdgeProxy": "trunkline.patterns.edge_proxy",
    "Logpush": "trunkline.patterns.logpush",
    "Loopback": "trunkline.patterns.exposures",
    "MeshProfile": "trunkline.patterns.mesh_profile",
    "PrivateService": "trunkline.patterns.backbone",
    "ProbeSet": "trunkline.patterns.probe_set",
    "Public": "trunkline.patterns.exposures",
    "Tunnel": "trunkline.patterns.exposures",
}

_DATA = {
    "AccessPolicy": "trunkline.model",
    "BackboneSettings": "trunkline.model",
    "ClientRateLimit": "trunkline.model",
    "ConfigurationError": "trunkline.errors",
    "ControlPlane": "trunkline.model",
    "EdgeServices": "trunkline.model",
    "Endpoint": "trunkline.addresses.base",
    "ExistingNetwork": "trunkline.model",
    "Forwarding": "trunkline.model",
    "HeaderRules": "trunkline.model",
    "Http": "trunkline.model",
    "LinkedPair": "trunkline.model",
    "Management": "trunkline.model",
    "Membership": "trunkline.backbone",
    "NewNetwork": "trunkline.model",
    "Node": "trunkline.model",
    "Authority": "trunkline.model",
    "NodeKey": "trunkline.model",
    "Otlp": "trunkline.model",
    "OutputError": "trunkline.errors",
    "Peer": "trunkline.addresses.names",
    "Probes": "trunkline.model",
    "RateLimit": "trunkline.model",
    "Server": "trunkline.model",
    "Service": "trunkline.model",
    "SigningKeys": "trunkline.model",
    "Site": "trunkline.model",
    "Topology": "trunkline.model",
    "TopologyError": "trunkline.topology.errors",
    "TrunklineError": "trunkline.errors",
    "Upstream": "trunkline.model",
    "Versions": "trunkline.model",
    "Waf": "trunkline.model",
    "WorkerOptions": "trunkline.model",
    "ZoneOptions": "trunkline.model",
}


def __getattr__(name: str) -> Any:
    if name in _DATA:
        return getattr(import_module(_DATA[name]), name)
    if name not in _CONSTRUCTS:
        raise AttributeError(f"module 'trunkline' has no attribute {name!r}")
    from trunkline import bindings
    from trunkline.bindings.extras import require_bindings

    bindings.install()
    with require_bindings():
        return getattr(import_module(_CONSTRUCTS[name]), name)
