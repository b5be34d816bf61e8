"""A routing spec as resources: the hostname, and what sends its requests to the edges."""

from __future__ import annotations

from cdktf_cdktf_provider_cloudflare.argo_smart_routing import ArgoSmartRouting
from cdktf_cdktf_provider_cloudflare.ruleset import (
    Ruleset,
    RulesetRules,
    RulesetRulesActionParameters,
    RulesetRulesActionParametersOrigin,
    RulesetRulesActionParametersSni,
)
from cdktf_cdktf_provider_cloudflare.workers_route import WorkersRoute
from cdktf_cdktf_provider_cloudflare.workers_script import WorkersScript, WorkersScriptBindings
from constructs import Construct

from trunkline.cloudflare.dns import NO_ORIGIN, add_dns_record
from trunkline.routing import OriginRule, RoutingSpec, Script
from trunkline.terraform.escape import escape


def add_routing(scope: Construct, *, zone_id: str, account_id: str, spec: RoutingSpec) -> None:
    """The public hostname, and what sends its requests to the edges."""
    add_dns_record(
        scope, "hostname", zone_id=zone_id, hostname=spec.hostname, type="AAAA", content=NO_ORIGIN
    )
    if spec.script:
        _worker(scope, zone_id, account_id, spec.hostname, spec.script)
    if spec.origin_rules:
        _origin_rules(scope, zone_id, spec.hostname, spec.origin_rules)


def add_smart_routing(scope: Construct, *, zone_id: str) -> None:
    """Argo Smart Routing, which the zone must have bought: without it the resource fails."""
    ArgoSmartRouting(scope, "smart-routing", zone_id=zone_id, value="on")


def _worker(scope: Construct, zone_id: str, account_id: str, hostname: str, script: Script) -> None:
    made = WorkersScript(
        scope,
        "worker",
        account_id=account_id,
        script_name=script.name,
        content=escape(script.content),
        main_module=script.main_module,
        compatibility_date=script.compatibility_date,
        bindings=[
            WorkersScriptBindings(type="plain_text", name=name, text=escape(text))
            for name, text in sorted(script.bindings.items())
        ],
    )
    WorkersRoute(
        scope,
        "worker-route",
        zone_id=zone_id,
        pattern=f"{hostname}/*",
        script=made.script_name,
    )


def _origin_rules(
    scope: Construct, zone_id: str, hostname: str, rules: tuple[OriginRule, ...]
) -> None:
    Ruleset(
        scope,
        "origin-rules",
        zone_id=zone_id,
        name=f"routes of {hostname}",
        kind="zone",
        phase="http_request_origin",
        rules=[
            RulesetRules(
                action="route",
                expression=rule.expression,
                description=rule.description,
                enabled=True,
                action_parameters=RulesetRulesActionParameters(
                    host_header=rule.hostname,
                    origin=RulesetRulesActionParametersOrigin(host=rule.hostname),
                    sni=RulesetRulesActionParametersSni(value=rule.hostname),
                ),
            )
            for rule in rules
        ],
    )
