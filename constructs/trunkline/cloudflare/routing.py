"""A routing spec as resources: the hostname, and what sends its requests to the edges."""

from __future__ import annotations

from typing import assert_never

from cdktf_cdktf_provider_cloudflare.argo_smart_routing import ArgoSmartRouting
from cdktf_cdktf_provider_cloudflare.workers_route import WorkersRoute
from cdktf_cdktf_provider_cloudflare.workers_script import (
    WorkersScript,
    WorkersScriptBindings,
    WorkersScriptObservability,
    WorkersScriptObservabilityLogs,
    WorkersScriptPlacement,
)
from constructs import Construct

from trunkline.cloudflare.dns import NO_ORIGIN, add_dns_record
from trunkline.model import Placement
from trunkline.routing import (
    LoadBalancerRouting,
    OriginRulesRouting,
    RoutingSpec,
    Script,
    WorkerRouting,
)
from trunkline.terraform.escape import escape


def add_routing(scope: Construct, *, zone_id: str, account_id: str, spec: RoutingSpec) -> None:
    """The public hostname, and what sends its requests to the edges."""
    if not isinstance(spec, LoadBalancerRouting):  # which has the name itself
        add_dns_record(
            scope,
            "hostname",
            zone_id=zone_id,
            hostname=spec.hostname,
            type="AAAA",
            content=NO_ORIGIN,
        )
    match spec:
        case WorkerRouting():
            _add_worker(scope, zone_id, account_id, spec)
        case OriginRulesRouting():
            # A binding takes 25 ms and more to import, and only its strategy uses it.
            from trunkline.cloudflare.origin_rules import add_origin_rules

            add_origin_rules(scope, zone_id, spec)
        case LoadBalancerRouting():
            from trunkline.cloudflare.load_balancer import add_load_balancer

            add_load_balancer(scope, zone_id, account_id, spec)
        case _:
            assert_never(spec)


def set_smart_routing(scope: Construct, *, zone_id: str, on: bool | str) -> None:
    """Argo Smart Routing, which the zone must have bought: without it the resource fails.

    `on` may be an expression that gives `on` or `off`.

    https://developers.cloudflare.com/argo-smart-routing/get-started/
    """
    value = on if isinstance(on, str) else "on" if on else "off"
    ArgoSmartRouting(scope, "smart-routing", zone_id=zone_id, value=value)


def _add_worker(scope: Construct, zone_id: str, account_id: str, spec: WorkerRouting) -> None:
    """The script, and a route that gives it all requests to the hostname.

    https://developers.cloudflare.com/workers/configuration/routing/routes/#matching-behavior
    """
    script = _script(scope, account_id, spec.script)
    WorkersRoute(
        scope,
        "worker-route",
        zone_id=zone_id,
        pattern=f"{spec.hostname}/*",
        script=script.script_name,
    )


def _script(scope: Construct, account_id: str, script: Script) -> WorkersScript:
    return WorkersScript(
        scope,
        "worker",
        account_id=account_id,
        script_name=script.name,
        content=escape(script.content),
        main_module=script.main_module,
        compatibility_date=script.compatibility_date,
        placement=_placement(script.options.placement),
        observability=_observability(script.options.log_sampling),
        bindings=[
            *(
                WorkersScriptBindings(type="plain_text", name=name, text=escape(text))
                for name, text in sorted(script.bindings.items())
            ),
            *(
                WorkersScriptBindings(type="secret_text", name=name, text=expression)
                for name, expression in sorted(script.secrets.items())
            ),
            *(
                WorkersScriptBindings(type="analytics_engine", name=name, dataset=dataset)
                for name, dataset in sorted(script.datasets.items())
            ),
        ],
    )


def _placement(mode: Placement | None) -> WorkersScriptPlacement | None:
    """https://developers.cloudflare.com/workers/configuration/placement/"""
    return WorkersScriptPlacement(mode=mode) if mode else None


def _observability(sampling: float | None) -> WorkersScriptObservability | None:
    """The logs of a share of the requests.

    https://developers.cloudflare.com/workers/observability/logs/workers-logs/#head-based-sampling
    """
    if sampling is None:
        return None
    if sampling == 0:
        return WorkersScriptObservability(enabled=False)
    logs = WorkersScriptObservabilityLogs(
        enabled=True, invocation_logs=True, head_sampling_rate=sampling
    )
    return WorkersScriptObservability(enabled=True, head_sampling_rate=sampling, logs=logs)
