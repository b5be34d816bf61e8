"""The stacks of a topology in an app.

zones-<site>    which physical zones the account's zone names mean, where the cloud says so
probes-<site>   a ProbeSet: a small machine in every candidate zone of the site
edge-<site>     an EdgeProxy in the site's chosen zone, and the way from the ingress to it
interconnect-<site>-<site>  the link that two clouds sell together, between two sites
routing         the ingress: one hostname whose path prefixes lead to the edges

Each stands alone: names known from the topology join them, never references.
"""

from __future__ import annotations

from cdktf import App

from trunkline.model import Site, Topology
from trunkline.stacks.edge import EdgeStack
from trunkline.stacks.interconnect import InterconnectStack
from trunkline.stacks.probes import ProbesStack
from trunkline.stacks.routing import RoutingStack
from trunkline.stacks.specs import stack_specs
from trunkline.stacks.zones import ZonesStack


def compose(app: App, topology: Topology) -> None:
    """Add every stack of `topology` to `app`."""
    for stack in stack_specs(topology):
        match stack.kind, stack.site:
            case "zones", Site() as site:
                ZonesStack(app, topology, site)
            case "probes", Site() as site:
                ProbesStack(app, topology, site)
            case "edge", Site() as site:
                EdgeStack(app, topology, site)
            case "interconnect", None if stack.pair:
                InterconnectStack(app, topology, stack.pair)
            case _:
                RoutingStack(app, topology)
