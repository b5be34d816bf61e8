"""Tailscale: a network whose machines make their keys themselves, and find one another by it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from trunkline.backbone.base import Credential, Declaration, Driver, JsonObject, Membership, Plan
from trunkline.envoy import ZONE
from trunkline.model import CHECK_PORT, ORIGINATE_PORT, PASSTHROUGH_PORT, BackboneSettings, Versions
from trunkline.payload import Unit
from trunkline.payload.tailscale import HELLO_PORT, OWN_RANGE
from trunkline.payload.units import Tailscale

# Of tailscale0 on every system: https://tailscale.com/kb/1082/firewall-ports
MTU = 1280
TAG = "tag:trunkline"


class TailscaleDriver(Driver):
    """Each edge is a subnet router for its own address, and one of each site for its network."""

    declaration: ClassVar = Declaration(
        title="Tailscale",
        needs=(
            "an account at Tailscale, and an auth key or OAuth secret with a tag, which you bring",
            "in its policy: who owns the tag, that its routes are approved, and what may pass",
            "outbound UDP on the ports 41641 and 3478, and HTTPS; no inbound port",
        ),
        limits=(
            "where no UDP passes, Tailscale's relays carry the traffic, and they are slower",
            "a packet has 1280 bytes at most",
            "an edge that is gone stays in its list of machines until you remove it",
            "an edge takes a network over once Tailscale's servers say so, after some seconds more",
        ),
        cost="by the seat; up to 50 machines with tags cost nothing",
        source="https://tailscale.com/pricing",
        networks=True,
        relayed="Tailscale's relays, where the edges do not reach one another",
        keys="each machine makes its own; Tailscale hands out the public halves",
        plans=(
            Plan(title="Free", nodes=50),
            Plan(title="Standard", price="tailscale/seat/standard", by_seat=True),
            Plan(title="Premium", price="tailscale/seat/premium", by_seat=True),
        ),
    )
    machine_range: ClassVar = OWN_RANGE
    credential: ClassVar = Credential(
        variable="tailscale_auth_key",
        what="an auth key or OAuth secret of Tailscale",
        pattern="^tskey-(auth|client)-[0-9A-Za-z]+-[0-9A-Za-z]+([?][a-z=&]+)?$",
        remedy=f"make one in its admin console, reusable, not ephemeral, with {TAG}",
    )

    def mtu(self, underlay: int) -> int:
        return MTU

    def by_hand(self, backbone: BackboneSettings, networks: Collection[str] = ()) -> str:
        """The part of the tailnet's policy that the edges need: https://tailscale.com/s/acl-format"""
        ports = (PASSTHROUGH_PORT, ORIGINATE_PORT, CHECK_PORT)
        hellos = [f"udp:{HELLO_PORT}"] if networks else []
        passing = ["icmp:*", *(f"tcp:{port}" for port in ports), *hellos]
        ranges = sorted(networks)
        whole = [{"src": ranges, "dst": ranges, "ip": ["*"]}] if ranges else []
        policy = {
            "tagOwners": {TAG: ["autogroup:admin"]},
            "autoApprovers": {"routes": {each: [TAG] for each in (backbone.cidr, *ranges)}},
            "grants": [{"src": [TAG], "dst": [backbone.cidr], "ip": passing}, *whole],
        }
        return (
            "Put this into the policy of your tailnet, with tcp:PORT for each tcp service:\n"
            f"{json.dumps(policy, indent=2)}\n"
            f"Then {self.credential.remedy}, and set TF_VAR_{self.credential.variable} to it."
        )

    def unit(self, versions: Versions, *, forwards: bool = False) -> Unit:
        keys = versions.signing_keys.tailscale
        return Tailscale(version=versions.tailscale, signing_keys=keys, forwards=forwards)

    def document(
        self,
        membership: Membership,
        names: Mapping[str, str],
        ports: Sequence[int],
        own_ports: Sequence[int] = (),
    ) -> JsonObject:
        """The format that `payload/tailscale.py` reads.

        - `zone` and `names`: where the machine stands, and its node's name in each zone.
        - `overlay`: the range of all nodes.
        - `ports`: the TCP ports at which an edge answers on the overlay.
        - `addresses`: that of each node of the site on the overlay, by name.
        - `tag`: what the machines are in the policy.
        - `auth_key_version`: another one has the auth key read again.
        - With networks, `network`: the range of the site's own; `others`: how long a packet may be
          on the way to each other range; `own_ports`: the TCP ports at which an edge answers its
          own network.
        """
        backbone = membership.backbone
        return {
            "zone": ZONE,
            "names": dict(names),
            "overlay": backbone.cidr,
            "ports": list(ports),
            "addresses": {node.name: node.address for node in membership.nodes},
            "tag": TAG,
            "auth_key_version": backbone.auth_key_version,
            **_networks(membership, own_ports),
        }


def _networks(membership: Membership, own_ports: Sequence[int]) -> JsonObject:
    if not membership.networks:
        return {}
    return {
        "network": membership.networks[membership.site],
        "others": {cidr: membership.mtus[site] for site, cidr in membership.others.items()},
        "own_ports": list(own_ports),
    }
