"""ZeroTier: a network of its own kind of Ethernet, which lets in the identities that it is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from attrs import evolve, frozen

from trunkline.backbone.base import Declaration, Driver, JsonObject, Membership, Plan
from trunkline.envoy import ZONE
from trunkline.errors import ConfigurationError
from trunkline.model import BackboneSettings, Node, NodeKey, Versions
from trunkline.payload import Unit
from trunkline.payload.units.zerotier import ZEROTIER_PORT, ZeroTier

# IPv4's header and UDP's; the longest datagram that ZeroTier sends by itself, and what it puts
# before a packet. In https://github.com/zerotier/ZeroTierOne these are ZT_DEFAULT_PHYSMTU of
# include/ZeroTierOne.h, and ZT_PROTO_VERB_EXT_FRAME_IDX_PAYLOAD of node/Packet.hpp.
IP_AND_UDP = 20 + 8
LONGEST_DATAGRAM = 1432
OVERHEAD = 28 + 8 + 1 + 6 + 6 + 2


@frozen
class MemberNode:
    """A node as a member of a network: what ZeroTier calls it, its name, and its address."""

    member: str
    name: str
    address: str


class ZeroTierDriver(Driver):
    """Each edge is a member of a network that the operator has made at ZeroTier."""

    has_network_id: ClassVar = True
    declaration: ClassVar = Declaration(
        title="ZeroTier",
        needs=(
            "an account at ZeroTier, and a private network in it, which you name as network_id",
            "an approval of each edge in it: trunkline backbone authorize, or you by hand",
            "outbound UDP on the port 9993; no inbound port",
        ),
        limits=(
            "where edges do not reach one another, ZeroTier's roots carry the traffic, slower",
            f"a packet has {LONGEST_DATAGRAM - OVERHEAD} bytes at most",
            "an edge that takes a new key is away for some seconds, and has to be approved before",
        ),
        cost="by the plan; Essential has 10 devices",
        source="https://www.zerotier.com/pricing/",
        networks=True,
        relayed="ZeroTier's roots, where the edges do not reach one another",
        keys="you: trunkline keys makes them; ZeroTier's controller says who may join",
        plans=(Plan(title="Essential", price="zerotier/plan", nodes=10),),
    )

    def mtu(self, underlay: int) -> int:
        return min(underlay - IP_AND_UDP, LONGEST_DATAGRAM) - OVERHEAD

    def completed(self, keys: Mapping[str, NodeKey]) -> Mapping[str, NodeKey]:
        from trunkline.backbone.identities import identities  # it is heavy, and keys alone needs it

        new = identities(private for private, key in keys.items() if not key.identity)
        return {
            private: evolve(key, identity=new[private]) if private in new else key
            for private, key in keys.items()
        }

    def by_hand(self, backbone: BackboneSettings, networks: Collection[str] = ()) -> str:
        members = "".join(
            f"  {each.member:12} {each.name:20} {each.address}\n" for each in members_of(backbone)
        )
        return (
            f"In ZeroTier's network {backbone.network_id}, which has to be private, put the "
            f"managed route {backbone.cidr}, and authorize these members, each with its address "
            f"alone:\n{members}"
            "With a token of yours, trunkline backbone authorize does this."
        )

    def unit(self, versions: Versions, *, forwards: bool = False) -> Unit:
        keys = versions.signing_keys.zerotier
        return ZeroTier(version=versions.zerotier, signing_keys=keys, forwards=forwards)

    def document(
        self,
        membership: Membership,
        names: Mapping[str, str],
        ports: Sequence[int],
        own_ports: Sequence[int] = (),
    ) -> JsonObject:
        """The format that `payload/zerotier.py` reads.

        - `zone` and `names`: where the machine stands, and its node's name in each zone.
        - `network_id`, `port`: the network, and the UDP port at which all its members answer.
        - `overlay`, `ports`: the range of all nodes, and the TCP ports at which an edge answers.
        - `nodes`: all of them, this one included: `name`, `address`, `mtu`; of the site's own nodes
          also `identities`, the newest first. Where they carry whole networks, each also has the
          range of its site's, `network`; the first node of a site is to carry it.
        - `own_ports`, with networks: the TCP ports at which an edge answers its own network.
        """
        backbone, networks = membership.backbone, membership.networks
        return {
            "zone": ZONE,
            "names": dict(names),
            "network_id": backbone.network_id,
            "port": ZEROTIER_PORT,
            "overlay": backbone.cidr,
            "ports": list(ports),
            "nodes": [
                {
                    "name": node.name,
                    "address": node.address,
                    "mtu": membership.mtus[site],
                    **({"identities": _identities(node)} if site == membership.site else {}),
                    **({"network": networks[site]} if networks else {}),
                }
                for site, members in backbone.nodes.items()
                for node in members
            ],
            **({"own_ports": list(own_ports)} if networks else {}),
        }


def members_of(backbone: BackboneSettings) -> list[MemberNode]:
    """The members that the network is to have; a node whose key is rotated is two of them."""
    return [
        MemberNode(identity.partition(":")[0], node.name, node.address)
        for nodes in backbone.nodes.values()
        for node in nodes
        for identity in _identities(node)
    ]


def _identities(node: Node) -> list[str]:
    if not all(key.identity for key in node.keys):
        raise ConfigurationError(
            f"there is no identity yet for {node.name}: make it with trunkline keys"
        )
    return [key.identity for key in node.keys]
