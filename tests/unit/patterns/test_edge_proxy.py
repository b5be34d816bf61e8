"""What an edge hands out to resources of one's own beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.sites import AWS, AZURE, GOOGLE, TUNNEL

from trunkline import Site

HANDED_OUT = {
    "aws": (
        "aws_vpc.edge_vpc_",
        "aws_subnet.edge_subnet-us-east-1a_",
        "aws_security_group.edge_machine-security-group_",
        "aws_iam_role.edge_machine-role_",
    ),
    "google": (
        "google_compute_network.edge_network_",
        "google_compute_subnetwork.edge_subnet_",
        None,
        "google_service_account.edge_machine-identity_",
    ),
    "azure": (
        "azurerm_virtual_network.edge_network_",
        "azurerm_subnet.edge_subnet_",
        "azurerm_network_security_group.edge_machine-security-group_",
        "azurerm_user_assigned_identity.edge_machine-identity_",
    ),
}
NAMES = ("network_id", "subnet_id", "security_group", "identity")


def outputs(site: Site, exposure: Any) -> dict[str, Any]:
    """The outputs of a stack of one's own that says all that the edge hands out."""
    from cdktf import App, TerraformOutput, TerraformStack, Testing

    from trunkline import EdgeProxy
    from trunkline.stacks.app import CONTEXT

    stack = TerraformStack(App(context=CONTEXT), "own")
    edge = EdgeProxy(stack, "edge", site=site, exposure=exposure)
    for name in NAMES:
        if (value := getattr(edge, name)) is not None:
            TerraformOutput(stack, name, value=value)
    made: dict[str, Any] = json.loads(Testing.synth(stack))["output"]
    return made


@pytest.mark.parametrize("site", [AWS, GOOGLE, AZURE], ids=HANDED_OUT)
def test_it_hands_out_what_rules_and_grants_of_one_s_own_name(site: Site) -> None:
    from trunkline import Tunnel

    found = outputs(site, Tunnel(**TUNNEL))
    for name, start in zip(NAMES, HANDED_OUT[site.cloud], strict=True):
        if start is None:
            assert name not in found
        else:
            assert found[name]["value"].startswith("${" + start), name


def test_an_edge_that_needs_no_secret_has_no_identity_on_aws_and_azure() -> None:
    from trunkline import Loopback

    assert "identity" not in outputs(AWS, Loopback())
    assert "identity" not in outputs(AZURE, Loopback())
    assert "identity" in outputs(GOOGLE, Loopback())
