"""The kinds of backbone, one file each."""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.backbone.base import Credential, Declaration, Driver, Membership, Plan
from trunkline.backbone.check_document import check_document
from trunkline.backbone.nebula import NebulaDriver
from trunkline.backbone.none import NONE
from trunkline.backbone.tailscale import TailscaleDriver
from trunkline.backbone.warp import WarpDriver
from trunkline.backbone.wireguard import WireGuardDriver
from trunkline.backbone.zerotier import ZeroTierDriver
from trunkline.model import NO_BACKBONE, BackboneKind

__all__ = [
    "DRIVERS",
    "Credential",
    "Declaration",
    "Driver",
    "Membership",
    "Plan",
    "check_document",
    "declarations",
    "driver_of",
]

DRIVERS: Mapping[BackboneKind, type[Driver]] = {
    "wireguard": WireGuardDriver,
    "tailscale": TailscaleDriver,
    "nebula": NebulaDriver,
    "zerotier": ZeroTierDriver,
    "warp": WarpDriver,
}


def driver_of(kind: BackboneKind) -> Driver:
    """The driver of a kind."""
    return DRIVERS[kind]()


def declarations() -> dict[str, Declaration]:
    """What every kind is, by its name in a topology."""
    kinds = {str(kind): driver.declaration for kind, driver in DRIVERS.items()}
    return {**kinds, NO_BACKBONE: NONE}
