"""The IngressBuilder protocol: what the stacks need from whatever stands before the edges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic

from constructs import Construct

from trunkline.addresses.base import IngressT
from trunkline.model import AccessPolicy, Site, Topology
from trunkline.patterns.edge_proxy import EdgeProxy
from trunkline.patterns.exposures import Exposure


class EdgeAttachment(ABC):
    """One site's edge as the ingress reaches it: made before the edge, which needs its exposure."""

    exposure: Exposure
    access: AccessPolicy | None = None
    """Whose tokens of Cloudflare Access count at the edge."""

    @abstractmethod
    def attach(self, edge: EdgeProxy) -> None:
        """Point the ingress to the edge, once it is made."""


class IngressBuilder(ABC, Generic[IngressT]):
    """Makes what stands before the edges of one topology.

    An ingress is added in one file beside this one with a class that derives from this, and one
    line of the registry in `ingress/__init__.py`. Each method makes its resources below the scope
    that it is given, one stack each. Stacks do not refer to one another: edges and probes are found
    by the names that the ingress has in `addresses/`, where it also says what those names need.
    """

    def __init__(self, topology: Topology, ingress: IngressT) -> None:
        self.topology = topology
        self.ingress = ingress

    @abstractmethod
    def add_provider(self, scope: Construct) -> None:
        """Add the provider of the ingress's own resources, if it has one."""

    @abstractmethod
    def add_attachment(self, scope: Construct, site: Site) -> EdgeAttachment:
        """Make the way to the edge of `site`, in the edge's stack."""

    @abstractmethod
    def add_probe_names(self, scope: Construct, site: Site, addresses: Mapping[str, str]) -> None:
        """Make the names of a site's probes; `addresses` by zone are Terraform expressions."""

    @abstractmethod
    def add_node_names(
        self, scope: Construct, addresses: Mapping[str, str], private: Mapping[str, str]
    ) -> None:
        """Make the names of a site's nodes of the backbone.

        `addresses` by the node's name are Terraform expressions, and so are the `private` ones, of
        those that a link between clouds leads to.
        """

    @abstractmethod
    def add_routing(self, scope: Construct) -> None:
        """Make what sends each request to its route's site, and its outputs."""
