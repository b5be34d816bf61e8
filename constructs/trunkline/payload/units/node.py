"""What makes an edge a node of a backbone, whichever its kind."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from trunkline.errors import ConfigurationError
from trunkline.payload.unit import UNITS, LocalUnit, MachineFile, Unit, machine_program, packaged
from trunkline.payload.units.configuration import FOLDER

PROGRAMS = "/usr/local/lib/trunkline"


class NodeUnit(Unit):
    """A daemon that an edge runs as a node of a backbone; on this machine there is none."""

    name: ClassVar = "backbone"
    remedy: ClassVar = "use fewer or shorter route prefixes"

    @property
    def drop_ins(self) -> str:
        """The folder of what changes its systemd service."""
        return f"{UNITS}/trunkline-{self.name}.service.d"

    @property
    def forwarding(self) -> tuple[MachineFile, ...]:
        """What has a machine pass packets between networks."""
        name = "forward.conf"
        return (MachineFile(f"{self.drop_ins}/30-{name}", packaged(name)),)

    def local(self, cidr: str, zone: str) -> LocalUnit:
        raise ConfigurationError("the sites of this machine reach one another without a backbone")


@frozen(kw_only=True)
class VendorNodeUnit(NodeUnit):
    """A node whose daemon is a vendor's package, with a program of ours that looks after it.

    One that `forwards` also passes packets between networks, as soon as its firewall is there.
    """

    forwards: bool = False

    kind: ClassVar[str]
    """What the program, the service and its settings are called."""

    vendors_service: ClassVar[str]
    """The systemd service of the package."""

    @property
    def debian_packages(self) -> tuple[str, ...]:
        return ("nftables",)

    @property
    def service(self) -> str:
        return packaged(f"{self.kind}.service").replace("@FOLDER@", FOLDER)

    @property
    def files(self) -> tuple[MachineFile, ...]:
        own, vendors = f"{self.kind}.conf", f"{self.vendors_service}.conf"
        changed = f"{UNITS}/{self.vendors_service}.service.d/20-trunkline.conf"
        return (
            MachineFile(f"{PROGRAMS}/{self.kind}", machine_program(self.kind)),
            MachineFile(f"{self.drop_ins}/20-{own}", packaged(own)),
            MachineFile(changed, packaged(vendors)),
            *(self.forwarding if self.forwards else ()),
        )
