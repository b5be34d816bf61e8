"""WireGuard: a full mesh of encrypted UDP between the edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from trunkline.backbone.base import Declaration, Driver, JsonObject, Membership
from trunkline.envoy import ZONE
from trunkline.model import PRIVATE_PORTS, NodeKey, Versions
from trunkline.payload import Unit
from trunkline.payload.units import WireGuard

# An IPv4 header, a UDP header and WireGuard's own: https://www.wireguard.com/protocol/
OVERHEAD = 20 + 8 + 32


class WireGuardDriver(Driver):
    """The edges send to one another; each one's firewall takes that for answers to itself."""

    declaration: ClassVar = Declaration(
        title="WireGuard",
        needs=(
            "Linux with WireGuard, as Debian's kernels have it, or wireguard-go",
            "a public address of each edge's own",
            "outbound UDP on the ports 51820 and 51821; no inbound port",
        ),
        limits=(
            "it goes over the internet, whose latency and loss it has",
            "each edge holds a session with every other one: some hundred edges, not thousands",
        ),
        cost="nothing beyond the traffic, which each cloud counts as leaving it",
        source="https://www.wireguard.com/",
        networks=True,
        links=True,
        measured=(
            "0.4 ms more for a round trip, with wireguard-go",
            "1.2 to 1.8 seconds of CPU for a gigabit, on each side, with wireguard-go",
        ),
    )

    def mtu(self, underlay: int) -> int:
        return underlay - OVERHEAD

    def unit(self, versions: Versions, *, forwards: bool = False) -> Unit:
        return WireGuard(forwards=forwards)

    def linked_unit(self, versions: Versions) -> Unit:
        return WireGuard(linked=True)

    def document(
        self,
        membership: Membership,
        names: Mapping[str, str],
        ports: Sequence[int],
        own_ports: Sequence[int] = (),
    ) -> JsonObject:
        """The format that `payload/wireguard.py` reads.

        - `zone` and `names`: where the machine stands, and its node's name in each zone.
        - `overlay`: the range of all nodes.
        - `ports`: the TCP ports at which an edge answers on the overlay.
        - `nodes`: all of them, this one included: `name`, `host`, `address`, `mtu`, and `keys`, the
          newest first, each with `public_key` and `port`. Where they carry whole networks, each
          also has the range of its site's, `network`; the first node of a site is to carry it.
          Where a link leads to it, it has `private_host`, and its keys `private_port`.
        - `own_ports`, with networks: the TCP ports at which an edge answers its own network.
        """
        backbone, hosts = membership.backbone, membership.private_hosts
        linked = (membership.site, *backbone.linked(membership.site)) if hosts else ()
        nodes = [
            {
                "name": node.name,
                "host": membership.hosts[node.name],
                "address": node.address,
                "mtu": membership.mtus[site],
                "keys": [_key(key, private=site in linked) for key in node.keys],
                **({"network": membership.networks[site]} if membership.networks else {}),
                **({"private_host": hosts[node.name]} if node.name in hosts else {}),
            }
            for site, members in backbone.nodes.items()
            for node in members
        ]
        return {
            "zone": ZONE,
            "names": dict(names),
            "overlay": backbone.cidr,
            "ports": list(ports),
            "nodes": nodes,
            **({"own_ports": list(own_ports)} if membership.networks else {}),
        }


def _key(key: NodeKey, *, private: bool) -> JsonObject:
    """A key of a node, and where it is reached: with a link on the `private` path, too."""
    made: JsonObject = {"public_key": key.public_key, "port": key.port}
    return {**made, "private_port": PRIVATE_PORTS[key.port]} if private else made
