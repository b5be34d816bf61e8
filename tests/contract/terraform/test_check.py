"""`trunkline check --drift` with Terraform itself, and doubles of the providers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from contract.terraform.test_deploy import Operator
from support.examples import ROOT

pytestmark = pytest.mark.slow

TOPOLOGY = ROOT / "tests" / "rehearsal" / "topologies" / "replicas.yaml"


def drift(operator: Operator) -> dict[str, tuple[str, str]]:
    """What is said of each stack, and what to do."""
    done = operator.run("check", "--drift", "--format", "json")
    assert done.returncode == 1, done.stderr  # its names have no addresses
    checks = json.loads(done.stdout)["checks"]
    return {
        each["where"]: (each["said"], each["remedy"]) for each in checks if each["what"] == "drift"
    }


def test_drift_is_told_of_each_stack(tmp_path: Path, running_env: Mapping[str, str]) -> None:
    # Nothing listens there, so that nobody is asked in earnest.
    env = {**running_env, "CLOUDFLARE_BASE_URL": "http://127.0.0.1:9"}
    operator = Operator(tmp_path, env, TOPOLOGY)
    applied = operator.run("apply", "--yes", "--wait", "0", "--only", "edge,zones")
    assert applied.returncode == 0, applied.stderr
    found = drift(operator)
    well = ("is as the file says", "")
    assert found["edge-aws"] == found["zones-aws"] == well
    assert found["routing"] == (
        "an apply makes api.example.com, with 3 routes",
        "trunkline apply --only routing",
    )
    (tmp_path / "state" / "replicas" / "edge-aws.tfstate").write_text("no JSON")
    said, remedy = drift(operator)["edge-aws"]
    assert said.startswith("cannot be planned: ")
    assert remedy == "trunkline plan --only edge-aws"
