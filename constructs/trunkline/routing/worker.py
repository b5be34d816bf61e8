"""Routing by a Worker: every Cloudflare plan, with failover between sites."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from trunkline.errors import ConfigurationError
from trunkline.model import HEALTH_PATH, Plan
from trunkline.routing.data_point import dataset_of
from trunkline.routing.spec import Origin, RouteSpec, Script, VirtualHost, WorkerRouting
from trunkline.routing.strategy import Excess, Strategy

MAIN_MODULE = "worker.js"
COMPATIBILITY_DATE = "2026-10-01"

# https://developers.cloudflare.com/workers/platform/limits/#environment-variables
BINDING_LIMIT_BYTES = 5_000


def worker(host: VirtualHost) -> WorkerRouting:
    """The script, and the hostname that it answers."""
    return WorkerRouting(hostname=host.hostname, script=script(host))


def script(host: VirtualHost) -> Script:
    """A script that is the same for every topology; its bindings say what differs.

    ORIGINS `{"aws": "https://…"}`, with a list of URLs for a site with spares,
    ROUTES `{"/api/v5": ["aws", "google"]}`, HEDGED `["/api/v5"]`,
    HEALTH `{"/api/v5": "/healthz/models"}`, TIMEOUT_MS `"30000"`, HSTS_SECONDS `"0"`, and as a
    secret EDGE_KEY. ANALYTICS is the dataset, whose name is a table's in SQL: the topology's, with
    underscores.
    Origins stand apart from routes because a binding holds 5 KB.
    """
    return Script(
        name=f"{host.name}-routing",
        content=Path(__file__).with_name(MAIN_MODULE).read_text(encoding="utf-8"),
        main_module=MAIN_MODULE,
        compatibility_date=COMPATIBILITY_DATE,
        bindings={
            "ORIGINS": _origins(host.routes),
            "ROUTES": _sites(host.routes),
            "HEDGED": _json([route.prefix for route in host.routes if route.hedge]),
            "HEALTH": _json({r.prefix: r.health for r in host.routes if r.health != HEALTH_PATH}),
            "TIMEOUT_MS": str(host.timeout_seconds * 1000),
            "HSTS_SECONDS": str(host.hsts_seconds),
        },
        secrets={"EDGE_KEY": host.edge_key} if host.edge_key else {},
        datasets={"ANALYTICS": dataset_of(host.name)} if host.analytics else {},
        options=host.worker,
    )


def oversized(routes: Sequence[RouteSpec], plan: Plan | None) -> Iterator[Excess]:
    """Routes and origins that do not fit into a binding, on any plan."""
    for what, binding in (("routes", _sites(routes)), ("origins", _origins(routes))):
        if (size := len(binding.encode())) > BINDING_LIMIT_BYTES:
            yield Excess(
                f"the {what} make {size} bytes, and a Worker holds {BINDING_LIMIT_BYTES}",
                "use fewer routes or sites in them, or shorter prefixes and names",
            )


WORKER = Strategy(
    name="worker",
    spec=worker,
    fails_over=True,
    spreads=True,
    hedges=True,
    sets_headers=True,
    writes_analytics=True,
    runs_worker=True,
    oversized=oversized,
    workerd_script=script,
)


def _sites(routes: Sequence[RouteSpec]) -> str:
    return _json({route.prefix: [o.site for o in route.origins] for route in routes})


def _origins(routes: Sequence[RouteSpec]) -> str:
    origins: dict[str, Origin] = {}
    for origin in (origin for route in routes for origin in route.origins):
        first = origins.setdefault(origin.site, origin)
        if first != origin:
            one, other = (" ".join(each.urls) for each in (first, origin))
            raise ConfigurationError(
                f"site {origin.site!r} has two origins, {one} and {other}: "
                "give the site the same one in every route"
            )
    return _json({site: [*o.urls] if o.spares else o.url for site, o in origins.items()})


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
