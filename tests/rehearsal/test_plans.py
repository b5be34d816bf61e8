"""What Cloudflare refuses because of a zone's plan; no machine is started."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.plans import FREE_MANAGED, LOGPUSH, RULESET, SETTING, ZONE, refused
from rehearsal.world import World


def world(plan: str | None) -> World:
    """A world with one zone; without a plan it is as a stack has made it."""
    made = World()
    made.put(
        ZONE, {"id": "z", "name": "example.com", "plan": {"legacy_id": plan} if plan else None}
    )
    return made


def limit(period: int, block: int, expression: str) -> dict[str, Any]:
    rule = {
        "action": "block",
        "expression": expression,
        "ratelimit": {"period": period, "mitigation_timeout": block},
    }
    return {"zone_id": "z", "phase": "http_ratelimit", "name": "limit", "rules": [rule]}


HOST = 'http.host eq "a"'
PATH = 'starts_with(http.request.uri.path, "/")'


@pytest.mark.parametrize(
    ("plan", "planned", "words"),
    [
        (None, limit(10, 10, PATH), None),
        (None, limit(10, 10, HOST), "http.host"),
        ("free", limit(60, 10, PATH), "the period 60"),
        ("free", limit(10, 60, PATH), "the mitigation timeout 60"),
        ("pro", limit(60, 3600, HOST), None),
        ("pro", limit(120, 3600, HOST), "the period 120"),
        ("enterprise", limit(3600, 86_400, HOST), None),
    ],
)
def test_a_plan_takes_limits_up_to_a_time(
    plan: str | None, planned: dict[str, Any], words: str | None
) -> None:
    why = refused(world(plan), RULESET, planned)
    assert why is None if words is None else words in str(why)


@pytest.mark.parametrize(
    ("plan", "ruleset", "taken"),
    [("free", "x", False), ("free", FREE_MANAGED, True), ("pro", "x", True)],
)
def test_managed_rules_are_paid_for(plan: str, ruleset: str, taken: bool) -> None:
    rule = {"action": "execute", "action_parameters": {"id": ruleset}}
    phase = "http_request_firewall_managed"
    planned = {"zone_id": "z", "phase": phase, "name": "waf", "rules": [rule]}
    assert (refused(world(plan), RULESET, planned) is None) is taken


def test_a_zone_has_one_ruleset_of_a_phase() -> None:
    made = world("pro")
    made.put(RULESET, {**limit(10, 10, HOST), "id": "r"})
    assert refused(made, RULESET, limit(60, 60, HOST)) is None
    other = {**limit(10, 10, HOST), "name": "other"}
    assert "already" in str(refused(made, RULESET, other))


@pytest.mark.parametrize(
    ("plan", "kind", "planned", "taken"),
    [
        ("free", SETTING, {"zone_id": "z", "setting_id": "polish"}, False),
        ("pro", SETTING, {"zone_id": "z", "setting_id": "polish"}, True),
        ("free", SETTING, {"zone_id": "z", "setting_id": "ssl"}, True),
        ("business", LOGPUSH, {"zone_id": "z"}, False),
        ("enterprise", LOGPUSH, {"zone_id": "z"}, True),
        ("free", "cloudflare_tiered_cache", {"zone_id": "z"}, True),
    ],
)
def test_settings_and_jobs_are_of_a_plan(
    plan: str, kind: str, planned: dict[str, Any], taken: bool
) -> None:
    assert (refused(world(plan), kind, planned) is None) is taken
