"""Every stack of every example goes through the whole of Terraform."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from contract.terraform.conftest import CERTIFICATE
from contract.terraform.nested_keys import unknown_nested_keys
from doubles.providers.plugin_mirror import pins, provider_schemas
from doubles.providers.terraform_runner import TerraformError, TerraformRunner
from support.examples import THREE, TOPOLOGIES

Stacks = Callable[[Path], dict[str, Path]]


@pytest.fixture(params=TOPOLOGIES, ids=lambda file: file.stem)
def stacks(request: pytest.FixtureRequest, stacks_of: Stacks) -> list[Path]:
    """The folders of the stacks of one example."""
    return list(stacks_of(request.param).values())


@pytest.mark.slow
def test_every_stack_goes_up_stays_still_and_comes_down(
    stacks: list[Path], terraform_run: Callable[[Path], TerraformRunner]
) -> None:
    assert stacks
    for stack in stacks:
        terraform_run(stack).cycle()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stack", "zones"),
    [
        ("zones-aws", {"us-east-1a": "use1-az4", "us-east-1d": "use1-az1", "us-east-1f": None}),
        ("zones-azure", {"1": "eastus-az3", "2": "eastus-az1", "3": "eastus-az2"}),
    ],
)
def test_zones_are_told_by_name_and_null_where_the_account_has_none(
    stack: str,
    zones: dict[str, str | None],
    stacks_of: Stacks,
    terraform_run: Callable[[Path], TerraformRunner],
) -> None:
    run = terraform_run(stacks_of(THREE)[stack])
    run.init()
    run.apply()
    told = run.outputs()["physical_zones"]
    assert {zone: told[zone] for zone in zones} == zones
    assert run.resources() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"certificate": ""}, "The control plane needs a client certificate"),
        ({"certificate": "-----BEGIN CERTIFICATE-----"}, "Set TF_VAR_control_plane_certificate"),
        ({"certificate": CERTIFICATE + "x" * 4096}, "4096 characters at most"),
        ({"header": ""}, "edge.control_plane.header needs the value of a header"),
    ],
    ids=["no certificate", "no key", "too long", "no header"],
)
def test_what_an_edge_cannot_show_its_control_plane_is_refused(
    given: dict[str, str],
    said: str,
    stacks_of: Stacks,
    terraform_run: Callable[..., TerraformRunner],
) -> None:
    topology = next(file for file in TOPOLOGIES if file.stem == "control-plane")
    variables = {f"TF_VAR_control_plane_{name}": value for name, value in given.items()}
    run = terraform_run(stacks_of(topology)["edge-aws"], env=variables)
    run.init()
    with pytest.raises(TerraformError) as refused:
        run.plan()
    assert said in " ".join(str(refused.value).replace("│", " ").split())


def test_every_key_of_every_stack_is_one_that_its_provider_knows(stacks: list[Path]) -> None:
    schemas = provider_schemas()
    unknown = {stack.name: unknown_nested_keys(parsed(stack), schemas) for stack in stacks}
    assert {name: keys for name, keys in unknown.items() if keys} == {}


def test_every_stack_requires_the_pinned_providers(stacks: list[Path]) -> None:
    for stack in stacks:
        for provider in parsed(stack)["terraform"].get("required_providers", {}).values():
            source = provider["source"]
            address = source if "/" in source else f"hashicorp/{source}"
            assert provider["version"] == pins()[address], stack.name


def parsed(stack: Path) -> dict[str, Any]:
    """The Terraform JSON of a stack."""
    whole: dict[str, Any] = json.loads((stack / "cdk.tf.json").read_text())
    return whole
