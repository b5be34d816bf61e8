"""The example of a service in another cloud: two stacks without a topology, each by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from doubles.providers.terraform_runner import TerraformRunner
from support.examples import ROOT

APP = ROOT / "examples" / "service_from_another_cloud" / "main.py"
VARIABLES = {"TF_VAR_tunnel_token": "token", "TF_VAR_edge_key": "k" * 32}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    env = {**os.environ, "PYTHONPATH": str(ROOT / "constructs")}
    subprocess.run([sys.executable, str(APP)], check=True, cwd=folder, env=env, timeout=300)
    return folder / "cdktf.out" / "stacks"


@pytest.mark.parametrize("site", ["shop", "models"])
def test_each_stack_goes_up_stays_still_and_comes_down(
    site: str, stacks: Path, terraform_run: Callable[..., TerraformRunner]
) -> None:
    key = {f"TF_VAR_backbone_{site}_1_key": "0f" * 32}
    terraform_run(stacks / site, env={**VARIABLES, **key}).cycle()


def test_names_lead_to_the_edge_where_they_are_used_alone(stacks: Path) -> None:
    shop = json.loads((stacks / "shop" / "cdk.tf.json").read_text())
    names = {each["name"] for each in shop["resource"]["aws_route53_zone"].values()}
    assert "europe-west3-aiplatform.googleapis.com" in names
    models = json.loads((stacks / "models" / "cdk.tf.json").read_text())
    assert "google_dns_managed_zone" not in models["resource"]
