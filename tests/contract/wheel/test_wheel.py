"""The wheel: what it carries, and that it works in an environment that has nothing else of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.examples import ROOT

pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "examples" / "import_into_a_stack" / "main.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
    subprocess.run([*build, str(folder), str(ROOT)], check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a clean environment with the wheel, its needs, and AWS's binding only."""
    folder = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    interpreter = folder / "bin" / "python"
    command = ["-m", "pip", "install", "-q", f"trunkline[aws] @ {wheel.as_uri()}"]
    subprocess.run([str(interpreter), *command], check=True)
    return interpreter


def run(python: Path, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": str(folder)}
    return subprocess.run(
        [python, *map(str, arguments)], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_it_carries_the_schema_the_payload_and_the_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "trunkline/py.typed",
        "trunkline/bindings/preload.cjs",
        "trunkline/routing/worker.js",
        "trunkline/schemas/topology.schema.json",
        "trunkline/schemas/catalogue.schema.json",
        "trunkline/services/catalogue/vertex-ai.yaml",
        "trunkline/payload/files/edge.service",
        "trunkline/clouds/google/fetch_secret.py",
        "trunkline/probing/agent.py",
    } <= names
    assert not [name for name in names if name.startswith(("tests", "constructs"))]


def test_the_example_composes_an_edge_with_resources_of_its_own(
    python: Path, tmp_path: Path
) -> None:
    done = run(python, tmp_path, EXAMPLE)
    assert done.returncode == 0, done.stderr
    stack = json.loads((tmp_path / "cdktf.out/stacks/shop/cdk.tf.json").read_text())
    assert {"aws_cloudwatch_log_group", "aws_instance", "aws_ssm_parameter"} <= set(
        stack["resource"]
    )
    values = [each["value"] for each in stack["resource"]["aws_ssm_parameter"].values()]
    assert "${var.tunnel_token}" in values
    assert [each for each in values if " ${var.edge_key} " in each]
    assert stack["variable"]["tunnel_token"]["sensitive"] is True
    assert stack["variable"]["edge_key"]["sensitive"] is True


def test_it_validates_with_the_schema_that_it_carries(python: Path, tmp_path: Path) -> None:
    done = run(python, tmp_path, "-m", "trunkline", "validate", ROOT / "topologies/one-cloud.yaml")
    assert done.returncode == 0, done.stderr


def test_a_cloud_whose_extra_is_missing_is_told_with_the_command(
    python: Path, tmp_path: Path
) -> None:
    done = run(python, tmp_path, "-m", "trunkline", "synth", ROOT / "topologies/three-clouds.yaml")
    assert done.returncode == 2
    assert "pip install 'trunkline[" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "cdktf.out").exists()
