"""WireGuard, which joins an edge to the backbone."""

from __future__ import annotations

from attrs import frozen

from trunkline.model import PRIVATE_PORTS, UDP_PORTS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.unit import MachineFile, machine_program, packaged
from trunkline.payload.units.configuration import FOLDER
from trunkline.payload.units.node import NodeUnit

PROGRAM = "/usr/local/lib/trunkline/wireguard"


@frozen(kw_only=True)
class WireGuard(NodeUnit):
    """Keeps WireGuard as the files say that `Configuration` writes: the nodes, and the own keys.

    One that `forwards` also passes packets between networks, as soon as its firewall is there. One
    that is `linked` also reaches others over a link between clouds.
    """

    forwards: bool = False
    linked: bool = False

    @property
    def service(self) -> str:
        return packaged("backbone.service").replace("@FOLDER@", FOLDER)

    @property
    def debian_packages(self) -> tuple[str, ...]:
        return ("nftables", "wireguard-tools")

    @property
    def files(self) -> tuple[MachineFile, ...]:
        return (
            MachineFile(PROGRAM, machine_program("wireguard")),
            MachineFile(f"{self.drop_ins}/20-network.conf", packaged("network.conf")),
            *(self.forwarding if self.forwards else ()),
        )

    @property
    def firewall(self) -> Firewall:
        """Only the way out: what a peer sends is an answer to what goes to the same port of it."""
        ports = (*UDP_PORTS, *(PRIVATE_PORTS.values() if self.linked else ()))
        rules = [Rule(name=f"backbone-{port}", port=port, protocol="udp") for port in ports]
        return Firewall(egress=tuple(rules))
