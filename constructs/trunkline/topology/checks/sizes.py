"""What would not fit: Cloudflare limits a Worker's bindings, AWS a machine's user data.

The constructs refuse the same later, without a line; a test holds the two against each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from trunkline.finding import KeyPath, Problem
from trunkline.topology.checks.draft import Draft
from trunkline.topology.checks.routing import sites_of

ROUTES: KeyPath = ("routing", "routes")

# https://developers.cloudflare.com/workers/platform/limits/#environment-variables
BINDING_BYTES = 5_000

# What AWS's 16,384 bytes of user data leave for the routes of an edge without an upstream, where
# each route is written out: 82 bytes and its prefix twice.
AWS_ROUTE_BYTES = 4_950
ROUTE_BYTES = 82


def worker_holds_the_routes(draft: Draft) -> Iterator[Problem]:
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


def user_data_hold_the_routes(draft: Draft) -> Iterator[Problem]:
    if not any(_is_long(draft, site) for site in draft.sites):
        return
    size = sum(ROUTE_BYTES + 2 * len(prefix) for prefix in draft.routes)
    if size > AWS_ROUTE_BYTES:
        message = f"the routes make {size} bytes in an edge, and AWS leaves {AWS_ROUTE_BYTES}"
        remedy = "use fewer or shorter prefixes, or give the AWS sites an upstream"
        yield Problem(ROUTES, message, remedy, at_key=True)


def _is_long(draft: Draft, site: str) -> bool:
    return draft.text("sites", site, "cloud") == "aws" and not draft.text("sites", site, "upstream")


def _origin(draft: Draft, site: str) -> str:
    return f"https://{draft.text('name')}-edge-{site}.{draft.text('domain')}"


CHECKS = (worker_holds_the_routes, user_data_hold_the_routes)
