"""Origin Rules: rules of the zone that send a request to another host."""

from __future__ import annotations

import hashlib

from cdktf_cdktf_provider_cloudflare.ruleset import (
    Ruleset,
    RulesetRules,
    RulesetRulesActionParameters,
    RulesetRulesActionParametersOrigin,
    RulesetRulesActionParametersSni,
)
from constructs import Construct

from trunkline.cloudflare.edge_key import add_edge_key
from trunkline.routing import OriginRule, OriginRulesRouting


def add_origin_rules(scope: Construct, zone_id: str, spec: OriginRulesRouting) -> None:
    """The zone's rules of the phase `http_request_origin`; a zone has one ruleset in each phase.

    https://developers.cloudflare.com/rules/origin-rules/create-api/
    """
    Ruleset(
        scope,
        "origin-rules",
        zone_id=zone_id,
        name=f"routes of {spec.hostname}",
        kind="zone",
        phase="http_request_origin",
        rules=[_rule(rule) for rule in spec.rules],
    )
    if spec.edge_key:
        add_edge_key(scope, zone_id, spec.hostname, spec.edge_key)


def _rule(rule: OriginRule) -> RulesetRules:
    return RulesetRules(
        action="route",
        # Else Cloudflare gives a rule a new identity whenever one before it changes.
        ref=f"trunkline-{hashlib.sha256(rule.prefix.encode()).hexdigest()[:12]}",
        expression=rule.expression,
        description=rule.description,
        enabled=True,
        action_parameters=RulesetRulesActionParameters(
            host_header=rule.hostname,
            origin=RulesetRulesActionParametersOrigin(host=rule.hostname),
            sni=RulesetRulesActionParametersSni(value=rule.hostname),
        ),
    )
