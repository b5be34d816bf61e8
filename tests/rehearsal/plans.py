"""What Cloudflare refuses because of a zone's plan, or because the zone has it already.

Written from Cloudflare's documentation, not from trunkline's own list of the plans.
https://developers.cloudflare.com/waf/rate-limiting-rules/#availability
https://developers.cloudflare.com/waf/managed-rules/#availability
"""

from __future__ import annotations

from rehearsal.world import State, World

ZONE, RULESET = "cloudflare_zone", "cloudflare_ruleset"
SETTING, LOGPUSH = "cloudflare_zone_setting", "cloudflare_logpush_job"
FREE_MANAGED = "77454fe2d30c4220b5701f6fdfb893ba"
FREE_FIELDS = ("http.request.uri.path", "cf.bot_management.verified_bot")
LONGEST = {  # what a plan counts, and for how long it refuses
    "free": (10, 10),
    "pro": (60, 3_600),
    "business": (600, 86_400),
    "enterprise": (65_535, 86_400),
}


def refused(world: World, type_name: str, planned: State) -> str | None:
    """Why the zone of a resource does not take it; None where it does."""
    zone = world.one(ZONE, id=planned.get("zone_id"))
    said = ((zone or {}).get("plan") or {}).get("legacy_id")
    plan = said if said in LONGEST else "free"  # a zone that a stack has made
    if type_name == RULESET:
        return _taken(world, planned) or _rules_refused(planned, plan)
    if type_name == LOGPUSH and plan != "enterprise":
        return f"creating a new job is not allowed: the zone is on the {plan} plan"
    if type_name == SETTING and planned["setting_id"] == "polish" and plan == "free":
        return "Not allowed to edit setting for polish"
    return None


def _taken(world: World, planned: State) -> str | None:
    """A zone has one ruleset in each phase."""
    wanted = {name: planned[name] for name in ("zone_id", "phase")}
    others = [each for each in world.all(RULESET, **wanted) if each["name"] != planned["name"]]
    return f"the zone has a ruleset of the phase {planned['phase']} already" if others else None


def _rules_refused(planned: State, plan: str) -> str | None:
    for rule in planned["rules"] or []:
        why = None
        if planned["phase"] == "http_ratelimit":
            why = _limit_refused(rule, plan)
        elif rule["action"] == "execute" and plan == "free":
            ruleset = rule["action_parameters"]["id"]
            why = None if ruleset == FREE_MANAGED else f"not entitled to execute {ruleset}"
        if why:
            return why
    return None


def _limit_refused(rule: State, plan: str) -> str | None:
    limit = rule["ratelimit"]
    period, block = LONGEST[plan]
    if limit["period"] > period:
        return f"not entitled to use the period {limit['period']}"
    if limit["mitigation_timeout"] > block:
        return f"not entitled to use the mitigation timeout {limit['mitigation_timeout']}"
    if plan == "free" and "http.host" in rule["expression"]:
        return f"not entitled to use http.host, only {', '.join(FREE_FIELDS)}"
    return None
