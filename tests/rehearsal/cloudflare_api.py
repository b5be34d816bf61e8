"""Cloudflare's API, to read: what the zone and the account hold, as a user would ask with curl.

    https://developers.cloudflare.com/api/

It answers with the resources as Terraform knows them; a real answer has more in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rehearsal.names import RECORD
from rehearsal.world import State, World, plain

# Each list: its path, the type of what it holds, and the attribute that its placeholder gives.
LISTS = (
    (r"/zones", "cloudflare_zone", None),
    (r"/zones/([^/]+)/dns_records", RECORD, "zone_id"),
    (r"/zones/([^/]+)/settings", "cloudflare_zone_setting", "zone_id"),
    (r"/zones/([^/]+)/rulesets", "cloudflare_ruleset", "zone_id"),
    (r"/zones/([^/]+)/workers/routes", "cloudflare_workers_route", "zone_id"),
    (r"/zones/([^/]+)/argo/smart_routing", "cloudflare_argo_smart_routing", "zone_id"),
    (r"/zones/([^/]+)/load_balancers", "cloudflare_load_balancer", "zone_id"),
    (r"/accounts/([^/]+)/load_balancers/pools", "cloudflare_load_balancer_pool", "account_id"),
    (
        r"/accounts/([^/]+)/load_balancers/monitors",
        "cloudflare_load_balancer_monitor",
        "account_id",
    ),
    (r"/zones/([^/]+)/argo/tiered_caching", "cloudflare_argo_tiered_caching", "zone_id"),
    (
        r"/zones/([^/]+)/cache/tiered_cache_smart_topology_enable",
        "cloudflare_tiered_cache",
        "zone_id",
    ),
    (r"/zones/([^/]+)/logpush/jobs", "cloudflare_logpush_job", "zone_id"),
    (r"/accounts/([^/]+)/workers/scripts", "cloudflare_workers_script", "account_id"),
    (
        r"/accounts/([^/]+)/cfd_tunnel",
        "cloudflare_zero_trust_tunnel_cloudflared",
        "account_id",
    ),
    (
        r"/accounts/([^/]+)/warp_connector",
        "cloudflare_zero_trust_tunnel_warp_connector",
        "account_id",
    ),
    (
        r"/accounts/([^/]+)/teamnet/routes",
        "cloudflare_zero_trust_tunnel_cloudflared_route",
        "account_id",
    ),
    (
        r"/accounts/([^/]+)/devices/policies",
        "cloudflare_zero_trust_device_custom_profile",
        "account_id",
    ),
    (
        r"/accounts/([^/]+)/access/apps",
        "cloudflare_zero_trust_access_application",
        "account_id",
    ),
    (
        r"/accounts/([^/]+)/access/service_tokens",
        "cloudflare_zero_trust_access_service_token",
        "account_id",
    ),
)
CONNECTIONS = re.compile(r"/accounts/[^/]+/cfd_tunnel/([^/]+)/connections")
SECRET = re.compile("secret|token|destination_conf|ownership_challenge")


def answer(
    world: World, request: Any, connectors: Callable[[str], Collection[str]] = lambda _: ()
) -> tuple[int, bytes]:
    """The status and the JSON of an answer to a request under /client/v4.

    `connectors` gives the ids of the agents that are connected to the tunnel with an id.
    """
    url = urlsplit(request.path)
    if not request.headers.get("authorization", "").startswith("Bearer "):
        return _error(400, 10001, "Unable to authenticate request")
    path = url.path.removeprefix("/client/v4")
    if request.command != "GET" or path == url.path:
        return _error(405, 10405, "Method not allowed: here one can only read")
    wanted = {name: values[0] for name, values in parse_qs(url.query).items()}
    if wanted.pop("is_deleted", "false") != "false":
        return _result([])  # what is deleted is forgotten here
    if match := CONNECTIONS.fullmatch(path):
        return _result([_client(each) for each in connectors(match[1])])
    for pattern, kind, attribute in LISTS:
        if match := re.fullmatch(pattern, path):
            given = {attribute: match[1]} if attribute else {}
            return _result([_shown(each) for each in world.all(kind, **given, **wanted)])
    return _error(
        404, 7003, f"Could not route to {path}, perhaps your object identifier is invalid?"
    )


def _client(connector: str) -> dict[str, Any]:
    return {"id": connector, "conns": [{"is_pending_reconnect": False}]}


def _result(result: Any) -> tuple[int, bytes]:
    said = {"result": result, "success": True, "errors": [], "messages": []}
    return 200, json.dumps(said, indent=2).encode() + b"\n"


def _error(status: int, code: int, message: str) -> tuple[int, bytes]:
    errors = [{"code": code, "message": message}]
    said = {"result": None, "success": False, "errors": errors, "messages": []}
    return status, json.dumps(said).encode() + b"\n"


def _shown(state: State) -> dict[str, Any]:
    """A resource without its secrets and what was left open."""
    return {
        name: plain(value)
        for name, value in state.items()
        if value is not None and not SECRET.search(name)
    }
