"""The stack `routing`: what sends each request to its route's site."""

from __future__ import annotations

from cdktf import App

from trunkline.ingress import ingress_of
from trunkline.model import Topology
from trunkline.stacks.stack import TopologyStack


class RoutingStack(TopologyStack):
    """The ingress of the topology: CloudflareRouting, or the Worker on this machine."""

    def __init__(self, app: App, topology: Topology) -> None:
        super().__init__(app, topology, "routing")
        ingress = ingress_of(topology)
        ingress.add_provider(self)
        ingress.add_routing(self)
