"""The public constructs. Each works alone in anybody's CDKTF stack, without a topology file."""

from trunkline.patterns.cloudflare_routing import CloudflareRouting
from trunkline.patterns.edge_origin import EdgeOrigin
from trunkline.patterns.edge_proxy import EdgeProxy, Public, Tunnel
from trunkline.patterns.probe_set import ProbeSet

__all__ = ["CloudflareRouting", "EdgeOrigin", "EdgeProxy", "ProbeSet", "Public", "Tunnel"]
