"""Each state backend has the arguments that Terraform takes, one state per stack."""

from __future__ import annotations

import pytest

from trunkline.model import (
    AzurermState,
    GcsState,
    LocalState,
    S3State,
    State,
    TerraformCloudState,
)
from trunkline.terraform.backends import backend

SUBSCRIPTION = "00000000-0000-4000-8000-000000000000"
CASES: list[tuple[State, str, dict[str, object]]] = [
    (LocalState(), "local", {"path": "../../../state/shop/edge-aws.tfstate"}),
    (LocalState(directory="a/b"), "local", {"path": "../../../a/b/shop/edge-aws.tfstate"}),
    (
        TerraformCloudState(organization="acme"),
        "cloud",
        {
            "hostname": "app.terraform.io",
            "organization": "acme",
            "workspaces": {"name": "shop-edge-aws"},
        },
    ),
    (
        TerraformCloudState(organization="acme", project="net", hostname="tfe.acme.com"),
        "cloud",
        {
            "hostname": "tfe.acme.com",
            "organization": "acme",
            "workspaces": {"name": "shop-edge-aws", "project": "net"},
        },
    ),
    (
        S3State(bucket="b", region="eu-west-1"),
        "s3",
        {
            "bucket": "b",
            "region": "eu-west-1",
            "key": "trunkline/shop/edge-aws.tfstate",
            "encrypt": True,
            "use_lockfile": True,
        },
    ),
    (GcsState(bucket="b", prefix="p"), "gcs", {"bucket": "b", "prefix": "p/shop/edge-aws"}),
    (
        AzurermState(resource_group="g", storage_account="a", container="c"),
        "azurerm",
        {
            "resource_group_name": "g",
            "storage_account_name": "a",
            "container_name": "c",
            "key": "trunkline/shop/edge-aws.tfstate",
        },
    ),
    (
        AzurermState(
            resource_group="g", storage_account="a", container="c", subscription_id=SUBSCRIPTION
        ),
        "azurerm",
        {
            "resource_group_name": "g",
            "storage_account_name": "a",
            "container_name": "c",
            "key": "trunkline/shop/edge-aws.tfstate",
            "subscription_id": SUBSCRIPTION,
        },
    ),
]


@pytest.mark.parametrize(("state", "name", "arguments"), CASES)
def test_the_backend_of_a_stack(state: State, name: str, arguments: dict[str, object]) -> None:
    assert backend(state, "shop", "edge-aws") == (name, arguments)
