"""Rules that stand before the routes: managed rules, and a limit for each client address.

A zone has one ruleset in each phase, and Terraform holds the whole of it.
https://developers.cloudflare.com/ruleset-engine/about/phases/
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from cdktf_cdktf_provider_cloudflare.ruleset import (
    Ruleset,
    RulesetRules,
    RulesetRulesActionParameters,
    RulesetRulesActionParametersOverrides,
    RulesetRulesActionParametersOverridesRules,
    RulesetRulesRatelimit,
)
from constructs import Construct

from trunkline.model import ClientRateLimit, Waf
from trunkline.routing.expressions import of_host

# https://developers.cloudflare.com/waf/managed-rules/#available-managed-rulesets
CLOUDFLARE_MANAGED = "efb7b8c949ac4650a09736fc376e9aee"
OWASP_CORE = "4814384a9e5d4991b9815dcfc25d2f1f"
EVERY_PATH = f"starts_with(http.request.uri.path, {json.dumps('/')})"


def add_waf(scope: Construct, *, zone_id: str, hostname: str, waf: Waf) -> None:
    """The managed rulesets that requests to the hostname are held against.

    https://developers.cloudflare.com/waf/managed-rules/deploy-api/
    """
    rules = [_execute("managed", CLOUDFLARE_MANAGED, hostname, waf.disabled_rules)]
    if waf.owasp:
        rules.append(_execute("owasp", OWASP_CORE, hostname, waf.owasp_disabled_rules))
    Ruleset(
        scope,
        "waf",
        zone_id=zone_id,
        name=f"managed rules of {hostname}",
        kind="zone",
        phase="http_request_firewall_managed",
        rules=rules,
    )


def _execute(name: str, ruleset: str, hostname: str, disabled: Sequence[str]) -> RulesetRules:
    """https://developers.cloudflare.com/ruleset-engine/managed-rulesets/override-managed-ruleset/"""
    off = [RulesetRulesActionParametersOverridesRules(id=each, enabled=False) for each in disabled]
    overrides = RulesetRulesActionParametersOverrides(rules=off) if off else None
    return RulesetRules(
        action="execute",
        ref=f"trunkline-waf-{name}",  # else a change of the list gives the rule a new identity
        expression=f"({of_host(hostname)})",
        description=f"Requests to {hostname}",
        enabled=True,
        action_parameters=RulesetRulesActionParameters(id=ruleset, overrides=overrides),
    )


def add_client_rate_limit(
    scope: Construct, *, zone_id: str, hostname: str | None, limit: ClientRateLimit
) -> None:
    """The limit for each client address; without a hostname for all names of the zone together.

    A rule counts in each data center by itself, and has to say so (`cf.colo.id`).
    https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/
    https://developers.cloudflare.com/waf/rate-limiting-rules/troubleshooting/
    """
    of = hostname or "all names"
    Ruleset(
        scope,
        "client-rate-limit",
        zone_id=zone_id,
        name=f"rate limit of {of}",
        kind="zone",
        phase="http_ratelimit",
        rules=[
            RulesetRules(
                action="block",
                ref="trunkline-client-rate-limit",
                expression=f"({of_host(hostname) if hostname else EVERY_PATH})",
                description=f"Requests of each client address to {of}",
                enabled=True,
                ratelimit=RulesetRulesRatelimit(
                    characteristics=["ip.src", "cf.colo.id"],
                    requests_per_period=limit.requests,
                    period=limit.seconds,
                    mitigation_timeout=limit.block_seconds,
                    # With True it counts what leaves for the origin: what a Worker asks of edges a
                    # second time, and what Origin Rules have given another host not at all.
                    requests_to_origin=False,
                ),
            )
        ],
    )
