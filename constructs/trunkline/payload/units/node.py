"""What makes an edge a node of a backbone, whichever its kind."""

from __future__ import annotations

from typing import ClassVar

from trunkline.errors import ConfigurationError
from trunkline.payload.unit import UNITS, LocalUnit, MachineFile, Unit, packaged


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
