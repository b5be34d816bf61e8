"""What every ingress says of its addresses, each in a file of its own beside this one."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Generic, TypeVar

from attrs import frozen

from trunkline.documents.formats import MAX_LABEL
from trunkline.errors import ConfigurationError
from trunkline.model import Ingress, Topology
from trunkline.terraform.refusals import Refusal

IngressT = TypeVar("IngressT", bound=Ingress)


@frozen
class Endpoint:
    """Where something answers.

    - `host`: a name or an IPv4 address.
    - `port`: the port.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def edge_name(topology: str, site: str) -> str:
    """The name of a site's edge: its machine, its tunnel and its DNS label have it."""
    return f"{topology}-edge-{site}"


def machine_name(name: str, zone: str) -> str:
    """The name of the machine in a zone, of several; a public edge has it as its DNS label too.

    Google's instances have the shortest names, and they are as long as a label.
    """
    return short_name(f"{name}-{zone}", MAX_LABEL)


def short_name(name: str, limit: int) -> str:
    """`name`, or where it is longer than `limit` its start and a hash that keeps it unique."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


@frozen
class Addresses(ABC, Generic[IngressT]):
    """Where edges, probes and the public hostname of a topology answer, and what that needs.

    All of it follows from the topology alone, so that no stack refers to another. An ingress has a
    class like this in a file beside this one, and one line of the registry in `names.py`.
    """

    topology: Topology
    ingress: IngressT

    refusals: ClassVar[tuple[Refusal, ...]] = ()
    """What its provider says where it refuses, and what to do."""

    holds_more: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """What resources hold beside what the stacks make, by their type: it goes with them."""

    @abstractmethod
    def public_url(self) -> str:
        """Where requests go; a route's prefix follows."""

    @abstractmethod
    def origin_url(self, site: str) -> str:
        """Scheme and host under which the ingress reaches the edge of `site`."""

    def management_url(self, site: str) -> str | None:
        """Where operators reach the edge of `site`; None where no route is theirs."""
        return None

    @abstractmethod
    def probe_endpoint(self, site: str, zone: str, port: int) -> Endpoint:
        """Where the probe of a zone answers; `port` is the topology's."""

    def node_host(self, node: str) -> str:
        """The name under which the internet finds a node of the backbone.

        Raises ConfigurationError where the ingress has no such names.
        """
        raise ConfigurationError("the sites of this machine reach one another without a backbone")

    def private_node_host(self, node: str) -> str:
        """The name of a node's address in its own network, for machines that a link leads there.

        Raises ConfigurationError where the ingress has no such names.
        """
        raise ConfigurationError("the sites of this machine reach one another without a backbone")

    def emulated_ms(self, zone: str) -> Mapping[str, float]:
        """The round trips that the probe of `zone` (`site/zone`) emulates, by the other zone."""
        return {}

    @property
    def zone_comes_from_routing(self) -> bool:
        """Whether the routing stack makes what the other stacks write their names into."""
        return False

    @abstractmethod
    def needs_for_names(self) -> tuple[str, ...]:
        """What it takes to apply a stack that makes the names of an edge or of probes."""

    def needs_for_edges(self) -> tuple[str, ...]:
        """What the stack of an edge takes beyond that."""
        return ()

    @abstractmethod
    def needs_for_routing(self) -> tuple[str, ...]:
        """What it takes to apply the routing stack."""
