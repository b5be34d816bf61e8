"""Nebula, which joins an edge to the backbone."""

from __future__ import annotations

from attrs import frozen

from trunkline.model import UDP_PORTS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.unit import MachineFile, machine_program, packaged
from trunkline.payload.units.configuration import FOLDER
from trunkline.payload.units.node import NodeUnit

PROGRAM = "/usr/local/lib/trunkline/nebula"
RUN = "/run/trunkline-backbone"


@frozen(kw_only=True)
class Nebula(NodeUnit):
    """Runs Nebula as the files say that `Configuration` writes: the nodes, and the own keys.

    One that `forwards` also passes packets between networks, as soon as its firewall is there.
    """

    forwards: bool = False

    @property
    def service(self) -> str:
        return packaged("nebula.service").replace("@FOLDER@", FOLDER).replace("@RUN@", RUN)

    @property
    def debian_packages(self) -> tuple[str, ...]:
        return ("nebula", "nftables") if self.forwards else ("nebula",)

    @property
    def files(self) -> tuple[MachineFile, ...]:
        return (
            MachineFile(PROGRAM, machine_program("nebula")),
            MachineFile(f"{self.drop_ins}/20-network.conf", packaged("nebula.conf")),
            *(self.forwarding if self.forwards else ()),
        )

    @property
    def firewall(self) -> Firewall:
        """Only the way out: what a node sends is an answer to what goes to the same port of it."""
        return Firewall(egress=(Rule(name="backbone", port=UDP_PORTS[0], protocol="udp"),))
