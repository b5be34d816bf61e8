"""The IngressBuilder protocol: what the stacks need from whatever stands before the edges.

An ingress is added in one file beside this one, one class of the model, one line of the registry in
`ingress/__init__.py` and one section of the schema. It makes its resources below the scope that it
is given, and finds edges and probes by the names in `addresses/`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from constructs import Construct

from trunkline.model import Site, Topology
from trunkline.patterns.edge_proxy import EdgeProxy, Exposure


class EdgeAttachment(ABC):
    """One site's edge as the ingress reaches it: made before the edge, which needs its exposure."""

    exposure: Exposure

    @abstractmethod
    def attach(self, edge: EdgeProxy) -> None:
        """Point the ingress to the edge, once it is made."""


class IngressBuilder(ABC):
    """What stands before the edges of one topology."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology

    @abstractmethod
    def provider(self, scope: Construct) -> None:
        """Add the provider of the ingress's own resources, if it has one."""

    @abstractmethod
    def origin(self, scope: Construct, site: Site) -> EdgeAttachment:
        """Make the way to the edge of `site`."""

    @abstractmethod
    def probe_names(self, scope: Construct, site: Site, addresses: Mapping[str, str]) -> None:
        """Make the names of a site's probes; `addresses` by zone are Terraform expressions."""

    @abstractmethod
    def routing(self, scope: Construct) -> None:
        """Make what sends each request to its route's site, and its outputs."""
