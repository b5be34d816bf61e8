"""Nebula, which joins an edge to the backbone."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import ClassVar

from attrs import frozen

from trunkline.errors import ConfigurationError
from trunkline.model import UDP_PORTS
from trunkline.payload.firewall import Firewall, Rule
from trunkline.payload.unit import UNITS, LocalUnit, MachineFile, Unit, packaged
from trunkline.payload.units.configuration import FOLDER
from trunkline.probing.source import without_documentation

PROGRAM = "/usr/local/lib/trunkline/nebula"
RUN = "/run/trunkline-backbone"


@frozen
class Nebula(Unit):
    """Runs Nebula as the files say that `Configuration` writes: the nodes, and the own keys."""

    name: ClassVar = "backbone"
    remedy: ClassVar = "use fewer or shorter route prefixes"

    @property
    def service(self) -> str:
        return packaged("nebula.service").replace("@FOLDER@", FOLDER).replace("@RUN@", RUN)

    @property
    def debian_packages(self) -> tuple[str, ...]:
        return ("nebula",)

    @property
    def files(self) -> tuple[MachineFile, ...]:
        drop_in = f"{UNITS}/trunkline-{self.name}.service.d/20-network.conf"
        return (
            MachineFile(PROGRAM, nebula_program()),
            MachineFile(drop_in, packaged("nebula.conf")),
        )

    @property
    def firewall(self) -> Firewall:
        """Only the way out: what a node sends is an answer to what goes to the same port of it."""
        return Firewall(egress=(Rule(name="backbone", port=UDP_PORTS[0], protocol="udp"),))

    def local(self, cidr: str, zone: str) -> LocalUnit:
        raise ConfigurationError("the sites of this machine reach one another without a backbone")


@cache
def nebula_program() -> str:
    """The program that runs Nebula, as machines get it."""
    text = files("trunkline.payload").joinpath("nebula.py").read_text("utf-8")
    return without_documentation(text, "payload/nebula.py")
