"""What Cloudflare does beside the routes, and what the plan and the strategy let it do."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.documents.findings import Problem
from trunkline.model import LIMIT_RANGES, PLAN_OF, PLANS, LimitRange, Plan
from trunkline.routing import strategies_where
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.checks.routing import plan_of, strategy_of

ZONE_KEYS = ("tiered_cache", "polish", "waf", "client_rate_limit", "logpush")
WORKER_KEYS = ("placement", "log_sampling")
REMEDIES = {
    "polish": "buy it, or delete polish",
    "waf": "buy it, or delete waf: Cloudflare's Free Managed Ruleset is on by itself",
    "logpush": "buy it, or delete logpush and use analytics, which every plan includes",
}
LIMIT = ("routing", "client_rate_limit")


def ingress_is_cloudflare(draft: PartialTopology) -> Iterator[Problem]:
    """A local topology stands behind no zone of Cloudflare's."""
    for key in (*ZONE_KEYS, *WORKER_KEYS) if "local" in draft.data else ():
        if _wanted(draft, key):
            message = "a local topology has no Cloudflare that would do it"
            yield Problem(("routing", key), message, "delete it", at_key=True)


def plan_includes_keys(draft: PartialTopology) -> Iterator[Problem]:
    plan = plan_of(draft)
    for key, lowest in PLAN_OF.items():
        if plan and _wanted(draft, key) and PLANS.index(plan) < PLANS.index(lowest):
            message = f"{key} needs the {lowest} plan, and the plan is {plan}"
            yield Problem(("routing", key), message, REMEDIES[key], at_key=True)


def _wanted(draft: PartialTopology, key: str) -> bool:
    value = draft.get("routing", key)
    return value is not None and value is not False


def plan_includes_client_rate_limit(draft: PartialTopology) -> Iterator[Problem]:
    plan = plan_of(draft)
    for key in ("seconds", "block_seconds"):
        wanted = draft.get(*LIMIT, key)
        if plan and wanted and wanted > (most := getattr(LIMIT_RANGES[plan], key)):
            lowest = _plan_with(key, wanted)
            message = f"{int(wanted)} needs the {lowest} plan, and the plan is {plan}"
            yield Problem((*LIMIT, key), message, f"use {most} or less")


def _plan_with(key: str, seconds: float) -> Plan:
    """The lowest plan whose client rate limits go so far."""

    def reaches(limits: LimitRange) -> bool:
        return bool(getattr(limits, key) >= seconds)

    return next(plan for plan in PLANS if reaches(LIMIT_RANGES[plan]))


def client_rate_limit_is_for_the_hostname(draft: PartialTopology) -> Iterator[Problem]:
    """A warning: the zone may have no other name."""
    plan = plan_of(draft)
    if plan and draft.get(*LIMIT) and not LIMIT_RANGES[plan].by_hostname:
        message = f"on the {plan} plan it counts the requests to every name of the zone"
        remedy = "buy the pro plan where other names of the zone must not count"
        yield Problem(LIMIT, message, remedy, "warning", at_key=True)


def strategy_runs_worker(draft: PartialTopology) -> Iterator[Problem]:
    strategy = strategy_of(draft)
    if strategy is None or strategy.runs_worker:
        return
    for key in WORKER_KEYS:
        if draft.get("routing", key) is not None:
            others = strategies_where(lambda other: other.runs_worker)
            remedy = f"delete it, or use the strategy {others}"
            yield Problem(("routing", key), f"{strategy.name} runs no Worker", remedy, at_key=True)


CHECKS = (
    ingress_is_cloudflare,
    plan_includes_keys,
    plan_includes_client_rate_limit,
    client_rate_limit_is_for_the_hostname,
    strategy_runs_worker,
)
