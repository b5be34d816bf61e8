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
NAMES = ("network_id", "subnet_ids", "security_group", "identity")


MACHINES = {
    "aws": "aws_instance",
    "google": "google_compute_instance",
    "azure": "azurerm_linux_virtual_machine",
}


SECRETS = {
    "aws": "aws_ssm_parameter",
    "google": "google_secret_manager_secret",
    "azure": "azurerm_key_vault_secret",
}


def outputs(site: Site, exposure: Any) -> dict[str, Any]:
    """The outputs of a stack of one's own that says all that the edge hands out."""
    from cdktf import App, TerraformOutput, TerraformStack, Testing

    from trunkline import EdgeProxy
    from trunkline.stacks.app import CONTEXT

    stack = TerraformStack(App(context=CONTEXT), "own")
    edge = EdgeProxy(stack, "edge", site=site, exposure=exposure)
    for name in NAMES:
        if (value := getattr(edge, name)) is not None:
            TerraformOutput(stack, name, value=value[site.zone] if name == "subnet_ids" else value)
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


@pytest.mark.parametrize("site", [AWS, GOOGLE, AZURE], ids=HANDED_OUT)
def test_further_machines_stand_in_other_zones_and_read_the_same_configuration(site: Site) -> None:
    from trunkline import Tunnel

    spare = {"aws": "us-east-1b", "google": "us-east4-b", "azure": "2"}[site.cloud]
    stack = synthesized(site, Tunnel(**TUNNEL), spares=[spare])
    machines = stack["resource"][MACHINES[site.cloud]]
    assert {zone_of(each) for each in machines.values()} == {site.zone, spare}
    if site.cloud != "aws":  # where names are tags
        assert {each["name"] for each in machines.values()} == {"edge-shop", f"edge-shop-{spare}"}
    kinds = [*SECRETS.values()]
    [secret] = (len(stack["resource"][kind]) for kind in kinds if kind in stack["resource"])
    assert secret == 2, "more than one configuration and one token"


def test_one_machine_keeps_the_terraform_address_that_it_had_alone() -> None:
    from trunkline import Tunnel

    alone = synthesized(AWS, Tunnel(**TUNNEL))["resource"]["aws_instance"]
    both = synthesized(AWS, Tunnel(**TUNNEL), spares=["us-east-1b"])["resource"]["aws_instance"]
    assert alone.keys() < both.keys()


@pytest.mark.parametrize(
    ("spares", "exposure", "said"),
    [
        (["us-east-1a"], "tunnel", "spares: name each zone once, and not site.zone"),
        (["us-east-1b", "us-east-1b"], "tunnel", "spares: name each zone once"),
        (["us-east-1b"], "loopback", "spares: an edge on this machine has none"),
    ],
)
def test_spares_that_cannot_be(spares: list[str], exposure: str, said: str) -> None:
    from trunkline import ConfigurationError, Loopback, Tunnel

    chosen = Tunnel(**TUNNEL) if exposure == "tunnel" else Loopback()
    with pytest.raises(ConfigurationError, match=said):
        synthesized(AWS, chosen, spares=spares)


def test_each_machine_of_a_public_edge_has_an_address_and_answers_all_of_its_hostnames() -> None:
    from trunkline import Public

    public = Public(hostname="a.example.com", spares=["a-2.example.com"], keys=["k"])
    stack = synthesized(AWS, public, spares=["us-east-1b"])
    assert len(stack["resource"]["aws_eip"]) == 2
    assert public.hostnames == ("a.example.com", "a-2.example.com")


@pytest.mark.parametrize("spares", [[], ["us-east-1b", "us-east-1c"]])
def test_a_public_edge_names_a_hostname_for_each_spare(spares: list[str]) -> None:
    from trunkline import ConfigurationError, Public

    public = Public(hostname="a.example.com", spares=["a-2.example.com"], keys=["k"])
    with pytest.raises(ConfigurationError, match=r"Public\.spares names a hostname for each"):
        synthesized(AWS, public, spares=spares)


def zone_of(machine: dict[str, Any]) -> str:
    """The zone; AWS says it with the subnet, whose name ends in it."""
    subnet = machine.get("subnet_id", "").rpartition("_")[0].partition("subnet-")[2]
    return str(machine.get("zone") or subnet)


def synthesized(site: Site, exposure: Any, **options: Any) -> dict[str, Any]:
    from cdktf import App, TerraformStack, Testing

    from trunkline import EdgeProxy
    from trunkline.stacks.app import CONTEXT

    stack = TerraformStack(App(context=CONTEXT), "own")
    EdgeProxy(stack, "edge", site=site, exposure=exposure, **options)
    made: dict[str, Any] = json.loads(Testing.synth(stack))
    return made
