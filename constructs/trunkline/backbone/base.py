"""The protocol of a kind of backbone: what a machine runs for it, and what it is told.

A kind is added in one file beside this one, with a class that derives from `Driver` and one line of
the registry in `backbone/__init__.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import Factory, field, frozen

from trunkline.errors import ConfigurationError
from trunkline.model import BackboneSettings, Node, NodeKey, Versions
from trunkline.model.converters import texts
from trunkline.payload import Transit, Unit

JsonObject = dict[str, Any]


@frozen(kw_only=True)
class Plan:
    """What a vendor sells for a kind of backbone.

    - `title`: its name.
    - `price`: the ID of its price; None where it costs nothing.
    - `by_seat`: whether the price is for each person.
    - `nodes`: how many nodes it has at most; None where that does not bound it.
    """

    title: str
    price: str | None = None
    by_seat: bool = False
    nodes: int | None = None


@frozen(kw_only=True)
class Credential:
    """What the operator brings, where the machines make their keys themselves.

    - `variable`: the Terraform variable that takes it.
    - `what`: what it is, for a sentence.
    - `pattern`: how it looks.
    - `remedy`: how it is had.
    """

    variable: str
    what: str
    pattern: str
    remedy: str


def _plans(plans: Iterable[Plan]) -> tuple[Plan, ...]:
    return tuple(plans)


@frozen(kw_only=True)
class Declaration:
    """What a kind of backbone needs and cannot do, in sentences for people.

    - `title`: its name.
    - `needs`: what it takes: kernel, ports, accounts, add-ons.
    - `limits`: what it cannot do.
    - `cost`: what it costs, beyond the machines and their traffic.
    - `source`: where that is documented; empty for no backbone.
    - `services`: whether it carries services.
    - `networks`: whether it can carry whole networks.
    - `links`: whether the edges also take links that clouds sell, with the internet in reserve.
    - `relayed`: whose machines carry the traffic between two edges; empty where nobody's do.
    - `keys`: who makes and holds the keys.
    - `measured`: what was measured of it, on this project's test machines.
    - `plans`: what its vendor sells, the cheapest first; empty where it has none.
    """

    title: str
    needs: tuple[str, ...] = field(converter=texts)
    limits: tuple[str, ...] = field(converter=texts)
    cost: str
    source: str
    services: bool = True
    networks: bool = False
    links: bool = False
    relayed: str = ""
    keys: str = "you: trunkline keys makes them, and each site's secret store has its own"
    measured: tuple[str, ...] = field(converter=texts, default=())
    plans: tuple[Plan, ...] = field(converter=_plans, default=())


@frozen(kw_only=True)
class Membership:
    """What the edges of one site need to be nodes of a backbone.

    - `backbone`: the backbone, with the nodes of all sites.
    - `site`: the name of their site.
    - `hosts`: the name under which the internet finds each node, by the node's name.
    - `mtus`: how long a packet from this site to each other site may be on the overlay, by site.
    - `keys`: the private keys of each node of the site, by its name: Terraform expressions, the
      newest first. They are ephemeral values, which go into write-only arguments alone.
    - `networks`: the IPv4 range of each site's network, by site, its own included, where the nodes
      carry whole networks to one another; empty where they carry what edges say alone.
    - `private_hosts`: the name of the address in its own network of each node to which a link
      between clouds leads from this site, by the node's name.
    """

    backbone: BackboneSettings
    site: str
    hosts: Mapping[str, str]
    mtus: Mapping[str, int]
    keys: Mapping[str, tuple[str, ...]]
    networks: Mapping[str, str] = Factory(dict)
    private_hosts: Mapping[str, str] = Factory(dict)

    @property
    def others(self) -> Mapping[str, str]:
        """The ranges of the other sites' networks, by site."""
        return {site: cidr for site, cidr in self.networks.items() if site != self.site}

    @property
    def transit(self) -> Transit | None:
        """What the nodes of the site forward; None where they carry no networks."""
        if not self.networks:
            return None
        return Transit(own=self.networks[self.site], others=tuple(self.others.values()))

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of the site, in the order of its zones."""
        return self.backbone.nodes[self.site]


class Driver(ABC):
    """One kind of backbone."""

    declaration: ClassVar[Declaration]

    credential: ClassVar[Credential | None] = None
    """What the operator brings for all nodes; None where nothing is brought."""

    has_connectors: ClassVar[bool] = False
    """Whether Cloudflare has a connector for each node, whose token the stacks bring to it."""

    machine_range: ClassVar[str] = ""
    """Where a vendor gives machines addresses of its own, from which they send; else empty."""

    has_authority: ClassVar[bool] = False
    """Whether nodes show one another certificates, which an authority of the operator signs."""

    has_network_id: ClassVar[bool] = False
    """Whether the nodes join a network at a vendor's, which the topology names."""

    def completed(self, keys: Mapping[str, NodeKey]) -> Mapping[str, NodeKey]:
        """Public keys, each by its private half, with what else of them the nodes file has."""
        return keys

    @property
    def makes_keys(self) -> bool:
        """Whether `trunkline keys` makes a key for each node."""
        return self.credential is None and not self.has_connectors

    def by_hand(self, backbone: BackboneSettings, networks: Collection[str] = ()) -> str:
        """What is to be done at the vendor's before the first apply; empty for nothing.

        `networks` are the ranges of the sites' networks, where the backbone carries these.
        """
        return ""

    @abstractmethod
    def mtu(self, underlay: int) -> int:
        """How long a packet may be on the overlay, where the path between takes `underlay`."""

    @abstractmethod
    def unit(self, versions: Versions, *, forwards: bool = False) -> Unit:
        """The daemon that makes a machine a node; with `forwards` packets of networks pass too."""

    def linked_unit(self, versions: Versions) -> Unit:
        """The daemon of a machine that a link between clouds leads to others as well.

        Raises ConfigurationError for a kind that takes no links.
        """
        raise ConfigurationError(f"{self.declaration.title} takes no links between clouds")

    @abstractmethod
    def document(
        self,
        membership: Membership,
        names: Mapping[str, str],
        ports: Sequence[int],
        own_ports: Sequence[int] = (),
    ) -> JsonObject:
        """What the machines of a site are told, beside their keys.

        `names` are those of their nodes by zone, `ports` the TCP ports at which they answer others,
        `own_ports` those at which they answer the machines of their own network.
        """
