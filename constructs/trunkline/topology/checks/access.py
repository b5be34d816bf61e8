"""Routes behind Cloudflare Access, and routes for operators."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.documents.findings import KeyPath, Problem
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.checks.routing import ROUTES

KEYS = ("access", "management")


def access_has_a_policy(draft: PartialTopology) -> Iterator[Problem]:
    if "access" in draft.mapping("cloudflare"):
        return
    for path in _asking(draft):
        if "local" in draft.data:
            yield Problem(path, "a local topology has no Cloudflare Access", "delete it")
        elif "cloudflare" in draft.data:
            message = "nothing says whom Cloudflare Access lets in"
            yield Problem(path, message, "add cloudflare.access with the name of your team")


def access_is_used(draft: PartialTopology) -> Iterator[Problem]:
    if draft.mapping("cloudflare", "access") and draft.routes and not [*_asking(draft)]:
        message = "no route says access or management, so nobody is asked"
        remedy = "add access: true to a route, or delete this"
        yield Problem(("cloudflare", "access"), message, remedy, "warning", at_key=True)


def _asking(draft: PartialTopology) -> Iterator[KeyPath]:
    for prefix, route in draft.routes.items():
        yield from ((*ROUTES, prefix, key) for key in KEYS if route.get(key) is True)


def access_covers_what_is_below(draft: PartialTopology) -> Iterator[Problem]:
    """Access asks before a path and all that is below it, whatever route serves that."""
    behind = [prefix for prefix, route in draft.routes.items() if route.get("access") is True]
    for prefix, route in draft.routes.items():
        if route.get("access") is True or route.get("management") is True:
            continue
        above = [each for each in behind if f"{prefix}/".startswith(f"{each.rstrip('/')}/")]
        for each in above[:1]:
            message = f"{prefix} lies below {each}, so Cloudflare Access asks there as well"
            remedy = "add access: true here, or choose another prefix for one of them"
            yield Problem((*ROUTES, prefix), message, remedy, at_key=True)


def management_is_apart(draft: PartialTopology) -> Iterator[Problem]:
    """A route for operators is one site's own, and comes through its tunnel."""
    for prefix, route in draft.routes.items():
        if route.get("management") is not True:
            continue
        for key in ("failover", "hedge", "access"):
            if route.get(key):
                message = f"a management route is reached at its site alone, without {key}"
                yield Problem((*ROUTES, prefix, key), message, "delete it", at_key=True)
        if draft.get("edge", "exposure") == "public":
            message = "a public edge has no listener of its own for management"
            remedy = "use edge.exposure tunnel, or delete management"
            yield Problem((*ROUTES, prefix, "management"), message, remedy)


def some_route_is_public(draft: PartialTopology) -> Iterator[Problem]:
    if draft.routes and all(r.get("management") is True for r in draft.routes.values()):
        message = "every route is for operators, so the public hostname leads nowhere"
        yield Problem(ROUTES, message, "add a route without management", at_key=True)


CHECKS = (
    access_has_a_policy,
    access_is_used,
    access_covers_what_is_below,
    management_is_apart,
    some_route_is_public,
)
