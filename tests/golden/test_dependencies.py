"""What every machine in a cloud depends on, so that destruction ends the machine first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.examples import IN_CLOUDS, Synthesized

MACHINES = ("aws_instance", "google_compute_instance", "azurerm_linux_virtual_machine")

# What a machine uses without a reference to it: ways out, secrets, grants and firewall rules.
USED = (
    "aws_route",
    "aws_route_table_association",
    "aws_ssm_parameter",
    "aws_iam_role_policy",
    "aws_vpc_security_group_ingress_rule",
    "aws_vpc_security_group_egress_rule",
    "google_secret_manager_secret_version",
    "google_secret_manager_secret_iam_member",
    "google_compute_firewall",
    "azurerm_key_vault_secret",
    "azurerm_network_security_rule",
)


def stacks(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("stacks/*/cdk.tf.json")):
        yield path.parent.name, json.loads(path.read_text())


@pytest.mark.parametrize("topology", IN_CLOUDS, ids=lambda file: file.stem)
def test_a_machine_depends_on_all_that_it_uses(topology: Path, synthesized: Synthesized) -> None:
    for stack_name, stack in stacks(synthesized(topology)):
        resources = stack.get("resource", {})
        used = {
            f"{kind}.{name}"
            for kind in USED
            for name, made in resources.get(kind, {}).items()
            if "network_interface_id" not in made  # a route to a machine, not its way out
        }
        for kind in MACHINES:
            for key, machine in resources.get(kind, {}).items():
                missing = used - set(machine.get("depends_on", ()))
                assert not missing, (
                    f"{stack_name}: {kind}.{key} does not depend on {sorted(missing)}"
                )


@pytest.mark.parametrize("topology", IN_CLOUDS, ids=lambda file: file.stem)
def test_an_azure_machine_depends_on_its_own_security_group_and_its_grant(
    topology: Path, synthesized: Synthesized
) -> None:
    for _, stack in stacks(synthesized(topology)):
        resources = stack.get("resource", {})
        for machine in resources.get("azurerm_linux_virtual_machine", {}).values():
            kinds = [address.split(".")[0] for address in machine["depends_on"]]
            assert kinds.count("azurerm_network_interface_security_group_association") == 1
            if "identity" in machine:
                assert kinds.count("azurerm_key_vault_access_policy") == 1


@pytest.mark.parametrize("topology", IN_CLOUDS, ids=lambda file: file.stem)
def test_a_token_depends_on_the_tunnels_configuration(
    topology: Path, synthesized: Synthesized
) -> None:
    kind = "cloudflare_zero_trust_tunnel_cloudflared_config"
    for _, stack in stacks(synthesized(topology)):
        tokens = stack.get("data", {}).get("cloudflare_zero_trust_tunnel_cloudflared_token", {})
        configs = [f"{kind}.{name}" for name in stack.get("resource", {}).get(kind, {})]
        assert [token["depends_on"] for token in tokens.values()] == [configs] * len(tokens)
