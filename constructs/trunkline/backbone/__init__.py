"""The kinds of backbone, one file each."""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.backbone.base import Declaration, Driver, Membership
from trunkline.backbone.wireguard import WireGuardDriver
from trunkline.model import BackboneKind

__all__ = ["DRIVERS", "Declaration", "Driver", "Membership", "driver_of"]

DRIVERS: Mapping[BackboneKind, type[Driver]] = {"wireguard": WireGuardDriver}


def driver_of(kind: BackboneKind) -> Driver:
    """The driver of a kind."""
    return DRIVERS[kind]()
