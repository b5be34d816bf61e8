"""Every topology on the fork of CDKTF: the same stacks, but for what is listed here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.examples import ROOT, TOPOLOGIES, Synthesized
from support.nodes import file_with_nodes

pytestmark = pytest.mark.slow

PYTHON = ROOT / ".tools" / "cdktn" / "bin" / "python"

# What differs, by its place in a stack's file: with cdktf, and with the fork. A provider without a
# binding has the same version on both.
FRAMEWORK = ("0.21.0", "0.23.4")
PROVIDERS = {
    "aws": {"source": ("aws", "hashicorp/aws"), "version": ("6.25.0", "6.56.0")},
    "google": {"source": ("google", "hashicorp/google")},
    "azurerm": {"version": ("4.55.0", "4.81.0")},
    "cloudflare": {"version": ("5.14.0", "5.22.0")},
}

Difference = tuple[tuple[str, ...], object, object]


@pytest.fixture(scope="module", autouse=True)
def fork() -> None:
    if not PYTHON.exists():
        pytest.skip("the fork is not installed; run: make .tools/cdktn/ready")


def on_the_fork(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python where the fork is installed and cdktf is not."""
    return subprocess.run(
        [PYTHON, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "constructs"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def differences(left: object, right: object, place: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Each place where two JSON documents differ, with both values."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            yield from differences(left.get(key), right.get(key), (*place, key))
    elif left != right:
        yield place, left, right


def expected(stack: dict[str, Any]) -> Iterator[Difference]:
    yield ("//", "metadata", "version"), *FRAMEWORK
    for provider in stack["terraform"].get("required_providers", {}):
        for key, (ours, forks) in PROVIDERS.get(provider, {}).items():
            yield ("terraform", "required_providers", provider, key), ours, forks


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda path: path.stem)
def test_a_topology_gives_the_same_stacks_on_both(
    topology: Path, synthesized: Synthesized, tmp_path: Path
) -> None:
    file = file_with_nodes(topology, tmp_path)
    done = on_the_fork("main.py", TRUNKLINE_TOPOLOGY=str(file), CDKTF_OUTDIR=str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    ours = {
        str(path.relative_to(synthesized(topology))): json.loads(path.read_text())
        for path in synthesized(topology).glob("stacks/*/cdk.tf.json")
    }
    forks = {
        # A local machine is run by the Python that made the stack.
        str(path.relative_to(tmp_path / "out")): json.loads(
            path.read_text().replace(str(PYTHON), sys.executable)
        )
        for path in (tmp_path / "out").glob("stacks/*/cdk.tf.json")
    }
    assert ours.keys() == forks.keys()
    assert ours
    for name, stack in ours.items():
        assert sorted(differences(stack, forks[name])) == sorted(expected(stack)), name


def test_only_what_a_stack_uses_is_loaded(tmp_path: Path) -> None:
    code = (
        "import runpy, sys\n"
        "try: runpy.run_path('main.py', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sum(name.startswith('cdktn_provider_') for name in sys.modules))\n"
        "import cdktf, cdktn; print(cdktf is cdktn)\n"
    )
    topology = ROOT / "topologies" / "three-clouds.yaml"
    done = on_the_fork(
        "-c", code, TRUNKLINE_TOPOLOGY=str(topology), CDKTF_OUTDIR=str(tmp_path / "out")
    )
    modules, same = done.stdout.split()
    assert int(modules) < 200, "a plain import loads 6,000"
    assert same == "True"
