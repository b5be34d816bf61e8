"""Cloudflare's resources: zones, names, tunnels and routing. No other package has its binding."""

from cdktf_cdktf_provider_cloudflare.provider import CloudflareProvider
from constructs import Construct

from trunkline.cloudflare.dns import add_dns_record
from trunkline.cloudflare.routing import add_routing, add_smart_routing
from trunkline.cloudflare.tunnel import add_tunnel
from trunkline.cloudflare.zone import create_zone, encrypt_to_origin, find_zone, origin_pulls

__all__ = [
    "add_dns_record",
    "add_provider",
    "add_routing",
    "add_smart_routing",
    "add_tunnel",
    "create_zone",
    "encrypt_to_origin",
    "find_zone",
    "origin_pulls",
]


def add_provider(scope: Construct) -> None:
    """The provider; its token comes from the environment, CLOUDFLARE_API_TOKEN."""
    CloudflareProvider(scope, "cloudflare")
