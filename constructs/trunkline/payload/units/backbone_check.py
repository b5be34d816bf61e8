"""The program that measures the backbone from an edge."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from trunkline.payload.unit import MachineFile, packaged
from trunkline.payload.units.configuration import FOLDER
from trunkline.payload.units.node import NodeUnit

# Pings without a right of their own, for every group; systemd's own default, which a small Debian
# lacks: https://github.com/systemd/systemd/blob/main/sysctl.d/50-default.conf
SYSCTL = MachineFile(
    "/etc/sysctl.d/61-trunkline-ping.conf", "-net.ipv4.ping_group_range = 0 2147483647\n"
)


@frozen
class BackboneCheck(NodeUnit):
    """Measures what `trunkline backbone check` asks, with no right that other programs lack.

    Its program comes with the configuration of the edge: user data have no room for it.
    """

    name: ClassVar = "backbone-check"

    @property
    def service(self) -> str:
        return packaged("backbone-check.service").replace("@FOLDER@", FOLDER)

    @property
    def files(self) -> tuple[MachineFile, ...]:
        return (SYSCTL,)
