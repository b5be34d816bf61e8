"""What stands before the edges, by the kind of front that a topology names.

A binding is imported only when its front is used.
"""

from __future__ import annotations

from importlib import import_module

from trunkline.extras import needed_bindings
from trunkline.fronts.base import Front, Origin
from trunkline.model import Cloudflare, LocalFront, Topology

__all__ = ["FRONTS", "Front", "Origin", "front_of"]

FRONTS = {
    Cloudflare: "trunkline.fronts.cloudflare:CloudflareFront",
    LocalFront: "trunkline.fronts.local:LocalMachineFront",
}


def front_of(topology: Topology) -> Front:
    """The front that the topology names; ConfigurationError where its binding is missing."""
    module, _, attribute = FRONTS[type(topology.front)].partition(":")
    with needed_bindings():
        found: type[Front] = getattr(import_module(module), attribute)
    return found(topology)
