"""The daemons that machines run, one file each."""

from trunkline.payload.units.agent import Agent
from trunkline.payload.units.backbone_check import BackboneCheck
from trunkline.payload.units.cloudflared import Cloudflared
from trunkline.payload.units.configuration import Configuration
from trunkline.payload.units.envoy import Envoy
from trunkline.payload.units.nebula import Nebula
from trunkline.payload.units.tailscale import Tailscale
from trunkline.payload.units.warp import Warp
from trunkline.payload.units.wireguard import WireGuard
from trunkline.payload.units.zerotier import ZeroTier

__all__ = [
    "Agent",
    "BackboneCheck",
    "Cloudflared",
    "Configuration",
    "Envoy",
    "Nebula",
    "Tailscale",
    "Warp",
    "WireGuard",
    "ZeroTier",
]
