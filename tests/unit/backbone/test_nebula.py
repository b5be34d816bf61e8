"""Nebula's certificates, what `keys` makes of them, and what a machine is told."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Interface
from pathlib import Path

import pytest
from attrs import evolve
from support.examples import ROOT
from support.nodes import loaded, with_nodes

from trunkline.backbone import Membership, driver_of
from trunkline.backbone.certificates import AUTHORITY_DAYS, NODE_DAYS, Signer, subnets
from trunkline.backbone.nebula import NebulaDriver
from trunkline.deploy.keys import Keys, backbone_keys, keys_of
from trunkline.deploy.nodes import Nodes, public_key
from trunkline.errors import ConfigurationError
from trunkline.model import AUTHORITY_KEY, Topology
from trunkline.payload import nebula
from trunkline.payload.node import BackboneError
from trunkline.payload.x25519 import public_half
from trunkline.stacks.specs import stack_specs
from trunkline.topology import check_file, load
from trunkline.topology.nodes import nodes_path

FILE = ROOT / "tests" / "golden" / "topologies" / "nebula.yaml"
FIRST, SECOND, LATE = "2026-01-01", "2026-02-01", "2026-12-01"


def with_new_keys(topology: Topology) -> Keys:
    keys = Keys({})
    for key in keys_of(topology):
        keys = keys.having(key)
    return keys


def trunkline(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trunkline", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    copy = tmp_path / "acme.yaml"
    copy.write_text(FILE.read_text())
    return copy


def test_the_authority_stays_with_the_operator(file: Path) -> None:
    done = trunkline(file.parent, "keys", file.name)
    assert (done.returncode, "trunkline_backbone_authority_key: made" in done.stdout) == (0, True)
    keys = Keys.read(file.parent / "keys.env")
    assert (
        f"\ntrunkline_backbone_authority_key={keys.values['backbone_authority_key']}\n"
        in (file.parent / "keys.env").read_text()
    )
    assert not any("authority" in name for name in keys.environment())
    needs = {name for spec in stack_specs(load(file)) for name in spec.needs}
    assert not any("authority" in name for name in needs)
    assert keys.values["backbone_authority_key"] not in nodes_path(file).read_text()


def test_keys_says_when_keys_were_made_and_certificates_end(file: Path) -> None:
    day = datetime.now(UTC).date()
    end, last = day + timedelta(days=NODE_DAYS), day + timedelta(days=AUTHORITY_DAYS)
    lines = trunkline(file.parent, "keys", file.name).stdout.splitlines()
    dates = f"made on {day}, certificate until {end}"
    assert f"TF_VAR_backbone_aws_1_key: {dates}" in lines
    assert f"trunkline_backbone_authority_key: made, certificate until {last}" in lines
    again = trunkline(file.parent, "keys", file.name)
    assert f"TF_VAR_backbone_aws_1_key: kept, {dates}" in again.stdout.splitlines()
    assert "TF_VAR_edge_key: kept\n" in again.stdout
    said = json.loads(trunkline(file.parent, "keys", file.name, "--format", "json").stdout)
    node = {"made": f"{day}", "certificate_until": f"{end}"}
    assert said["dates"]["TF_VAR_backbone_google_1_key"] == node
    assert said["keys"]["TF_VAR_backbone_google_1_key"] == "kept"


def test_what_is_there_stays_and_is_read_again(file: Path) -> None:
    trunkline(file.parent, "keys", file.name)
    before = nodes_path(file).read_bytes()
    assert trunkline(file.parent, "keys", file.name).returncode == 0
    assert nodes_path(file).read_bytes() == before


def test_an_authority_whose_key_is_lost_is_an_error_with_a_way_out(file: Path) -> None:
    trunkline(file.parent, "keys", file.name)
    env = file.parent / "keys.env"
    lines = env.read_text().splitlines(keepends=True)
    env.write_text("".join(line for line in lines if "authority" not in line))
    done = trunkline(file.parent, "keys", file.name)
    assert (done.returncode, "has an authority whose private key" in done.stderr) == (2, True)


def test_a_rotation_signs_by_whom_all_trust_and_trusts_both() -> None:
    topology = load(FILE)
    keys = with_new_keys(topology)
    before = Nodes.of(topology).following(keys, FIRST)
    for key in (*backbone_keys(topology), AUTHORITY_KEY):
        keys = keys.rotated(key)
    during = Nodes.of(before.joined()).following(keys, SECOND)
    new, old = during.authorities
    assert (old,) == before.authorities
    [kept] = before.nodes["aws-1"].keys
    assert during.nodes["aws-1"].keys[1] == kept
    for key in (*backbone_keys(topology), AUTHORITY_KEY):
        keys = keys.retired(key)
    after = Nodes.of(during.joined()).following(keys, SECOND)
    assert after.authorities == (new, old)
    [left] = after.nodes["aws-1"].keys
    assert left.public_key == during.nodes["aws-1"].keys[0].public_key
    assert left.certificate != during.nodes["aws-1"].keys[0].certificate
    again = Nodes.of(after.joined()).following(keys.rotated(AUTHORITY_KEY), SECOND)
    assert again.authorities[1] == new


def test_a_certificate_is_made_anew_in_its_last_days_alone() -> None:
    topology = load(FILE)
    keys = with_new_keys(topology)
    before = Nodes.of(topology).following(keys, FIRST)
    assert Nodes.of(before.joined()).following(keys, SECOND) == Nodes.of(before.joined())
    [old] = before.nodes["aws-1"].keys
    [new] = Nodes.of(before.joined()).following(keys, LATE).nodes["aws-1"].keys
    assert (new.public_key, new.made) == (old.public_key, old.made)
    assert (old.expires, new.expires) == ("2027-01-01", "2027-12-01")


@pytest.mark.parametrize(("days", "words"), [(10, "ends on"), (-1, "has ended, on")])
def test_the_end_of_a_certificate_is_a_warning(days: int, words: str, file: Path) -> None:
    trunkline(file.parent, "keys", file.name)
    path, topology = nodes_path(file), load(file)
    assert topology.backbone
    expires = topology.backbone.nodes["aws"][0].keys[0].expires
    end = (date.today() + timedelta(days=days)).isoformat()  # noqa: DTZ011
    path.write_text(path.read_text().replace(expires, end))
    _, findings = check_file(file)
    said = [each for each in findings if words in each.message]
    assert {each.level for each in said} == {"warning"}
    assert trunkline(file.parent, "keys", file.name).returncode == 0
    assert not [each for each in check_file(file)[1] if words in each.message]


def test_a_day_that_no_calendar_has_is_named_with_its_place(file: Path) -> None:
    trunkline(file.parent, "keys", file.name)
    path, topology = nodes_path(file), load(file)
    assert topology.backbone
    expires = topology.backbone.nodes["aws"][0].keys[0].expires
    path.write_text(path.read_text().replace(expires, "2027-02-31"))
    topology_, findings = check_file(file)
    assert topology_ is None
    said = [str(each) for each in findings]
    assert any("aws-1.keys[0].expires: " in each and "no such day" in each for each in said), said


def test_networks_that_come_later_take_new_certificates(file: Path) -> None:
    on = file.read_text()
    file.write_text(on.replace("networks: true", "networks: false"))
    trunkline(file.parent, "keys", file.name)
    assert "does not name" not in "".join(each.message for each in check_file(file)[1])
    file.write_text(on)
    _, findings = check_file(file)
    said = [each for each in findings if "does not name" in each.message]
    assert [each.message for each in said] == [
        "the certificate of aws-1 does not name 10.10.0.0/16, which it is to carry",
        "the certificate of google-1 does not name 10.20.0.0/16, which it is to carry",
    ]
    assert {each.level for each in said} == {"warning"}
    stale = load(file).backbone
    assert stale
    membership = Membership(
        backbone=stale,
        site="aws",
        hosts={"aws-1": "a", "google-1": "g"},
        mtus={"aws": 1400, "google": 1400},
        keys={},
        networks=load(file).carried_networks,
    )
    with pytest.raises(ConfigurationError, match=r"aws-1 does not name 10\.10\.0\.0/16"):
        driver_of("nebula").document(membership, {"a": "aws-1"}, [8443])
    trunkline(file.parent, "keys", file.name)
    assert "does not name" not in "".join(each.message for each in check_file(file)[1])
    fresh = load(file).backbone
    assert fresh
    told = driver_of("nebula").document(
        evolve(membership, backbone=fresh), {"a": "aws-1"}, [8443], [443]
    )
    assert [node["network"] for node in told["nodes"]] == ["10.10.0.0/16", "10.20.0.0/16"]
    assert told["own_ports"] == [443]


def test_a_kind_that_carries_no_networks_is_refused_for_them(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = evolve(NebulaDriver.declaration, networks=False)
    monkeypatch.setattr(NebulaDriver, "declaration", without)
    topology, findings = check_file(file)
    assert topology is None
    assert "Nebula carries no whole networks" in "".join(each.message for each in findings)


def test_a_certificate_names_the_networks_of_its_node() -> None:
    signer = Signer(seed=KEY, name="acme", expires=date(2036, 1, 1))
    address, ends = IPv4Interface("10.254.0.1/24"), date(2027, 1, 1)
    for networks in ([], ["10.10.0.0/16"], ["10.10.0.0/16", "172.16.4.0/22"]):
        made = signer.node("a-1", address, ["edge"], bytes(32), ends, networks)
        assert subnets(base64.b64encode(made).decode()) == tuple(networks)


@pytest.mark.parametrize("text", ["CkYKBWFjbWU=", "!", "", "/w==", "CgIa/w=="])
def test_what_is_not_a_certificate_names_no_networks(text: str) -> None:
    assert subnets(text) == ()


def test_nodes_of_another_kind_have_no_certificate_yet() -> None:
    topology = loaded(ROOT / "topologies" / "backbone.yaml")
    assert topology.backbone
    other = evolve(topology.backbone, kind="nebula")
    names = [node.name for nodes in other.nodes.values() for node in nodes]
    membership = Membership(
        backbone=other,
        site="aws",
        hosts=dict.fromkeys(names, "h"),
        mtus=dict.fromkeys(other.nodes, 1340),
        keys={},
    )
    with pytest.raises(ConfigurationError, match="no certificate yet for aws-1"):
        driver_of("nebula").document(membership, {"a": "aws-1"}, [8443])
    certified = with_nodes(evolve(topology, backbone=other)).backbone
    assert certified
    document = driver_of("nebula").document(
        evolve(membership, backbone=certified), {"a": "aws-1"}, [8443]
    )
    assert ["keys" in node for node in document["nodes"]] == [True, True] + [False] * 4


def test_a_packet_fits_into_the_path() -> None:
    assert driver_of("nebula").mtu(1400) == 1340


KEY = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"


def told(certificates: dict[str, str]) -> dict[str, object]:
    keys = [{"public_key": key, "certificate": made} for key, made in certificates.items()]
    own = {"name": "a-1", "address": "10.254.0.1", "mtu": 1340, "keys": keys}
    other = {"name": "b-1", "address": "10.254.0.2", "mtu": 1400, "host": "b.invalid"}
    return {
        "zone": "z",
        "names": {"z": "a-1"},
        "group": "edge",
        "ports": [8443],
        "port": 51820,
        "authorities": ["Q0E="],
        "nodes": [own, other],
    }


def test_a_machine_takes_the_newest_key_that_has_a_certificate() -> None:
    newer = "ab" * 32
    assert base64.b64encode(public_half(bytes.fromhex(newer))).decode() == public_key(newer)
    made = nebula.secrets(told({public_key(KEY): "T05F"}), [newer, KEY])
    assert "T05F" in made["host.crt"]
    assert base64.b64encode(bytes.fromhex(KEY)).decode() in made["host.key"]
    with pytest.raises(BackboneError, match="knows none of this machine's keys"):
        nebula.secrets(told({public_key(KEY): "T05F"}), [newer])


def test_nebula_is_told_who_may_connect_and_where_the_others_are(tmp_path: Path) -> None:
    config = told({})
    made = nebula.settings(config, "/run/x", {"b-1": "192.0.2.2"}, {})
    assert made["static_host_map"] == {"10.254.0.2": ["192.0.2.2:51820"]}
    assert made["tun"]["mtu"] == 1400
    assert made["firewall"]["inbound"][1] == {"port": 8443, "proto": "tcp", "group": "edge"}
    assert nebula.settings(config, "/run/x", {}, {})["static_host_map"] == {}
    nebula.put(str(tmp_path), {"a.crt": "1"})
    assert (tmp_path / "a.crt").stat().st_mode & 0o777 == 0o600
