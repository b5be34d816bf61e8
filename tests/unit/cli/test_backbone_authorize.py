"""`trunkline backbone authorize`, which asks a ZeroTier Central on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command import Done, trunkline
from support.examples import ROOT
from support.nodes import file_with_nodes
from support.zerotier_central import TOKEN, FakeCentral, fake_central

from trunkline.backbone.central import BASE, Central
from trunkline.backbone.central import TOKEN as TOKEN_VARIABLE
from trunkline.backbone.zerotier import MemberNode

GOLDEN = ROOT / "tests" / "golden" / "topologies"
NETWORK = "8056c2e21c000001"
MEMBERS = {
    "7c28704e09": "10.254.0.1",
    "18e24f4562": "10.254.0.2",
    "35e7999bc0": "10.254.0.3",
    "9e0c14063b": "10.254.0.4",
    "126d039033": "10.254.0.5",
    "463449dc6c": "10.254.0.6",
}
ROUTE = {"target": "10.254.0.0/24", "via": None}


@pytest.fixture
def central() -> Iterator[FakeCentral]:
    with fake_central() as central:
        central.add(NETWORK)
        yield central


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return file_with_nodes(GOLDEN / "zerotier.yaml", tmp_path)


def authorize(central: FakeCentral, file: Path, *more: object, token: str = TOKEN) -> Done:
    env = {TOKEN_VARIABLE: token, BASE: central.url}
    return trunkline("backbone", "authorize", file, *more, env=env)


def members(central: FakeCentral) -> dict[str, Any]:
    found = central.networks[NETWORK]["members"].items()
    return {member: each["config"] for member, each in found}


def test_each_edge_is_let_in_with_its_address(central: FakeCentral, file: Path) -> None:
    done = authorize(central, file)
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()][2] == [
        *("7c28704e09", "aws-1", "10.254.0.1", "added")
    ]
    assert central.networks[NETWORK]["config"]["routes"] == [ROUTE]
    assert members(central) == {
        member: {"authorized": True, "ipAssignments": [address], "noAutoAssignIps": True}
        for member, address in MEMBERS.items()
    }


def test_what_is_so_already_is_not_written_again(central: FakeCentral, file: Path) -> None:
    authorize(central, file)
    central.written.clear()
    again = json.loads(authorize(central, file, "--format", "json").stdout)
    assert central.written == []
    assert again["route"] == {"target": "10.254.0.0/24", "became": "kept"}
    assert {each["became"] for each in again["members"]} == {"kept"}
    del central.networks[NETWORK]["members"]["35e7999bc0"]
    once_more = json.loads(authorize(central, file, "--format", "json").stdout)
    added = [each["node"] for each in once_more["members"] if each["became"] == "added"]
    assert added == ["google-1"] and central.written == ["35e7999bc0"]


def test_other_members_and_routes_stay_and_those_that_are_gone_are_shut_out(
    central: FakeCentral, file: Path
) -> None:
    network = central.networks[NETWORK]
    network["config"]["routes"] = [{"target": "192.168.0.0/24", "via": "10.1.0.1"}]
    own = {"authorized": True, "ipAssignments": ["10.254.0.1"]}
    network["members"] = {
        "aaaaaaaaaa": {"description": "a laptop", "config": {"authorized": True}},
        "bbbbbbbbbb": {
            "name": "trunkline-aws-1",
            "description": "trunkline zerotier",
            "config": own,
        },
    }
    done = json.loads(authorize(central, file, "--format", "json").stdout)
    [gone] = [each for each in done["members"] if each["became"] == "shut out"]
    assert (gone["member"], gone["node"]) == ("bbbbbbbbbb", "aws-1")
    assert members(central)["bbbbbbbbbb"]["authorized"] is False
    assert members(central)["aaaaaaaaaa"] == {"authorized": True}
    assert len(network["config"]["routes"]) == 2
    central.written.clear()
    authorize(central, file)
    assert central.written == []


def test_an_address_that_somebody_has_stops_it_before_anything_changes(
    central: FakeCentral, file: Path
) -> None:
    taken = {"config": {"authorized": True, "ipAssignments": ["10.254.0.3"]}}
    central.networks[NETWORK]["members"]["aaaaaaaaaa"] = taken
    done = authorize(central, file)
    assert done.returncode == 2
    assert "aaaaaaaaaa" in done.stderr and "the address of google-1" in done.stderr
    assert central.written == []


def test_a_node_whose_key_is_rotated_has_two_members_until_that_is_done(
    central: FakeCentral,
) -> None:
    env = {TOKEN_VARIABLE: TOKEN, BASE: central.url}
    old, new = (MemberNode(each, "aws-1", "10.254.0.1") for each in ("a" * 10, "b" * 10))
    # The first one was let in by hand.
    by_hand = {"config": {"authorized": True, "ipAssignments": ["10.254.0.1"]}}
    central.networks[NETWORK]["members"][old.member] = by_hand
    ask = Central(NETWORK, env)
    both = [*ask.authorize("acme", "10.254.0.0/24", [new, old])]
    assert [each.became for each in both] == ["added"] * 3
    assert {each["authorized"] for each in members(central).values()} == {True}
    after = [*ask.authorize("acme", "10.254.0.0/24", [new])]
    assert [each.became for each in after] == ["kept", "kept", "shut out"]
    assert members(central)[old.member]["authorized"] is False


def test_a_public_network_is_refused(central: FakeCentral, file: Path) -> None:
    central.networks[NETWORK]["config"]["private"] = False
    done = authorize(central, file)
    assert (done.returncode, central.written) == (2, [])
    assert "make it private" in done.stderr


def test_a_token_that_central_does_not_take_is_said(central: FakeCentral, file: Path) -> None:
    for token, said in (("", "ZEROTIER_CENTRAL_TOKEN is not set"), ("other", "does not know")):
        done = authorize(central, file, token=token)
        assert done.returncode == 2 and said in done.stderr
    central.readable.add(NETWORK)
    assert "may not change the network" in authorize(central, file).stderr
    del central.networks[NETWORK]
    done = authorize(central, file)
    assert f"has no network {NETWORK}" in done.stderr


def test_an_api_that_fails_or_is_not_there_is_said(central: FakeCentral, file: Path) -> None:
    central.broken = True
    assert "status 500; try again" in authorize(central, file).stderr
    central.url = "http://127.0.0.1:9"
    done = authorize(central, file)
    assert (done.returncode, "does not answer" in done.stderr) == (2, True)


def test_other_kinds_have_nobody_to_let_in(central: FakeCentral) -> None:
    done = authorize(central, ROOT / "topologies" / "backbone.yaml")
    assert done.returncode == 2
    assert "this is for backbone.kind zerotier" in done.stderr


def test_without_keys_there_is_nobody_yet(central: FakeCentral) -> None:
    done = authorize(central, GOLDEN / "zerotier.yaml")
    assert done.returncode == 2
    assert "run trunkline keys first" in done.stderr
