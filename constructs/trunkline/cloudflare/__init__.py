"""Cloudflare's resources: zones, names, tunnels and routing. No other package has its binding."""

from trunkline.cloudflare.access import add_access_application
from trunkline.cloudflare.dns import add_dns_record
from trunkline.cloudflare.mesh import add_connector, add_mesh_profile
from trunkline.cloudflare.options import add_logpush, add_zone_options
from trunkline.cloudflare.routing import add_routing, set_smart_routing
from trunkline.cloudflare.tunnel import TunnelEnds, add_tunnel
from trunkline.cloudflare.zone import (
    NewZone,
    add_https_only,
    add_origin_pulls,
    add_provider,
    add_ssl_mode_full,
    create_zone,
    find_zone,
)

__all__ = [
    "NewZone",
    "TunnelEnds",
    "add_access_application",
    "add_connector",
    "add_dns_record",
    "add_https_only",
    "add_logpush",
    "add_mesh_profile",
    "add_origin_pulls",
    "add_provider",
    "add_routing",
    "add_ssl_mode_full",
    "add_tunnel",
    "add_zone_options",
    "create_zone",
    "find_zone",
    "set_smart_routing",
]
