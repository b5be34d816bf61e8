"""`trunkline physical-zones`, on a Terraform that has the outputs of two sites."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import Environment, trunkline
from support.examples import THREE

OUTPUTS = {
    "zones-aws": {"us-east-1a": "use1-az4", "us-east-1b": None},
    "zones-azure": {"1": "eastus-az2"},
}


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A folder with the stacks of both sites, which are applied."""
    for stack, zones in OUTPUTS.items():
        folder = tmp_path / "cdktf.out" / "stacks" / stack
        (folder / ".terraform").mkdir(parents=True)
        (folder / "cdk.tf.json").write_text("{}")
        (folder / "outputs").write_text(json.dumps({"physical_zones": {"value": zones}}))
    return tmp_path / "cdktf.out"


@pytest.fixture
def terraform(tmp_path: Path) -> Environment:
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\ncat outputs\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin"}


def test_it_prints_what_is_known_and_names_the_rest(stacks: Path, terraform: Environment) -> None:
    done = trunkline("physical-zones", THREE, "--stacks", stacks, env=terraform)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "aws": {"us-east-1a": "use1-az4"},
        "azure": {"1": "eastus-az2"},
    }
    assert "aws: the account has no zone us-east-1b in us-east-1" in done.stderr
    assert "cloud google does not expose which physical zones" in done.stderr


def test_it_writes_a_file(stacks: Path, terraform: Environment, tmp_path: Path) -> None:
    file = tmp_path / "zones.json"
    done = trunkline("physical-zones", THREE, "--stacks", stacks, "--output", file, env=terraform)
    assert (done.returncode, done.stdout) == (0, f"{file}: 2 zones of 2 sites\n")
    assert json.loads(file.read_text())["azure"] == {"1": "eastus-az2"}


def test_nothing_is_written_where_nothing_is_known(tmp_path: Path, terraform: Environment) -> None:
    file = tmp_path / "zones.json"
    done = trunkline("physical-zones", THREE, "--stacks", tmp_path, "--output", file, env=terraform)
    assert (done.returncode, file.exists()) == (2, False)
    assert "no physical zone is known; nothing was written" in done.stderr
