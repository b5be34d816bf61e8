"""The key of the edges, with every request that no Worker sends."""

from __future__ import annotations

from cdktf_cdktf_provider_cloudflare.ruleset import (
    Ruleset,
    RulesetRules,
    RulesetRulesActionParameters,
    RulesetRulesActionParametersHeaders,
)
from constructs import Construct

from trunkline.model import EDGE_KEY_HEADER
from trunkline.routing.expressions import of_host


def add_edge_key(scope: Construct, zone_id: str, hostname: str, key: str) -> None:
    """A rule of the phase `http_request_late_transform`, which gives each request the edges' key.

    https://developers.cloudflare.com/rules/transform/request-header-modification/create-api/
    """
    header = RulesetRulesActionParametersHeaders(operation="set", value=key)
    Ruleset(
        scope,
        "edge-key",
        zone_id=zone_id,
        name=f"the key of the edges of {hostname}",
        kind="zone",
        phase="http_request_late_transform",
        rules=[
            RulesetRules(
                action="rewrite",
                ref="trunkline-edge-key",
                expression=f"({of_host(hostname)})",
                description="The edges refuse requests without it",
                enabled=True,
                action_parameters=RulesetRulesActionParameters(headers={EDGE_KEY_HEADER: header}),
            )
        ],
    )
