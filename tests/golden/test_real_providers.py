"""What the real providers taught, read in the stacks; the doubles play what they refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.examples import ROOT, THREE, Synthesized

FEATURES = ROOT / "tests" / "golden" / "topologies" / "every-feature.yaml"
ACCOUNTS = ROOT / "topologies" / "two-accounts.yaml"


@pytest.fixture
def read(synthesized: Synthesized) -> Any:
    """A function that reads one stack of an example."""

    def stack(topology: Path, name: str) -> dict[str, Any]:
        text = (synthesized(topology) / "stacks" / name / "cdk.tf.json").read_text()
        content: dict[str, Any] = json.loads(text)
        return content

    return stack


def only(stack: dict[str, Any], kind: str) -> dict[str, Any]:
    """The stack's one resource of a kind."""
    [found] = stack["resource"][kind].values()
    resource: dict[str, Any] = found
    return resource


def test_a_machine_that_takes_hyperdisk_only_gets_it(read: Any) -> None:
    c4a = only(read(FEATURES, "edge-arm"), "google_compute_instance")
    assert c4a["boot_disk"]["initialize_params"]["type"] == "hyperdisk-balanced"
    e2 = only(read(THREE, "edge-google"), "google_compute_instance")
    assert "type" not in e2["boot_disk"]["initialize_params"]


def test_a_vault_says_how_it_grants(read: Any) -> None:
    vault = only(read(THREE, "edge-azure"), "azurerm_key_vault")
    assert vault["rbac_authorization_enabled"] is False


def test_all_who_may_deploy_have_a_policy_of_their_own(read: Any) -> None:
    stack = read(FEATURES, "edge-intel")
    policies = stack["resource"]["azurerm_key_vault_access_policy"]
    deployers = {each["object_id"] for key, each in policies.items() if "_deployer-" in key}
    assert deployers == {
        "3f2b8c1e-5a4d-4c6b-9e7f-1a2b3c4d5e6f",
        "7d9e0f1a-2b3c-4d5e-8f60-718293a4b5c6",
    }
    for secret in stack["resource"]["azurerm_key_vault_secret"].values():
        assert len(secret["depends_on"]) == 2
    alone = read(THREE, "edge-azure")["resource"]["azurerm_key_vault_access_policy"]
    [first] = [each["object_id"] for key, each in alone.items() if "_deployer-" in key]
    assert first.startswith("${data.azurerm_client_config.")


def test_a_closed_vault_lets_in_the_machines_and_whoever_applies(read: Any) -> None:
    stack = read(FEATURES, "edge-intel")
    rules = only(stack, "azurerm_key_vault")["network_acls"]
    assert rules["default_action"] == "Deny"
    assert rules["ip_rules"] == ["203.0.113.0/24", "198.51.100.7/32"]
    [subnet] = rules["virtual_network_subnet_ids"]
    assert subnet.startswith("${data.azurerm_subnet.")
    [found] = stack["data"]["azurerm_subnet"].values()
    [said] = found["lifecycle"]["postcondition"]
    assert "Microsoft.KeyVault" in said["condition"]
    assert "network_acls" not in only(read(THREE, "edge-azure"), "azurerm_key_vault")


def test_azure_registers_what_the_stacks_use_and_no_more(read: Any) -> None:
    [making] = read(THREE, "edge-azure")["provider"]["azurerm"]
    assert making["resource_provider_registrations"] == "core"
    assert making["resource_providers_to_register"] == [
        "Microsoft.KeyVault",
        "Microsoft.ManagedIdentity",
    ]
    [reading] = read(THREE, "zones-azure")["provider"]["azurerm"]
    assert reading["resource_provider_registrations"] == "none"
    assert "resource_providers_to_register" not in reading


def test_a_zone_without_a_fitting_size_is_said_in_a_sentence(read: Any) -> None:
    machine = only(read(THREE, "edge-aws"), "aws_instance")
    [precondition] = machine["lifecycle"]["precondition"]
    assert precondition["condition"].endswith('["us-east-1a"] != ""}')
    assert precondition["error_message"].startswith(
        "The zone us-east-1a offers none of the sizes t4g.micro, t3.micro, t2.micro."
    )
    # Terraform reads the image as well; an index that is not there would be said in its place.
    assert machine["ami"].startswith("${lookup({")
    chosen = only(read(FEATURES, "edge-graviton"), "aws_instance")
    assert "precondition" not in chosen["lifecycle"]


def test_smart_routing_is_set_only_where_it_was_bought(read: Any) -> None:
    setting = only(read(FEATURES, "routing"), "cloudflare_argo_smart_routing")
    assert setting["value"] == "${var.smart_routing}"
    assert read(FEATURES, "routing")["variable"]["smart_routing"]["default"] == "off"
    assert "cloudflare_argo_smart_routing" not in read(THREE, "routing")["resource"]


def test_each_origin_rule_keeps_its_identity(read: Any) -> None:
    rulesets = read(FEATURES, "routing")["resource"]["cloudflare_ruleset"].values()
    [rules] = [each["rules"] for each in rulesets if each["phase"] == "http_request_origin"]
    refs = [rule["ref"] for rule in rules]
    assert len(set(refs)) == len(refs) == 5
    assert all(ref.startswith("trunkline-") for ref in refs)


def test_a_zone_that_is_made_asks_for_nothing_that_is_paid(read: Any) -> None:
    resources = read(ACCOUNTS, "routing")["resource"]
    assert "cloudflare_zone" in resources
    assert "cloudflare_argo_smart_routing" not in resources
