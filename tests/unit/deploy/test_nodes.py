"""The nodes of a backbone: the public halves of its keys, in a file beside the topology."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve
from support.examples import ROOT

from trunkline.deploy.keys import Keys, backbone_keys
from trunkline.deploy.nodes import Nodes, public_key
from trunkline.model import Topology, node_key
from trunkline.topology import check_file, load
from trunkline.topology.nodes import nodes_path

BACKBONE = ROOT / "topologies" / "backbone.yaml"
FIRST, SECOND = "2026-01-01", "2026-02-01"
NAMES = ["aws-1", "aws-2", "google-1", "google-2", "azure-1", "azure-2"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A topology with a backbone, in a folder of its own."""
    copy = tmp_path / "acme.yaml"
    copy.write_text(BACKBONE.read_text())
    return copy


def trunkline(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trunkline", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def made(file: Path) -> Topology:
    assert trunkline(file.parent, "keys", file.name).returncode == 0
    return load(file)


def with_new_keys(topology: Topology) -> Keys:
    keys = Keys({})
    for key in backbone_keys(topology):
        keys = keys.having(key)
    return keys


def test_the_public_half_is_that_of_rfc_7748() -> None:
    """Alice's keys in section 6.1."""
    private = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
    public = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    assert base64.b64decode(public_key(private)).hex() == public


def test_the_command_makes_a_key_and_an_address_for_every_edge(file: Path) -> None:
    backbone = made(file).backbone
    assert backbone
    nodes = [node for nodes in backbone.nodes.values() for node in nodes]
    assert [node.name for node in nodes] == NAMES
    assert [node.address for node in nodes] == [f"10.254.0.{n}" for n in range(1, 7)]
    assert len({key.public_key for node in nodes for key in node.keys}) == 6
    private = Keys.read(file.parent / "keys.env").values
    for node in nodes:
        [key] = node.keys
        assert key.public_key == public_key(private[node_key(node.name).variable])
    assert not any(key in nodes_path(file).read_text() for key in private.values())


def test_what_is_there_stays(file: Path) -> None:
    made(file)
    before = nodes_path(file).read_bytes()
    assert trunkline(file.parent, "keys", file.name).returncode == 0
    assert nodes_path(file).read_bytes() == before


def test_a_rotation_adds_a_key_at_the_other_port_and_retiring_takes_the_old_one() -> None:
    topology = load(BACKBONE)
    keys = with_new_keys(topology)
    nodes = Nodes.of(topology).following(keys, FIRST)
    [old] = nodes.nodes["aws-1"].keys
    [aws, *_] = backbone_keys(topology, "aws")
    keys = keys.rotated(aws)
    during = Nodes.of(nodes.joined()).following(keys, SECOND)
    new, kept = during.nodes["aws-1"].keys
    assert kept == old
    assert (new.port, new.made, old.port, old.made) == (51821, SECOND, 51820, FIRST)
    assert during.nodes["google-1"] == nodes.nodes["google-1"]
    after = Nodes.of(during.joined()).following(keys.retired(aws), SECOND)
    assert after.nodes["aws-1"].keys == (new,)
    again = Nodes.of(after.joined()).following(keys.retired(aws).rotated(aws), SECOND)
    assert [key.port for key in again.nodes["aws-1"].keys] == [51820, 51821]


def test_another_site_takes_a_free_address_and_moves_nobody() -> None:
    topology = load(BACKBONE)
    less = evolve(topology, sites=topology.sites[1:])
    nodes = Nodes.of(less).following(with_new_keys(less), FIRST)
    assert nodes.nodes["google-1"].address == "10.254.0.1"
    whole = evolve(topology, backbone=nodes.joined().backbone)
    keys = with_new_keys(less)
    more = Nodes.of(whole).following(keys.having(node_key("aws-1")), SECOND)
    assert more.nodes["google-1"].address == "10.254.0.1"
    assert more.nodes["aws-1"].address == "10.254.0.5"


def test_a_node_whose_private_half_is_lost_is_an_error_with_a_way_out(file: Path) -> None:
    made(file)
    before = nodes_path(file).read_bytes()
    (file.parent / "keys.env").unlink()
    done = trunkline(file.parent, "keys", file.name)
    assert done.returncode == 2
    assert "a key of aws-1 whose private half is not among your keys" in done.stderr
    assert "delete aws-1 from the nodes file" in done.stderr
    assert nodes_path(file).read_bytes() == before
    assert not (file.parent / "keys.env").exists()


def test_a_rotation_of_one_site_leaves_the_others(file: Path) -> None:
    made(file)
    done = trunkline(
        file.parent, "keys", file.name, "--rotate", "backbone", "--site", "aws", "--format", "json"
    )
    said = json.loads(done.stdout)
    assert said["nodes"] == "acme.nodes.yaml"
    changed = {name for name, what in said["keys"].items() if what in ("changed", "made")}
    assert changed == {
        f"TF_VAR_backbone_aws_{number}_key{end}" for number in (1, 2) for end in ("", "_previous")
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--rotate", "edge", "--site", "aws"), "--site is for --rotate backbone"),
        (("--rotate", "backbone", "--site", "gogle"), "there is no site gogle"),
        (("--retire", "backbone"), "there is no earlier backbone_aws_1 key to retire"),
    ],
)
def test_steps_out_of_order_change_nothing(
    arguments: tuple[str, ...], sentence: str, file: Path
) -> None:
    made(file)
    before = nodes_path(file).read_bytes()
    done = trunkline(file.parent, "keys", file.name, *arguments)
    assert (done.returncode, sentence in done.stderr) == (2, True)
    assert nodes_path(file).read_bytes() == before


def test_standard_input_has_no_place_for_a_nodes_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trunkline", "keys", "-"]
    done = subprocess.run(
        command, cwd=tmp_path, input=BACKBONE.read_text(), capture_output=True, text=True
    )
    assert (done.returncode, "name a topology file" in done.stderr) == (2, True)
    assert [*tmp_path.iterdir()] == []


def test_a_topology_without_a_backbone_has_no_nodes(tmp_path: Path) -> None:
    one = tmp_path / "one.yaml"
    one.write_text((ROOT / "topologies" / "one-cloud.yaml").read_text())
    done = trunkline(tmp_path, "keys", "one.yaml", "--rotate", "backbone")
    assert (done.returncode, "the topology has no backbone" in done.stderr) == (2, True)
    assert trunkline(tmp_path, "keys", "one.yaml").returncode == 0
    assert not nodes_path(one).exists()


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("topology: backbone", "topology: other", "the nodes of the topology other, not of"),
        ("10.254.0.2", "10.9.0.2", "10.9.0.2 is not an address of a machine in backbone.cidr"),
        ("10.254.0.2", "10.254.0.1", "aws-1 has 10.254.0.1 as well"),
        ("10.254.0.2", "10.254.0.0", "is not an address of a machine"),
        ("port: 51820", "port: 51900", "is not one of the choices"),
        ("made:", "mode:", 'the key "mode" is unknown'),
        ("aws-2:", "aws:", "must be the name of a site, a hyphen and a number"),
        ("nodes:\n", "nodes: [\n", "a bracket is not closed"),
    ],
)
def test_a_nodes_file_that_is_wrong_is_named_with_its_place(
    old: str, new: str, finding: str, file: Path
) -> None:
    made(file)
    path = nodes_path(file)
    path.write_text(path.read_text().replace(old, new, 1))
    topology, findings = check_file(file)
    assert topology is None
    said = [str(each) for each in findings if each.level == "error"]
    assert any(line.startswith(f"{path}:") and finding in line for line in said), said
