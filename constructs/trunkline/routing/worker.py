"""Routing by a Worker: every Cloudflare plan, with failover between sites."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trunkline.errors import ConfigurationError
from trunkline.routing.spec import RouteSpec, RoutingSpec, Script

MAIN_MODULE = "worker.js"
COMPATIBILITY_DATE = "2026-10-01"

# https://developers.cloudflare.com/workers/platform/limits/#environment-variables
BINDING_LIMIT_BYTES = 5_000


def worker(
    *, name: str, hostname: str, routes: Sequence[RouteSpec], timeout_seconds: int
) -> RoutingSpec:
    """A script that is the same for every topology, told its routes by three bindings.

    ORIGINS `{"aws": "https://…"}`, ROUTES `{"/api/v5": ["aws", "google"]}`, TIMEOUT_MS `"30000"`.
    Origins stand apart from routes because a binding holds 5 KB; ConfigurationError beyond that.
    """
    bindings = {
        "ORIGINS": _json(_origins(routes)),
        "ROUTES": _json({route.prefix: [o.site for o in route.origins] for route in routes}),
        "TIMEOUT_MS": str(timeout_seconds * 1000),
    }
    _check_sizes(bindings)
    script = Script(
        name=f"{name}-routing",
        content=_content(),
        main_module=MAIN_MODULE,
        compatibility_date=COMPATIBILITY_DATE,
        bindings=bindings,
    )
    return RoutingSpec(hostname=hostname, script=script)


def _content() -> str:
    return Path(__file__).with_name(MAIN_MODULE).read_text(encoding="utf-8")


def _origins(routes: Sequence[RouteSpec]) -> dict[str, str]:
    origins: dict[str, str] = {}
    for origin in (origin for route in routes for origin in route.origins):
        if origins.setdefault(origin.site, origin.url) != origin.url:
            raise ConfigurationError(
                f"site {origin.site!r} has two origins, {origins[origin.site]} and {origin.url}: "
                "give the site the same one in every route"
            )
    return origins


def _check_sizes(bindings: Mapping[str, str]) -> None:
    for name, value in bindings.items():
        if (size := len(value.encode())) > BINDING_LIMIT_BYTES:
            raise ConfigurationError(
                f"the Worker's binding {name} has {size} bytes and Cloudflare takes "
                f"{BINDING_LIMIT_BYTES}: use fewer routes or shorter prefixes and site names"
            )


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
