"""One topology file becomes Terraform for a backbone across AWS, Google Cloud and Azure.

The constructs load CDKTF when they are first asked for, so that reading a topology needs no Node.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trunkline.errors import ConfigurationError, OutputError, TopologyError, TrunklineError
from trunkline.model import ExistingNetwork, NewNetwork, Probes, Site, Topology, Upstream

if TYPE_CHECKING:
    from trunkline.patterns import (
        CloudflareRouting,
        EdgeOrigin,
        EdgeProxy,
        ProbeSet,
        Public,
        Tunnel,
    )

__all__ = [
    "CloudflareRouting",
    "ConfigurationError",
    "EdgeOrigin",
    "EdgeProxy",
    "ExistingNetwork",
    "NewNetwork",
    "OutputError",
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
    if name not in __all__:
        raise AttributeError(f"module 'trunkline' has no attribute {name!r}")
    return getattr(import_module("trunkline.patterns"), name)
