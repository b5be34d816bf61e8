"""What makes an edge a node of a backbone, whichever its kind."""

from __future__ import annotations

from typing import ClassVar

from trunkline.errors import ConfigurationError
from trunkline.payload.unit import LocalUnit, Unit


class NodeUnit(Unit):
    """A daemon that an edge runs as a node of a backbone; on this machine there is none."""

    name: ClassVar = "backbone"
    remedy: ClassVar = "use fewer or shorter route prefixes"

    def local(self, cidr: str, zone: str) -> LocalUnit:
        raise ConfigurationError("the sites of this machine reach one another without a backbone")
