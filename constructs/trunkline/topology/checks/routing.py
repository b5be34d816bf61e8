"""Routes, and what the declared Cloudflare plan lets them do."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.documents.explain import nearest
from trunkline.documents.findings import KeyPath, Problem
from trunkline.topology.checks.partial import PartialTopology

RESERVED = "/cdn-cgi"


def sites_exist(draft: PartialTopology) -> Iterator[Problem]:
    for prefix in draft.routes:
        for path, site in sites_of(draft, prefix):
            if draft.sites and site not in draft.sites:
                match = nearest(site, draft.sites)
                known = ", ".join(list(draft.sites)[:10])
                remedy = f"did you mean {match}?" if match else f"choose from: {known}"
                yield Problem(path, f"there is no site {site}", remedy)


def sites_of(draft: PartialTopology, prefix: str) -> Iterator[tuple[KeyPath, str]]:
    """The path and the name of each site of a route, first choice first."""
    route: tuple[str, str, str] = ("routing", "routes", prefix)
    if site := draft.text(*route, "site"):
        yield (*route, "site"), site
    yield from draft.texts(*route, "failover")


def failover_is_elsewhere(draft: PartialTopology) -> Iterator[Problem]:
    for prefix, route in draft.routes.items():
        for path, site in draft.texts("routing", "routes", prefix, "failover"):
            if site == route.get("site"):
                message = f"{site} is the route's own site and cannot stand in for itself"
                yield Problem(path, message, "name another site or delete it")


def every_site_is_used(draft: PartialTopology) -> Iterator[Problem]:
    used = {site for prefix in draft.routes for _, site in sites_of(draft, prefix)}
    complete = all(
        route.get("site") and route.get("failover", ()) is not None
        for route in draft.routes.values()
    )
    if not complete or not used <= set(draft.sites):
        return  # A misspelled route may have meant the site.
    for site in draft.sites if draft.routes else ():
        if site not in used:
            message = f"no route uses the site {site}"
            remedy = "name it in a route, or delete it to save its machine"
            yield Problem(("sites", site), message, remedy, "warning", at_key=True)


def routes_do_not_shadow(draft: PartialTopology) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for prefix in draft.routes:
        earlier = first.setdefault(prefix.rstrip("/"), prefix)
        if earlier != prefix:
            where = draft.where(("routing", "routes", earlier))
            message = f"{prefix} matches the same requests as {where}"
            path = ("routing", "routes", prefix)
            yield Problem(path, message, "keep one of them", at_key=True)


def routes_can_match(draft: PartialTopology) -> Iterator[Problem]:
    for prefix in draft.routes:
        path: KeyPath = ("routing", "routes", prefix)
        segments = prefix.split("/")
        if "." in segments or ".." in segments:
            message = "clients and Cloudflare resolve . and .. before they match"
            yield Problem(path, message, "write the path without them", at_key=True)
        elif f"{prefix}/".startswith(f"{RESERVED}/"):
            message = f"Cloudflare answers {RESERVED} itself"
            yield Problem(path, message, "choose another prefix", at_key=True)


def plan_includes_strategy(draft: PartialTopology) -> Iterator[Problem]:
    if draft.text("routing", "strategy") != "origin_rules":
        return
    plan = draft.get("cloudflare", "plan")
    if plan != "enterprise" and (plan or "plan" not in draft.mapping("cloudflare")):
        message = f"origin_rules needs the enterprise plan, and the plan is {plan or 'free'}"
        yield Problem(("routing", "strategy"), message, "use worker, which every plan includes")
    for prefix, route in draft.routes.items():
        if route.get("failover"):
            message = "origin_rules cannot fail over"
            path = ("routing", "routes", prefix, "failover")
            yield Problem(path, message, "delete failover, or use the strategy worker")


def plan_includes_smart_routing(draft: PartialTopology) -> Iterator[Problem]:
    bought = draft.get("cloudflare", "add_ons") or ()
    if draft.get("routing", "smart_routing") is True and "smart_routing" not in bought:
        message = "Smart Routing is a paid add-on that cloudflare.add_ons does not list"
        remedy = "buy it and add smart_routing to cloudflare.add_ons, or delete this key"
        yield Problem(("routing", "smart_routing"), message, remedy)


CHECKS = (
    sites_exist,
    failover_is_elsewhere,
    every_site_is_used,
    routes_do_not_shadow,
    routes_can_match,
    plan_includes_strategy,
    plan_includes_smart_routing,
)
