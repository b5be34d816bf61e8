"""ZeroTier as a backbone: identities, what stacks have, what machines are told, and findings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.command import trunkline
from support.examples import ROOT
from support.nodes import file_with_nodes, keys_for, loaded
from support.zerotier import IDENTITIES

from trunkline.backbone import Membership, driver_of, identities
from trunkline.deploy.nodes import Nodes
from trunkline.errors import ConfigurationError
from trunkline.model import DEFAULT_VERSIONS, Topology, Versions, node_key
from trunkline.payload.units import ZeroTier
from trunkline.stacks.specs import stack_specs
from trunkline.topology import check_file, load

FILE = ROOT / "tests" / "golden" / "topologies" / "zerotier.yaml"


def stack(topology: Any) -> dict[str, Any]:
    """The JSON of the edge's stack of aws."""
    from cdktf import App, Testing

    from trunkline.stacks.app import CONTEXT
    from trunkline.stacks.edge import EdgeStack

    made = EdgeStack(App(context=CONTEXT), topology, topology.site("aws"))
    return dict(json.loads(Testing.synth(made)))


def changed(folder: Path, *replacements: tuple[str, str]) -> Path:
    text = FILE.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    file = folder / "topology.yaml"
    file.write_text(text)
    return file


def findings(file: Path) -> list[str]:
    return [f"{each.level}: {each.message}" for each in check_file(file)[1]]


def test_the_private_keys_are_in_write_only_arguments_alone() -> None:
    made = stack(loaded(FILE))
    parameters = made["resource"]["aws_ssm_parameter"].values()
    keys = [each["value_wo"] for each in parameters if "backbone-key" in each["name"]]
    assert keys == ["${var.backbone_aws_1_key}", "${var.backbone_aws_2_key}"]
    assert made["variable"]["backbone_aws_1_key"]["ephemeral"] is True
    assert json.dumps({**made, "variable": {}}).count("backbone_aws_1_key") == 1


def test_each_edges_stack_needs_the_keys_of_its_own_nodes() -> None:
    needs = {spec.name: spec.needs for spec in stack_specs(loaded(FILE))}
    assert "TF_VAR_backbone_aws_1_key" in needs["edge-aws"]
    assert "TF_VAR_backbone_google_1_key" not in needs["edge-aws"]


def test_machines_are_told_the_network_and_their_own_identities() -> None:
    topology = loaded(FILE)
    assert topology.backbone
    mtus = {"aws": 1381, "google": 1381, "azure": 1381}
    membership = Membership(backbone=topology.backbone, site="aws", hosts={}, mtus=mtus, keys={})
    told = driver_of("zerotier").document(membership, {"us-east-1a": "aws-1"}, [8443])
    assert "own_ports" not in told and "network" not in told["nodes"][0]
    assert (told["network_id"], told["port"], told["ports"]) == ("8056c2e21c000001", 9993, [8443])
    identities = {node["name"]: node.get("identities") for node in told["nodes"]}
    assert identities["aws-1"] == [IDENTITIES["backbone_aws_1_key"]]
    assert identities["google-1"] is None
    carried = evolve(membership, networks=topology.carried_networks)
    whole = driver_of("zerotier").document(carried, {"us-east-1a": "aws-1"}, [8443], [443])
    networks = [node["network"] for node in whole["nodes"]]
    assert networks[::2] == ["10.10.0.0/16", "10.20.0.0/16", "10.30.0.0/16"]
    assert whole["own_ports"] == [443]


def test_no_port_is_open_to_the_internet() -> None:
    assert ZeroTier().firewall.ingress == ()
    [rule] = ZeroTier().firewall.egress
    assert (rule.protocol, rule.port) == ("udp", 9993)


def test_its_version_is_that_of_the_edges() -> None:
    unit = driver_of("zerotier").unit(Versions(zerotier="1.16.9"))
    assert unit.package
    assert unit.package.requirement.startswith("zerotier-one=1.16.9,")
    assert unit.package.fingerprints == DEFAULT_VERSIONS.signing_keys.zerotier


def test_the_packages_own_service_does_not_start_beside_it() -> None:
    own = {file.path: file.content for file in ZeroTier().files}
    vendors = own["/etc/systemd/system/zerotier-one.service.d/20-trunkline.conf"]
    [condition] = [line for line in vendors.splitlines() if line.startswith("Condition")]
    assert condition.removeprefix("ConditionPathExists=!") in own


def test_one_that_forwards_has_its_machine_pass_packets() -> None:
    plain, forwards = (driver_of("zerotier").unit(Versions(), forwards=f) for f in (False, True))
    more = {file.path for file in forwards.files} - {file.path for file in plain.files}
    assert [path.endswith("forward.conf") for path in more] == [True]


def test_it_does_not_run_on_this_machine() -> None:
    with pytest.raises(ConfigurationError, match="without a backbone"):
        ZeroTier().local("127.10.0.0/16", "us-east-1a")


@pytest.mark.parametrize(
    ("underlay", "mtu"), [(1500, 1381), (1460, 1381), (1400, 1321), (9001, 1381)]
)
def test_a_packet_fits_into_one_datagram(underlay: int, mtu: int) -> None:
    assert driver_of("zerotier").mtu(underlay) == mtu


def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let identities be found at once; whose have been looked for."""
    looked: list[str] = []

    def found(keys: Any) -> dict[str, str]:
        new = list(keys)
        looked.extend(new)
        return {key: f"{key[:10]}:0:{key}{key}" for key in new}

    monkeypatch.setattr(identities, "identities", found)
    return looked


def without_nodes() -> Topology:
    return load(FILE)


def test_keys_finds_an_identity_for_each_key_and_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = quick(monkeypatch)
    topology = without_nodes()
    keys = keys_for(topology)
    first = Nodes.of(topology).following(keys, "2026-11-28")
    assert len(looked) == 6
    assert all(node.keys[0].identity for node in first.nodes.values())
    again = Nodes.of(first.joined()).following(keys, "2026-11-29")
    assert again.nodes == first.nodes and len(looked) == 6


def test_a_rotated_key_has_an_identity_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    topology = loaded(FILE)
    rotated = keys_for(topology).rotated(node_key("aws-1"))
    both = Nodes.of(topology).following(rotated, "2026-11-28").nodes["aws-1"].keys
    assert len({key.identity for key in both}) == 2
    assert both[1].identity == IDENTITIES["backbone_aws_1_key"]


def test_keys_prints_who_is_to_be_let_in(tmp_path: Path) -> None:
    file = file_with_nodes(FILE, tmp_path)
    keys_for(load(FILE)).write(tmp_path / "keys.env")
    done = trunkline("keys", file, "--file", tmp_path / "keys.env")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["7c28704e09", "aws-1", "10.254.0.1"] in lines
    assert "managed route 10.254.0.0/24" in done.stdout
    assert "the public halves are in" in done.stdout


def test_a_node_without_an_identity_is_refused() -> None:
    topology = loaded(FILE)
    assert topology.backbone
    bare = {
        site: tuple(
            evolve(node, keys=[evolve(key, identity="") for key in node.keys]) for node in nodes
        )
        for site, nodes in topology.backbone.nodes.items()
    }
    other = evolve(topology, backbone=evolve(topology.backbone, nodes=bare))
    with pytest.raises(ConfigurationError, match="no identity yet for aws-1"):
        stack(other)


def test_more_edges_than_a_plan_has_are_a_warning(tmp_path: Path) -> None:
    more = "".join(
        f"  more-{number}:\n    cloud: aws\n    account: '123456789012'\n    region: us-east-1\n"
        "    zones: [us-east-1a, us-east-1b]\n    zone: us-east-1a\n    network:\n"
        f"      cidr: 10.{40 + number}.0.0/16\n"
        for number in range(4)
    )
    file = changed(tmp_path, ("\nsites:\n", f"\nsites:\n{more}"))
    warning = "warning: Essential of ZeroTier has 10 devices, and there are 14 edges"
    assert warning in findings(file)
    assert not any("devices" in each for each in findings(FILE))


def test_compare_asks_nobody_for_a_network(tmp_path: Path) -> None:
    for kind, other in (("zerotier", "wireguard"), ("wireguard", "zerotier")):
        named = "" if kind == "wireguard" else "\n  network_id: 8056c2e21c000001"
        said = f"kind: {kind}{named}"
        file = changed(tmp_path, ("kind: zerotier\n  network_id: 8056c2e21c000001", said))
        done = trunkline("backbone", "compare", file, "--format", "json")
        assert json.loads(done.stdout)["kinds"][other]["refusals"] == []
