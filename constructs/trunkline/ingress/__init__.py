"""What stands before the edges, by the kind of ingress that a topology names.

A binding is imported only when its ingress is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from trunkline.bindings.extras import require_bindings
from trunkline.ingress.base import EdgeAttachment, IngressBuilder
from trunkline.model import Cloudflare, Ingress, LocalIngress, Topology

__all__ = ["BUILDERS", "EdgeAttachment", "IngressBuilder", "ingress_of"]

BUILDERS: Mapping[type[Ingress], str] = {
    Cloudflare: "trunkline.ingress.cloudflare:CloudflareIngressBuilder",
    LocalIngress: "trunkline.ingress.local:LocalIngressBuilder",
}


def ingress_of(topology: Topology) -> IngressBuilder[Any]:
    """The ingress that the topology names; ConfigurationError where its binding is missing."""
    module, _, attribute = BUILDERS[type(topology.ingress)].partition(":")
    with require_bindings():
        found: type[IngressBuilder[Any]] = getattr(import_module(module), attribute)
    return found(topology, topology.ingress)
