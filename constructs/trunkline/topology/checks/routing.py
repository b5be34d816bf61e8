"""Routes, and what the routing strategy and the Cloudflare plan let them do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from trunkline.documents.explain import nearest
from trunkline.documents.findings import KeyPath, Problem
from trunkline.model import (
    DEFAULT_PLAN,
    DEFAULT_STEERING,
    DEFAULT_STRATEGY,
    HEALTH_PATH,
    PLANS,
    Edge,
    Plan,
)
from trunkline.routing import STRATEGIES, Strategy, strategies_where
from trunkline.topology.checks.partial import PartialTopology

RESERVED = "/cdn-cgi"
ROUTES = ("routing", "routes")
HEALTH = (f"{HEALTH_PATH}/", "/livez/")
OWN = "/.trunkline/"  # of the edges themselves; an edge takes its own paths before any route
# Those that frame a message, and the one that the edge writes for each server.
FRAMING = ("connection", "content-length", "te", "trailer", "transfer-encoding", "upgrade")
FIXED_HEADERS = ("host", *FRAMING)
OWN_HEADERS = "trunkline-"
STRATEGY: KeyPath = ("routing", "strategy")


def sites_exist(draft: PartialTopology) -> Iterator[Problem]:
    for prefix in draft.routes:
        for path, site in sites_of(draft, prefix):
            if draft.sites and site not in draft.sites:
                yield no_such_site(draft, path, site)


def no_such_site(draft: PartialTopology, path: KeyPath, site: str) -> Problem:
    """The problem of a site that is named at `path` and that there is not."""
    match = nearest(site, draft.sites)
    known = ", ".join(list(draft.sites)[:10])
    remedy = f"did you mean {match}?" if match else f"choose from: {known}"
    return Problem(path, f"there is no site {site}", remedy)


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
        elif f"{prefix.rstrip('/')}/".startswith(HEALTH):
            message = f"the edges answer {prefix.rstrip('/')} themselves, for health checks"
            yield Problem(path, message, "choose another prefix", at_key=True)
        elif f"{prefix.rstrip('/')}/".startswith(OWN):
            message = f"the edges answer what is below {OWN} themselves, for trunkline"
            yield Problem(path, message, "choose another prefix", at_key=True)


def routes_reach_a_service(draft: PartialTopology) -> Iterator[Problem]:
    """A site without an upstream answers 200: fine for a trial of all, a trap beside a service."""
    local = {site for site, facts in draft.facts.items() if facts.on_this_machine}
    with_default = {site for site in draft.sites if draft.get("sites", site, "upstream")}
    with_any = with_default | {s for s in draft.sites if draft.get("sites", s, "upstreams")}
    if not with_any:
        return
    for prefix, route in draft.routes.items():
        for path, site in sites_of(draft, prefix) if "upstream" not in route else ():
            if site in draft.sites and site not in with_default | local:
                message = f"{site} has no upstream, so its edge answers 200 with its own JSON"
                remedy = f"add sites.{site}.upstream, or name another site"
                yield Problem(path, message, remedy, "warning")


def headers_are_the_routes_own(draft: PartialTopology) -> Iterator[Problem]:
    """Rules for headers that the edge sets, or that Envoy takes no rules for."""
    for prefix in draft.routes:
        for kind in ("request_headers", "response_headers"):
            route = ("routing", "routes", prefix, kind)
            given = [((*route, "set", name), name) for name in draft.mapping(*route, "set")]
            removed = list(draft.texts(*route, "remove"))
            for path, name in [*given, *removed]:
                if (low := name.lower()) in FIXED_HEADERS or low.startswith(OWN_HEADERS):
                    message = f"{name} is not for a route to change"
                    yield Problem(path, message, "delete it", at_key=(path, name) in given)


def strategy_of(draft: PartialTopology) -> Strategy | None:
    """What the routing strategy declares; None where it was refused."""
    return STRATEGIES.get(draft.mapping("routing").get("strategy", DEFAULT_STRATEGY))


def plan_includes_strategy(draft: PartialTopology) -> Iterator[Problem]:
    strategy, plan = strategy_of(draft), plan_of(draft)
    if strategy and plan and PLANS.index(plan) < PLANS.index(strategy.plan):
        message = f"{strategy.name} needs the {strategy.plan} plan, and the plan is {plan}"
        others = strategies_where(lambda other: other.on_every_plan)
        yield Problem(STRATEGY, message, f"use {others}, which every plan includes")


def plan_of(draft: PartialTopology) -> Plan | None:
    """The plan of the zone; None without Cloudflare, and where it was refused."""
    cloudflare = draft.get("cloudflare")
    return cloudflare.get("plan", DEFAULT_PLAN) if isinstance(cloudflare, Mapping) else None


def new_zone_is_free(draft: PartialTopology) -> Iterator[Problem]:
    """A warning: it is right once the zone is made and its plan bought."""
    if draft.get("cloudflare", "create_zone") is not True:
        return
    asks = [] if plan_of(draft) in (None, "free") else [f"the plan is {plan_of(draft)}"]
    asks += [f"the add-on {add_on} is listed" for add_on in _add_ons(draft)]
    if asks:
        message = f"a zone that Terraform makes is on the free plan, and here {' and '.join(asks)}"
        remedy = (
            "apply the stack routing once with plan free and without add-ons, buy them at "
            "Cloudflare, then write them here"
        )
        yield Problem(("cloudflare", "create_zone"), message, remedy, "warning")


def add_ons_include_strategy(draft: PartialTopology) -> Iterator[Problem]:
    strategy = strategy_of(draft)
    if strategy is None or not isinstance(draft.get("cloudflare"), Mapping):
        return
    for add_on in strategy.add_ons:
        if add_on not in _add_ons(draft):
            message = f"{strategy.name} needs the add-on {add_on}"
            others = strategies_where(lambda other: other.on_every_plan)
            remedy = f"buy it and add it to cloudflare.add_ons, or use {others}"
            yield Problem(STRATEGY, message, remedy)


def _add_ons(draft: PartialTopology) -> Sequence[str]:
    return draft.get("cloudflare", "add_ons") or ()


def strategy_fails_over(draft: PartialTopology) -> Iterator[Problem]:
    strategy = strategy_of(draft)
    if strategy is None or strategy.fails_over:
        return
    for prefix, route in draft.routes.items():
        if route.get("failover"):
            others = strategies_where(lambda other: other.fails_over)
            remedy = f"delete failover, or use the strategy {others}"
            path = ("routing", "routes", prefix, "failover")
            yield Problem(path, f"{strategy.name} cannot fail over", remedy)


def strategy_steers(draft: PartialTopology) -> Iterator[Problem]:
    strategy, plan = strategy_of(draft), plan_of(draft)
    steering, path = draft.get("routing", "steering"), ("routing", "steering")
    if strategy is None or steering is None:
        return
    if (lowest := strategy.steerings.get(steering)) is None:
        others = strategies_where(lambda other: steering in other.steerings)
        message = f"{strategy.name} knows no fastest site"
        yield Problem(path, message, f"delete it, or use the strategy {others}")
    elif plan and PLANS.index(plan) < PLANS.index(lowest):
        message = f"{steering} needs the {lowest} plan, and the plan is {plan}"
        yield Problem(path, message, "delete it, so that sites answer in the order of their routes")


def steering_has_a_choice(draft: PartialTopology) -> Iterator[Problem]:
    steering = draft.get("routing", "steering") or DEFAULT_STEERING
    if steering == DEFAULT_STEERING or not draft.routes:
        return
    if not any(route.get("failover") for route in draft.routes.values()):
        message = "no route has failover, so each has one site that can answer"
        yield Problem(("routing", "steering"), message, "add failover, or delete it", "warning")


def strategy_sets_headers(draft: PartialTopology) -> Iterator[Problem]:
    strategy = strategy_of(draft)
    if strategy and not strategy.sets_headers and draft.get("routing", "hsts_seconds"):
        others = strategies_where(lambda other: other.sets_headers)
        remedy = f"delete it, or use the strategy {others}"
        yield Problem(("routing", "hsts_seconds"), f"{strategy.name} sets no headers", remedy)


def strategy_writes_analytics(draft: PartialTopology) -> Iterator[Problem]:
    if draft.get("routing", "analytics") is not True:
        return
    strategy, path = strategy_of(draft), ("routing", "analytics")
    if "local" in draft.data:
        message = "a local topology has no Cloudflare that would keep them"
        yield Problem(path, message, "delete it, and read what trunkline local logs prints")
    elif strategy and not strategy.writes_analytics:
        others = strategies_where(lambda other: other.writes_analytics)
        remedy = f"delete it, or use the strategy {others}"
        yield Problem(path, f"{strategy.name} writes no analytics", remedy)


def strategy_hedges(draft: PartialTopology) -> Iterator[Problem]:
    strategy = strategy_of(draft)
    if strategy is None or strategy.hedges:
        return
    for prefix, route in draft.routes.items():
        if route.get("hedge") is True and route.get("failover") and strategy.fails_over:
            others = strategies_where(lambda other: other.hedges)
            remedy = f"delete hedge, or use the strategy {others}"
            path = ("routing", "routes", prefix, "hedge")
            yield Problem(path, f"{strategy.name} waits for every answer", remedy)


def strategy_reaches_edges(draft: PartialTopology) -> Iterator[Problem]:
    strategy, exposure = strategy_of(draft), draft.get("edge", "exposure") or Edge().exposure
    if strategy and "cloudflare" in draft.data and exposure not in strategy.exposures:
        others = strategies_where(lambda other: exposure in other.exposures)
        remedy = f"use edge.exposure {' or '.join(strategy.exposures)}, or the strategy {others}"
        yield Problem(STRATEGY, f"{strategy.name} reaches no edge that is {exposure}", remedy)


def strategy_spreads(draft: PartialTopology) -> Iterator[Problem]:
    strategy, exposure = strategy_of(draft), draft.get("edge", "exposure")
    replicas = draft.get("edge", "replicas") or 1
    if replicas == 1 or exposure != "public" or strategy is None or strategy.spreads:
        return
    if exposure in strategy.exposures:
        others = strategies_where(lambda other: other.spreads)
        message = f"{strategy.name} reaches one public edge of a site"
        remedy = f"use exposure: tunnel, which leads to all, the strategy {others}, or delete it"
        yield Problem(("edge", "replicas"), message, remedy)


def hedge_has_another_site(draft: PartialTopology) -> Iterator[Problem]:
    hedged = [prefix for prefix, route in draft.routes.items() if route.get("hedge") is True]
    for prefix in hedged:
        if not draft.routes[prefix].get("failover"):
            message = "there is no other site to ask when an answer is slow"
            yield Problem((*ROUTES, prefix, "hedge"), message, "add failover, or delete hedge")
    if draft.get("routing", "timeout_seconds") is not None and draft.routes and not hedged:
        message = "no route has hedge, so nothing is given up after this time"
        remedy = "add hedge: true to routes whose answers are quick, or delete it"
        yield Problem(("routing", "timeout_seconds"), message, remedy, "warning")


def strategy_runs_on_this_machine(draft: PartialTopology) -> Iterator[Problem]:
    strategy = strategy_of(draft)
    if "local" in draft.data and strategy and not strategy.runs_in_workerd:
        message = f"{strategy.name} needs Cloudflare, and a local topology has none"
        others = strategies_where(lambda other: other.runs_in_workerd)
        yield Problem(STRATEGY, message, f"use {others}")


def plan_includes_smart_routing(draft: PartialTopology) -> Iterator[Problem]:
    if draft.get("routing", "smart_routing") is True and "smart_routing" not in _add_ons(draft):
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
    add_ons_include_strategy,
    strategy_fails_over,
    strategy_hedges,
    strategy_reaches_edges,
    strategy_spreads,
    strategy_steers,
    steering_has_a_choice,
    strategy_sets_headers,
    strategy_writes_analytics,
    hedge_has_another_site,
    strategy_runs_on_this_machine,
    plan_includes_smart_routing,
    new_zone_is_free,
    routes_reach_a_service,
    headers_are_the_routes_own,
)
