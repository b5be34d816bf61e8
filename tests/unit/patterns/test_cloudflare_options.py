"""What Cloudflare does beside the routes, in a stack without a topology."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.routings import only, routing

from trunkline import ClientRateLimit, Logpush, Waf, WorkerOptions, ZoneOptions
from trunkline.errors import ConfigurationError

OPTIONAL = ("tiered", "logpush", "ruleset", "zone_setting")


def rules(stack: dict[str, Any]) -> list[dict[str, Any]]:
    return list(only(stack, "cloudflare_ruleset")["rules"])


def script(**options: Any) -> dict[str, Any]:
    return only(routing(worker=WorkerOptions(**options)), "cloudflare_workers_script")


def test_without_a_word_the_zone_and_the_worker_stay_as_they_are() -> None:
    stack = routing()
    assert not [kind for kind in stack["resource"] if any(each in kind for each in OPTIONAL)]
    assert not {"placement", "observability"} & script().keys()


@pytest.mark.parametrize(("on", "value"), [(True, "on"), (False, "off")])
def test_tiered_cache_is_turned_on_or_off_with_its_topology(on: bool, value: str) -> None:
    stack = routing(zone=ZoneOptions(tiered_cache=on))
    assert only(stack, "cloudflare_argo_tiered_caching")["value"] == value
    smart = only(stack, "cloudflare_tiered_cache")
    [first] = stack["resource"]["cloudflare_argo_tiered_caching"]
    assert (smart["value"], smart["depends_on"]) == (
        value,
        [f"cloudflare_argo_tiered_caching.{first}"],
    )


def test_polish_is_a_setting_of_the_zone() -> None:
    setting = only(routing(plan="pro", zone=ZoneOptions(polish="off")), "cloudflare_zone_setting")
    assert (setting["setting_id"], setting["value"]) == ("polish", "off")


def test_requests_to_the_hostname_are_held_against_managed_rules() -> None:
    stack = routing(plan="pro", zone=ZoneOptions(waf=Waf()))
    assert only(stack, "cloudflare_ruleset")["phase"] == "http_request_firewall_managed"
    managed, owasp = rules(stack)
    assert managed["ref"] != owasp["ref"]
    for rule in (managed, owasp):
        assert rule["action"] == "execute"
        assert rule["expression"] == '(http.host eq "api.example.com")'
        assert list(rule["action_parameters"]) == ["id"]


def test_rules_that_refuse_what_is_right_are_left_out() -> None:
    waf = Waf(disabled_rules=["a" * 32], owasp=False)
    [rule] = rules(routing(plan="pro", zone=ZoneOptions(waf=waf)))
    off = [{"id": "a" * 32, "enabled": False}]
    assert rule["action_parameters"]["overrides"] == {"rules": off}
    both = Waf(owasp_disabled_rules=["b" * 32])
    managed, owasp = rules(routing(plan="pro", zone=ZoneOptions(waf=both)))
    assert "overrides" not in managed["action_parameters"]
    assert owasp["action_parameters"]["overrides"]["rules"][0]["id"] == "b" * 32


def test_a_client_address_is_refused_for_a_time() -> None:
    zone = ZoneOptions(client_rate_limit=ClientRateLimit(50, 60, 600))
    stack = routing(plan="pro", zone=zone)
    assert only(stack, "cloudflare_ruleset")["phase"] == "http_ratelimit"
    [rule] = rules(stack)
    assert rule["action"] == "block"
    assert rule["expression"] == '(http.host eq "api.example.com")'
    assert rule["ratelimit"] == {
        "characteristics": ["ip.src", "cf.colo.id"],
        "requests_per_period": 50,
        "period": 60,
        "mitigation_timeout": 600,
        "requests_to_origin": False,
    }


def test_on_the_free_plan_a_rule_cannot_ask_for_the_host() -> None:
    [rule] = rules(routing(zone=ZoneOptions(client_rate_limit=ClientRateLimit(50))))
    assert rule["expression"] == '(starts_with(http.request.uri.path, "/"))'


def test_a_worker_is_placed_and_logged() -> None:
    assert script(placement="smart")["placement"] == {"mode": "smart"}
    logs = script(log_sampling=0.1)["observability"]
    assert (logs["enabled"], logs["head_sampling_rate"]) == (True, 0.1)
    assert logs["logs"] == {"enabled": True, "invocation_logs": True, "head_sampling_rate": 0.1}
    assert script(log_sampling=0)["observability"] == {"enabled": False}


def test_lines_are_sent_for_the_hostname_alone() -> None:
    logpush = Logpush(destination="${var.to}", ownership_challenge="${var.proof}")
    job = only(routing(plan="enterprise", logpush=logpush), "cloudflare_logpush_job")
    assert (job["destination_conf"], job["ownership_challenge"]) == ("${var.to}", "${var.proof}")
    host = {"key": "ClientRequestHost", "operator": "eq", "value": "api.example.com"}
    assert json.loads(job["filter"]) == {"where": host}
    assert "ClientRequestURI" not in job["output_options"]["field_names"]  # it holds the query


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"zone": ZoneOptions(waf=Waf())}, "zone.waf: waf needs the pro plan"),
        ({"zone": ZoneOptions(polish="lossy")}, "zone.polish: polish needs the pro plan"),
        (
            {"zone": ZoneOptions(client_rate_limit=ClientRateLimit(1, 60))},
            "zone.client_rate_limit.seconds: 60 needs the pro plan",
        ),
        (
            {"plan": "pro", "zone": ZoneOptions(waf=Waf(disabled_rules=["x"]))},
            r"zone.waf.disabled_rules\[0\]: .* must be 32 hexadecimal digits",
        ),
        ({"plan": "gold", "zone": ZoneOptions(polish="lossy")}, 'plan: "gold" is not one of'),
        ({"worker": WorkerOptions(log_sampling=2)}, "worker.log_sampling: 2 is out of range"),
        ({"logpush": Logpush(destination="x")}, "logpush: logpush needs the enterprise plan"),
        (
            {"strategy": "origin_rules", "worker": WorkerOptions(placement="smart")},
            "origin_rules runs no Worker: remove worker, or use the strategy worker",
        ),
    ],
)
def test_what_the_plan_or_the_strategy_lacks_is_refused(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        routing(**options)
