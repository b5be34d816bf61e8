"""Cloudflare Mesh (WARP Connector): Cloudflare's network carries the packets between the edges."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from trunkline.backbone.base import Declaration, Driver, JsonObject, Membership, Plan
from trunkline.envoy import ZONE
from trunkline.model import MESH_RANGE, BackboneSettings, Versions
from trunkline.payload import Unit
from trunkline.payload.units import Warp

# https://developers.cloudflare.com/mesh/best-practices/#mtu-and-packet-fragmentation
MTU = 1280


class WarpDriver(Driver):
    """Each edge is a node with a route to its own address on the overlay alone."""

    has_connectors: ClassVar = True
    machine_range: ClassVar = MESH_RANGE
    declaration: ClassVar = Declaration(
        title="Cloudflare Mesh (WARP Connector)",
        needs=(
            "a Zero Trust organization at Cloudflare, and its team name",
            "by hand in the dashboard: how devices may enroll and reach one another",
            f"outbound UDP on port 443 to Cloudflare, and {MESH_RANGE} used by nobody else",
        ),
        limits=(
            "all traffic passes through Cloudflare, by the data centers next to both edges",
            "a packet has 1280 bytes at most",
            "one topology for each organization, whose nodes have one profile",
            "other devices of the organization reach the edges too, where a profile of yours leads "
            "them to the overlay, unless a policy of Gateway forbids it",
            "it asks Cloudflare for names, but for those of the clouds and of upstreams",
            "trunkline routes no whole networks over it: one profile holds for all nodes, and "
            "would take each site's own network through Cloudflare as well",
        ),
        cost="nothing up to 50 nodes",
        source="https://developers.cloudflare.com/mesh/",
        relayed="Cloudflare, always",
        keys="each machine and Cloudflare; the stacks bring each machine the token of its node",
        plans=(Plan(title="Free", nodes=50),),
    )

    def mtu(self, underlay: int) -> int:
        return MTU

    def by_hand(self, backbone: BackboneSettings, networks: Collection[str] = ()) -> str:
        """What has no API: https://developers.cloudflare.com/mesh/get-started/"""
        return (
            f"Cloudflare makes a token for each edge, and apply brings it there. For the team "
            f"{backbone.team}, once, in the dashboard of Cloudflare One:\n"
            "1. Team & Resources, Devices, Management: allow devices to enroll, with one rule at "
            "least.\n"
            "2. There too: turn on Allow all Cloudflare One traffic to reach enrolled devices, and "
            "Assign a unique IP address to each device.\n"
            "3. Traffic policies, Traffic settings: turn on the proxy for TCP, UDP and ICMP.\n"
            "The API token needs Cloudflare One Connectors: Edit and Zero Trust: Edit as well."
        )

    def unit(self, versions: Versions, *, forwards: bool = False) -> Unit:
        return Warp(version=versions.warp, signing_keys=versions.signing_keys.warp)

    def document(
        self,
        membership: Membership,
        names: Mapping[str, str],
        ports: Sequence[int],
        own_ports: Sequence[int] = (),
    ) -> JsonObject:
        """The format that `payload/warp.py` reads.

        - `zone` and `names`: where the machine stands, and its node's name in each zone.
        - `overlay`: the range of all nodes.
        - `mesh`: where Cloudflare gives nodes addresses of its own.
        - `ports`: the TCP ports at which an edge answers on the overlay.
        - `addresses`: that of each node of the site on the overlay, by name.
        """
        backbone = membership.backbone
        return {
            "zone": ZONE,
            "names": dict(names),
            "overlay": backbone.cidr,
            "mesh": MESH_RANGE,
            "ports": list(ports),
            "addresses": {node.name: node.address for node in membership.nodes},
        }
