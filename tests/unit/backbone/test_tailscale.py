"""Tailscale as a backbone: what is brought, what stacks have, and what machines are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.command import trunkline
from support.examples import ROOT
from support.nodes import loaded

from trunkline.backbone import Membership, driver_of
from trunkline.errors import ConfigurationError
from trunkline.model import DEFAULT_VERSIONS, Versions
from trunkline.payload.units import Tailscale
from trunkline.stacks.specs import stack_specs

FILE = ROOT / "tests" / "golden" / "topologies" / "tailscale.yaml"
KEY = "${var.tailscale_auth_key}"


def stack(topology: Any) -> dict[str, Any]:
    """The JSON of the edge's stack of aws."""
    from cdktf import App, Testing

    from trunkline.stacks.app import CONTEXT
    from trunkline.stacks.edge import EdgeStack

    made = EdgeStack(App(context=CONTEXT), topology, topology.site("aws"))
    return dict(json.loads(Testing.synth(made)))


def items(made: dict[str, Any]) -> list[dict[str, Any]]:
    parameters = made["resource"]["aws_ssm_parameter"].values()
    return [each for each in parameters if "backbone-key" in each["name"]]


def test_the_auth_key_is_in_write_only_arguments_alone() -> None:
    made = stack(loaded(FILE))
    assert [each["value_wo"] for each in items(made)] == [KEY, KEY]
    assert made["variable"]["tailscale_auth_key"]["ephemeral"] is True
    text = json.dumps({**made, "variable": {}})
    assert text.count("tailscale_auth_key") == 2


def test_a_raised_version_has_a_new_auth_key_written() -> None:
    topology = loaded(FILE)
    assert topology.backbone
    newer = evolve(topology, backbone=evolve(topology.backbone, auth_key_version=3))
    versions = [[each["value_wo_version"] for each in items(stack(t))] for t in (topology, newer)]
    assert versions == [[2, 2], [3, 3]]


def test_each_edges_stack_needs_the_auth_key_and_no_key_of_ours() -> None:
    needs = {spec.name: spec.needs for spec in stack_specs(loaded(FILE))}
    for site in ("aws", "google"):
        assert "TF_VAR_tailscale_auth_key" in needs[f"edge-{site}"]
        assert not any("backbone_" in name for name in needs[f"edge-{site}"])


def test_no_port_is_open_to_the_internet() -> None:
    assert Tailscale().firewall.ingress == ()
    rules = {(rule.protocol, rule.port) for rule in Tailscale().firewall.egress}
    assert rules == {("udp", 41641), ("udp", 3478)}


def test_its_version_is_that_of_the_edges() -> None:
    unit = driver_of("tailscale").unit(Versions(tailscale="1.102.5"))
    assert unit.package
    assert unit.package.requirement.startswith("tailscale=1.102.5,")
    assert unit.package.fingerprints == DEFAULT_VERSIONS.signing_keys.tailscale


def test_it_does_not_run_on_this_machine() -> None:
    with pytest.raises(ConfigurationError, match="without a backbone"):
        Tailscale().local("127.10.0.0/16", "us-east-1a")


def test_keys_prints_the_policy_and_what_to_bring(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_bytes(FILE.read_bytes())
    done = trunkline("keys", file, "--file", tmp_path / "keys.env")
    assert done.returncode == 0
    policy = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
    networks = ["10.10.0.0/16", "10.20.0.0/16", "10.30.0.0/16"]
    approved = {each: ["tag:trunkline"] for each in ("10.254.0.0/24", *networks)}
    assert policy["autoApprovers"] == {"routes": approved}
    grant, whole = policy["grants"]
    assert (grant["src"], grant["dst"]) == (["tag:trunkline"], ["10.254.0.0/24"])
    assert whole == {"src": networks, "dst": networks, "ip": ["*"]}
    file.write_text(file.read_text().replace("networks: true", "networks: false"))
    alone = trunkline("keys", file, "--file", tmp_path / "keys.env").stdout
    assert "10.10.0.0" not in alone and "udp:" not in alone
    file.write_bytes(FILE.read_bytes())
    assert "set TF_VAR_tailscale_auth_key to it" in done.stdout
    nodes = (tmp_path / "topology.nodes.yaml").read_text()
    assert "address: 10.254.0.4" in nodes and "keys" not in nodes.partition("topology:")[2]
    assert "backbone" not in (tmp_path / "keys.env").read_text()
    again = trunkline("keys", file, "--file", tmp_path / "keys.env", "--format", "json")
    assert "autoApprovers" in json.loads(again.stdout)["by_hand"]


def test_the_check_knows_no_age_of_keys_that_machines_make() -> None:
    from datetime import date

    from trunkline.backbone.check import _paths

    topology = loaded(FILE)
    assert topology.backbone
    nodes = {node.name: node for each in topology.backbone.nodes.values() for node in each}
    paths = [*_paths(topology, nodes, {}, date(2026, 11, 28))]
    assert len(paths) == 6 * 4
    assert {path.key_days for path in paths} == {None}


def test_its_keys_are_not_rotated_by_us(tmp_path: Path) -> None:
    file = tmp_path / "topology.yaml"
    file.write_bytes(FILE.read_bytes())
    done = trunkline("keys", file, "--file", tmp_path / "keys.env", "--rotate", "backbone")
    assert done.returncode == 2
    assert "raise backbone.auth_key_version" in done.stderr


def test_after_tailscale_wireguard_makes_its_keys_anew(tmp_path: Path) -> None:
    file, keys = tmp_path / "topology.yaml", tmp_path / "keys.env"
    file.write_bytes(FILE.read_bytes())
    trunkline("keys", file, "--file", keys)
    text = file.read_text().replace("kind: tailscale", "kind: wireguard")
    other = text.replace("  auth_key_version: 2\n", "")
    file.write_text(other)
    warned = trunkline("validate", file)
    assert "there are no keys yet for aws-1, aws-2" in warned.stdout + warned.stderr
    assert trunkline("keys", file, "--file", keys).returncode == 0
    assert "public_key" in (tmp_path / "topology.nodes.yaml").read_text()


def test_machines_are_told_of_networks_and_forward_where_there_are_some() -> None:
    topology = loaded(FILE)
    assert topology.backbone
    membership = Membership(
        backbone=topology.backbone,
        site="aws",
        hosts={},
        mtus={"aws": 1280, "google": 1280, "azure": 1280},
        keys={},
        networks=topology.carried_networks,
    )
    told = driver_of("tailscale").document(membership, {"a": "aws-1"}, [8443], [443])
    others = {"10.20.0.0/16": 1280, "10.30.0.0/16": 1280}
    assert (told["network"], told["others"]) == ("10.10.0.0/16", others)
    assert told["own_ports"] == [443]
    paths = [[file.path for file in Tailscale(forwards=each).files] for each in (True, False)]
    assert [any("forward" in path for path in each) for each in paths] == [True, False]


def test_nodes_without_keys_do_not_do_for_wireguard() -> None:
    topology = loaded(FILE)
    assert topology.backbone
    other = evolve(topology, backbone=evolve(topology.backbone, kind="wireguard"))
    with pytest.raises(ConfigurationError, match="no keys yet for the edges of aws"):
        stack(other)
