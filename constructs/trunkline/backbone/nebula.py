"""Nebula: a full mesh of encrypted UDP between the edges, which certificates let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from trunkline.backbone.base import Declaration, Driver, JsonObject, Membership
from trunkline.backbone.certificates import subnets
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
            "before Nebula 1.9, an edge that takes a network over interrupts others for a moment",
        ),
        cost="nothing beyond the traffic, which each cloud counts as leaving it",
        source="https://nebula.defined.net/docs/",
        networks=True,
        keys="you: trunkline keys makes them, and your authority signs; that key never leaves you",
        measured=(
            "0.8 ms more for a round trip",
            "1.0 to 1.3 seconds of CPU for a gigabit, on each side",
        ),
    )

    def mtu(self, underlay: int) -> int:
        return underlay - OVERHEAD

    def unit(self, versions: Versions, *, forwards: bool = False) -> Unit:
        return Nebula(forwards=forwards)

    def document(
        self,
        membership: Membership,
        names: Mapping[str, str],
        ports: Sequence[int],
        own_ports: Sequence[int] = (),
    ) -> JsonObject:
        """The format that `payload/nebula.py` reads.

        - `zone` and `names`: where the machine stands, and its node's name in each zone.
        - `overlay`: the range of all nodes.
        - `group`, `ports`, `port`: whose nodes may connect, to which TCP ports, and the UDP port
          at which all nodes answer.
        - `authorities`: the certificates of those who may sign, in base64.
        - `nodes`: all of them, this one included: `name`, `host`, `address`, `mtu`; of the site's
          own nodes also `keys`, the newest first, each with `public_key` and `certificate`. Where
          they carry whole networks, each also has the range of its site's, `network`; the first
          node of a site is to carry it.
        - `own_ports`, with networks: the TCP ports at which an edge answers its own network.
        """
        backbone, networks = membership.backbone, membership.networks
        return {
            "zone": ZONE,
            "names": dict(names),
            "overlay": backbone.cidr,
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
                    **({"network": networks[site]} if networks else {}),
                    **_own(node, networks.get(site, "") if site == membership.site else None),
                }
                for site, members in backbone.nodes.items()
                for node in members
            ],
            **({"own_ports": list(own_ports)} if networks else {}),
        }


def _own(node: Node, network: str | None) -> JsonObject:
    """What a node of the site itself shows others; for a node of another site nothing.

    `network` is the range that it carries, empty for none; it is None for a node of another site.
    """
    if network is None:
        return {}
    if not all(key.certificate for key in node.keys):
        raise ConfigurationError(
            f"there is no certificate yet for {node.name}: make it with trunkline keys"
        )
    if network and not all(network in subnets(key.certificate) for key in node.keys):
        raise ConfigurationError(
            f"the certificate of {node.name} does not name {network}, which it is to carry: make "
            "a new one with trunkline keys"
        )
    keys = [{"public_key": key.public_key, "certificate": key.certificate} for key in node.keys]
    return {"keys": keys}
