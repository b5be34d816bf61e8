"""Nebula: a full mesh of encrypted UDP between the edges, which certificates let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import ClassVar

from trunkline.backbone.base import Declaration, Driver, JsonObject, Membership
from trunkline.envoy import ZONE
from trunkline.errors import ConfigurationError
from trunkline.model import EDGE_GROUP, UDP_PORTS, Node, Versions
from trunkline.payload import Unit
from trunkline.payload.units import Nebula

# IPv4's header, UDP's, Nebula's and the tag of AES-GCM:
# https://github.com/slackhq/nebula/blob/v1.6.1/header/header.go
OVERHEAD = 20 + 8 + 16 + 16


class NebulaDriver(Driver):
    """The edges are one another's lighthouses; an authority of the operator says who is one."""

    has_authority: ClassVar = True
    declaration: ClassVar = Declaration(
        title="Nebula",
        needs=(
            "Linux with a TUN device, and the package nebula of Debian",
            "a public address of each edge's own",
            f"outbound UDP on the port {UDP_PORTS[0]}; no inbound port",
            "new certificates once a year: trunkline keys makes them, 60 days before",
        ),
        limits=(
            "it goes over the internet, whose latency and loss it has",
            "it encrypts outside the kernel, which takes more processor time than WireGuard there",
        ),
        cost="nothing beyond the traffic, which each cloud counts as leaving it",
        source="https://nebula.defined.net/docs/",
        keys="you: trunkline keys makes them, and your authority signs; that key never leaves you",
        measured=(
            "0.8 ms more for a round trip",
            "1.0 to 1.3 seconds of CPU for a gigabit, on each side",
        ),
    )

    def mtu(self, underlay: int) -> int:
        return underlay - OVERHEAD

    def unit(self, versions: Versions, *, forwards: bool = False) -> Unit:
        if forwards:
            raise ConfigurationError("Nebula carries no whole networks; choose another kind")
        return Nebula()

    def document(
        self,
        membership: Membership,
        names: Mapping[str, str],
        ports: Sequence[int],
        own_ports: Sequence[int] = (),
    ) -> JsonObject:
        """The format that `payload/nebula.py` reads.

        - `zone` and `names`: where the machine stands, and its node's name in each zone.
        - `overlay_bits`: how long the prefix of the overlay is.
        - `group`, `ports`, `port`: whose nodes may connect, to which TCP ports, and the UDP port
          at which all nodes answer.
        - `authorities`: the certificates of those who may sign, in base64.
        - `nodes`: all of them, this one included: `name`, `host`, `address`, `mtu`; of the site's
          own nodes also `keys`, the newest first, each with `public_key` and `certificate`.
        """
        backbone = membership.backbone
        return {
            "zone": ZONE,
            "names": dict(names),
            "overlay_bits": IPv4Network(backbone.cidr).prefixlen,
            "group": EDGE_GROUP,
            "ports": list(ports),
            "port": UDP_PORTS[0],
            "authorities": [each.certificate for each in backbone.authorities],
            "nodes": [
                {
                    "name": node.name,
                    "host": membership.hosts[node.name],
                    "address": node.address,
                    "mtu": membership.mtus[site],
                    **({"keys": _keys(node)} if site == membership.site else {}),
                }
                for site, members in backbone.nodes.items()
                for node in members
            ],
        }


def _keys(node: Node) -> list[JsonObject]:
    if not all(key.certificate for key in node.keys):
        raise ConfigurationError(
            f"there is no certificate yet for {node.name}: make it with trunkline keys"
        )
    return [{"public_key": key.public_key, "certificate": key.certificate} for key in node.keys]
