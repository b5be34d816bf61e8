"""What a secret is in each cloud's store: a value in the state, or a write-only one."""

from __future__ import annotations

import pytest
from support.sites import AWS, AZURE, GOOGLE
from support.stacks import resources

from trunkline import Site

HOLDERS = [
    (AWS, "aws_ssm_parameter", "value"),
    (GOOGLE, "google_secret_manager_secret_version", "secret_data"),
    (AZURE, "azurerm_key_vault_secret", "value"),
]
CLOUDS = ["aws", "google", "azure"]


@pytest.mark.parametrize(("site", "kind", "argument"), HOLDERS, ids=CLOUDS)
def test_a_secret_without_a_version_is_an_argument(site: Site, kind: str, argument: str) -> None:
    [held] = resources(site, lambda cloud: cloud.secret("key", "${var.key}"))[kind]
    assert held[argument] == "${var.key}"
    assert not [name for name in held if "_wo" in name]


@pytest.mark.parametrize(("site", "kind", "argument"), HOLDERS, ids=CLOUDS)
def test_a_secret_with_a_version_is_write_only(site: Site, kind: str, argument: str) -> None:
    [held] = resources(site, lambda cloud: cloud.secret("key", "${var.key}", 3))[kind]
    assert argument not in held
    assert held[f"{argument}_wo"] == "${var.key}"
    assert held[f"{argument}_wo_version"] == 3


def test_googles_next_version_is_there_before_the_last_one_goes() -> None:
    kind = "google_secret_manager_secret_version"
    [held] = resources(GOOGLE, lambda cloud: cloud.secret("key", "${var.key}", 3))[kind]
    assert held["lifecycle"] == {"create_before_destroy": True}


def test_this_machine_knows_a_new_value_by_its_version_and_shows_no_hash_of_it() -> None:
    local = Site(name="shop", cloud="local", region="here", zone="a")
    [held] = resources(local, lambda cloud: cloud.secret("key", "${var.key}", 3))["terraform_data"]
    assert held["triggers_replace"] == ["3"]
