"""The names by which the pieces of a topology find one another."""

from __future__ import annotations

import pytest
from attrs import evolve
from support.examples import ROOT

from trunkline.addresses import names as rendezvous
from trunkline.errors import ConfigurationError
from trunkline.model import Topology
from trunkline.probing.addresses import probe_addresses
from trunkline.topology import load

LOCAL = load(ROOT / "topologies" / "local.yaml")
THREE = load(ROOT / "topologies" / "three-clouds.yaml")


def test_clouds_meet_by_dns_names() -> None:
    assert rendezvous.origin_url(THREE, "aws") == "https://three-clouds-edge-aws.example.com"
    assert rendezvous.public_url(THREE) == "https://api.example.com"
    probe = rendezvous.probe_endpoint(THREE, "google", "us-east4-a")
    assert str(probe) == "us-east4-a.google.probes.three-clouds.example.com:8100"


def test_on_this_machine_they_meet_by_addresses() -> None:
    assert rendezvous.origin_url(LOCAL, "google") == "http://127.20.0.1:8080"
    assert rendezvous.public_url(LOCAL) == "http://127.0.0.1:8000"
    assert str(rendezvous.probe_endpoint(LOCAL, "azure", "eastus-2")) == "127.30.16.1:8100"


def test_a_probe_knows_every_probe_and_itself() -> None:
    peers = rendezvous.peers(THREE, "aws", "us-east-1a")
    assert len(peers) == 12
    assert {(peer.site, peer.zone) for peer in peers} >= {("aws", "us-east-1a"), ("azure", "3")}
    assert {peer.emulated_ms for peer in peers} == {None}


def test_a_local_probe_is_told_what_to_emulate() -> None:
    peers = rendezvous.peers(LOCAL, "aws", "us-east-1b")
    declared = {f"{peer.site}/{peer.zone}": peer.emulated_ms for peer in peers}
    assert declared["aws/us-east-1a"] == 0.9
    assert declared["google/us-east4-c"] == 0.31
    assert declared["aws/us-east-1b"] is None


@pytest.mark.parametrize("topology", [LOCAL, THREE], ids=lambda topology: topology.name)
def test_probes_that_are_turned_off_have_no_address(topology: Topology) -> None:
    off = f"probes are turned off in {topology.name}; delete enabled: false"
    with pytest.raises(ConfigurationError, match=off):
        probe_addresses(evolve(topology, probes=None))
