"""What would not fit: Cloudflare limits a Worker's bindings.

The routing strategy refuses the same later, without a line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from trunkline.addresses.cloudflare import origin_url
from trunkline.documents.findings import KeyPath, Problem
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.checks.routing import sites_of

ROUTES: KeyPath = ("routing", "routes")

# https://developers.cloudflare.com/workers/platform/limits/#environment-variables
BINDING_BYTES = 5_000


def worker_holds_the_routes(draft: PartialTopology) -> Iterator[Problem]:
    if draft.text("routing", "strategy") == "origin_rules":
        return
    routes = {prefix: [site for _, site in sites_of(draft, prefix)] for prefix in draft.routes}
    origins = {site: _origin(draft, site) for sites in routes.values() for site in sites}
    for what, value in (("routes", routes), ("origins", origins)):
        size = len(json.dumps(value, separators=(",", ":")))
        if size > BINDING_BYTES:
            message = f"the {what} make {size} bytes, and a Worker holds {BINDING_BYTES}"
            remedy = "use fewer routes or sites in them, or shorter prefixes and names"
            yield Problem(ROUTES, message, remedy, at_key=True)


def _origin(draft: PartialTopology, site: str) -> str:
    return origin_url(draft.text("name"), site, draft.text("domain"))


CHECKS = (worker_holds_the_routes,)
