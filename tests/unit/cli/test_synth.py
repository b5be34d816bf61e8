"""The command `trunkline synth`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import Done, trunkline
from support.examples import ROOT

THREE = ROOT / "topologies" / "three-clouds.yaml"
ONE = ROOT / "topologies" / "one-cloud.yaml"
LOCAL = ROOT / "topologies" / "local.yaml"


def synth(folder: Path, *arguments: object) -> Done:
    """Run `trunkline synth` in `folder`."""
    return trunkline("synth", *arguments, folder=folder)


def test_it_lists_stacks_resources_and_needs(tmp_path: Path) -> None:
    done = synth(tmp_path, THREE)
    assert done.returncode == 0
    assert done.stderr == ""
    [edge] = [line for line in done.stdout.splitlines() if line.startswith("edge-aws")]
    assert "18 aws, 3 cloudflare" in edge
    [zones] = [line for line in done.stdout.splitlines() if line.startswith("zones-aws")]
    assert zones.split() == ["zones-aws", "none", "AWS", "account", "123456789012"]
    assert "AWS account 123456789012" in edge
    assert "9 stacks, 182 resources in cdktf.out/stacks" in done.stdout
    assert "12 probes: about 0.18 $ an hour while they run" in done.stdout
    assert "\x1b[" not in done.stdout


def test_json_is_one_object(tmp_path: Path) -> None:
    done = synth(tmp_path, ONE, "--format", "json", "--output", "elsewhere")
    printed = json.loads(done.stdout)
    stacks = printed["stacks"]
    names = [stack["name"] for stack in stacks]
    assert names == ["zones-main", "probes-main", "edge-main", "routing"]
    assert [stack["resources"] for stack in stacks[::3]] == [{}, {"cloudflare": 3}]
    assert (tmp_path / stacks[0]["folder"] / "cdk.tf.json").exists()


def test_a_stack_that_is_no_longer_in_the_topology_is_named(tmp_path: Path) -> None:
    synth(tmp_path, LOCAL)
    text = (ROOT / ONE).read_text().replace("name: one-cloud", "name: local")
    (tmp_path / "changed.yaml").write_text(text)
    done = synth(tmp_path, "changed.yaml")
    assert done.returncode == 0
    assert "cdktf.out/stacks/edge-azure is no longer in the topology" in done.stderr
    assert "terraform -chdir=cdktf.out/stacks/edge-azure destroy" in done.stderr


@pytest.mark.parametrize(
    "content", ["", "name: 1\n", "\t", "a: *nobody\n"], ids=["empty", "wrong", "tab", "alias"]
)
def test_a_mistake_writes_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.yaml").write_text(content)
    done = synth(tmp_path, "bad.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("bad.yaml:")
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


def test_an_output_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = synth(tmp_path, ONE, "--output", "taken")
    assert done.returncode == 2
    assert "choose another folder with --output" in done.stderr
    assert "Traceback" not in done.stderr
