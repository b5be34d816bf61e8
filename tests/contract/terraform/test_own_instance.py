"""An edge before an instance of one's own, in the stack of that instance, on each cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles.providers.terraform_runner import TerraformRunner
from support.examples import ROOT

APP = Path(__file__).with_name("own_instance_app.py")
PROVIDERS = {"aws": ("aws", "east"), "google": ("google", "east"), "azure": ("azurerm", "second")}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of the stack of each cloud."""
    folder = tmp_path_factory.mktemp("own")
    env = {**os.environ, "PYTHONPATH": str(ROOT / "constructs"), "CDKTF_OUTDIR": str(folder)}
    subprocess.run([sys.executable, str(APP), *PROVIDERS], check=True, env=env, timeout=300)
    return {cloud: folder / "stacks" / f"own-{cloud}" for cloud in PROVIDERS}


def resources(stack: Path) -> dict[str, dict[str, Any]]:
    """The resources of a stack by address."""
    content = json.loads((stack / "cdk.tf.json").read_text())
    return {
        f"{kind}.{name}": each
        for kind, named in content["resource"].items()
        for name, each in named.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("cloud", PROVIDERS)
def test_the_stack_goes_up_stays_still_and_comes_down(
    cloud: str, stacks: dict[str, Path], terraform_run: Callable[[Path], TerraformRunner]
) -> None:
    terraform_run(stacks[cloud]).cycle()


@pytest.mark.slow
@pytest.mark.parametrize("cloud", PROVIDERS)
def test_all_of_the_edge_is_of_the_provider_that_was_given(
    cloud: str, stacks: dict[str, Path]
) -> None:
    kind, alias = PROVIDERS[cloud]
    made = {
        address: each for address, each in resources(stacks[cloud]).items() if ".edge_" in address
    }
    others = [
        address
        for address, each in made.items()
        if each.get("provider") != f"{kind}.{alias}" and not address.startswith("terraform_data.")
    ]
    assert len(made) > 10
    assert others == []


@pytest.mark.slow
@pytest.mark.parametrize("cloud", PROVIDERS)
def test_a_network_of_the_same_stack_is_not_looked_up(cloud: str, stacks: dict[str, Path]) -> None:
    content = json.loads((stacks[cloud] / "cdk.tf.json").read_text())
    looked_up = {kind for kind in content.get("data", {}) if "subnet" in kind or "vpc" in kind}
    assert looked_up == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cloud", "kind", "argument", "joined"),
    [
        ("aws", "aws_instance", "vpc_security_group_ids", "${aws_security_group.clients.id}"),
        ("google", "google_compute_instance", "tags", "orders-clients"),
        (
            "azure",
            "azurerm_network_interface_application_security_group_association",
            "application_security_group_id",
            "${azurerm_application_security_group.clients.id}",
        ),
    ],
)
def test_the_machine_joins_the_groups_that_were_given(
    cloud: str, kind: str, argument: str, joined: str, stacks: dict[str, Path]
) -> None:
    [machine] = [
        each
        for address, each in resources(stacks[cloud]).items()
        if address.startswith(f"{kind}.edge_")
    ]
    assert joined in machine[argument]
