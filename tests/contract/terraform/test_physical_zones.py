"""From applied zones stacks to the file that `trunkline place --physical-zones` reads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from doubles.providers.terraform_runner import TerraformRunner
from support.examples import THREE

from trunkline.errors import TerraformError
from trunkline.placement.physical import load_physical_zones
from trunkline.terraform.run import Terraform
from trunkline.topology import load

AZURE = {"1": "eastus-az3", "2": "eastus-az1", "3": "eastus-az2"}

Stacks = Callable[[Path], dict[str, Path]]
Run = Callable[[Path], TerraformRunner]


@pytest.fixture
def azure(stacks_of: Stacks, terraform_run: Run) -> TerraformRunner:
    """The zones stack of the Azure site."""
    return terraform_run(stacks_of(THREE)["zones-azure"])


def physical_zones(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `trunkline physical-zones` in `folder`."""
    command = [sys.executable, "-m", "trunkline", "physical-zones", str(THREE), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.slow
def test_what_is_applied_is_written_and_the_rest_is_named(
    azure: TerraformRunner, tmp_path: Path
) -> None:
    azure.init()
    azure.apply()
    done = physical_zones(tmp_path, "--output", "reported.json")
    assert done.returncode == 0
    assert done.stdout == "reported.json: 3 zones of 1 site\n"
    assert load_physical_zones(tmp_path / "reported.json", load(THREE)) == {"azure": AZURE}
    aws, google = done.stderr.splitlines()
    assert aws.startswith("aws: cdktf.out/stacks/zones-aws is not there; run trunkline synth")
    assert google.startswith("google: cloud google does not expose")
    assert json.loads(physical_zones(tmp_path).stdout) == {"azure": AZURE}


@pytest.mark.slow
def test_where_nothing_is_applied_nothing_is_written(
    azure: TerraformRunner, tmp_path: Path
) -> None:
    azure.init()
    done = physical_zones(tmp_path, "--output", "reported.json")
    assert done.returncode == 2
    assert "zones-azure is not applied: it has no output physical_zones; run" in done.stderr
    assert "terraform -chdir=cdktf.out/stacks/zones-azure apply" in done.stderr
    assert "no physical zone is known; nothing was written" in done.stderr
    assert not (tmp_path / "reported.json").exists()


def test_a_stack_that_was_never_initialized_is_not_applied(terraform: str, tmp_path: Path) -> None:
    with pytest.raises(TerraformError, match="was never initialized here"):
        Terraform().output(tmp_path, "physical_zones")


def test_a_state_that_cannot_be_read_is_told_in_terraforms_words(
    terraform: str, offline_env: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "cdk.tf.json").write_text("{}")
    (tmp_path / ".terraform").mkdir()
    (tmp_path / "terraform.tfstate").write_text("not a state")
    with pytest.raises(TerraformError, match=r"terraform output failed for .*\n.*state"):
        Terraform(env=offline_env).output(tmp_path, "physical_zones")
