"""What Cloudflare refuses of a mesh because the account has it already.

https://developers.cloudflare.com/mesh/get-started/ and https://developers.cloudflare.com/mesh/features/routes/
"""

from __future__ import annotations

from rehearsal.clouds.base import unknown
from rehearsal.world import State, World

CONNECTOR = "cloudflare_zero_trust_tunnel_warp_connector"
ROUTE = "cloudflare_zero_trust_tunnel_cloudflared_route"
PROFILE = "cloudflare_zero_trust_device_custom_profile"
TOKEN = f"{CONNECTOR}_token"
# What no two resources of an account have in common, and what Cloudflare says of a second one.
UNIQUE = {
    CONNECTOR: (("name",), "You already have a tunnel with this name"),
    ROUTE: (("network",), "You already have a route defined for this exact IP subnet"),
    PROFILE: (("precedence",), "another device profile has this precedence"),
}


def refused(world: World, type_name: str, planned: State) -> str | None:
    """Why the account does not take a resource; None where it does."""
    if type_name not in UNIQUE:
        return None
    names, words = UNIQUE[type_name]
    wanted = {name: planned[name] for name in ("account_id", *names)}
    if any(unknown(value) for value in wanted.values()):
        return None
    others = [each for each in world.all(type_name, **wanted) if each["id"] != planned.get("id")]
    return words if others else None
