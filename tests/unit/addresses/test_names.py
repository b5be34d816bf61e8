"""The names by which the pieces of a topology find one another, behind each ingress."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from attrs import evolve
from support.examples import ROOT

from trunkline.addresses import names
from trunkline.addresses.cloudflare import origin_hostname, origin_hostnames, spare_hostname
from trunkline.errors import ConfigurationError
from trunkline.model import Cloudflare, Edge, ExistingNetwork, Ingress, Topology
from trunkline.probing.addresses import probe_addresses
from trunkline.topology import load
from trunkline.topology.checks.partial import PartialTopology

LOCAL = load(ROOT / "topologies" / "local.yaml")
THREE = load(ROOT / "topologies" / "three-clouds.yaml")
NEW_ZONE = evolve(THREE, ingress=Cloudflare(account_id="0", create_zone=True))


def test_every_ingress_has_addresses() -> None:
    assert set(names.ADDRESSES) == set(get_args(Ingress))


def test_clouds_meet_by_dns_names() -> None:
    assert names.origin_url(THREE, "aws") == "https://three-clouds-edge-aws.example.com"
    assert names.public_url(THREE) == "https://api.example.com"
    probe = names.probe_endpoint(THREE, "google", "us-east4-a")
    assert str(probe) == "us-east4-a.google.probes.three-clouds.example.com:8100"


def test_on_this_machine_they_meet_by_addresses() -> None:
    assert names.origin_url(LOCAL, "google") == "http://127.20.0.1:8080"
    assert names.public_url(LOCAL) == "http://127.0.0.1:8000"
    assert str(names.probe_endpoint(LOCAL, "azure", "eastus-2")) == "127.30.16.1:8100"


def test_an_existing_network_has_no_addresses_of_loopback() -> None:
    google = evolve(LOCAL.site("google"), network=ExistingNetwork(name="main"))
    with pytest.raises(ConfigurationError, match=r"NewNetwork\(cidr='127\.10\.0\.0/16'\)"):
        names.origin_url(evolve(LOCAL, sites=(google,)), "google")


def test_an_origin_hostname_is_one_label_deep() -> None:
    assert origin_hostname("t", "a", "example.com") == "t-edge-a.example.com"


def test_validation_knows_the_origin_hostnames() -> None:
    data = {"name": "t", "domain": "example.com", "sites": {"a": {}}}
    assert PartialTopology(data, lambda _: 1).origins() == {"a": ("t-edge-a.example.com",)}
    assert PartialTopology({**data, "domain": None}, lambda _: 1).origins() == {}


def test_each_public_edge_of_a_site_has_a_name_and_a_tunnel_has_one_for_all() -> None:
    site = evolve(THREE.site("aws"), zones=["us-east-1a", "us-east-1b"], zone="us-east-1b")
    site = evolve(site, spares=["us-east-1a"])
    made = evolve(THREE, sites=(site,), edge=Edge(replicas=2))
    first = {"us-east-1b": "three-clouds-edge-aws.example.com"}
    assert origin_hostnames(made, "aws") == first
    made = evolve(made, edge=Edge(replicas=2, exposure="public"))
    spare = {"us-east-1a": "three-clouds-edge-aws-us-east-1a.example.com"}
    assert origin_hostnames(made, "aws") == {**first, **spare}


def test_the_label_of_a_spare_is_no_longer_than_dns_takes() -> None:
    names = {
        spare_hostname("t" * 24, "s" * 20, f"northamerica-northeast1-{zone}", "example.com")
        for zone in "ab"
    }
    assert len(names) == 2
    assert {len(name.removesuffix(".example.com")) for name in names} == {63}


def test_validation_knows_the_names_of_spares() -> None:
    site = {"cloud": "azure", "zone": "2", "zones": ["1", "2", "3"]}
    edge = {"exposure": "public", "replicas": 2}
    data = {"name": "t", "domain": "example.com", "sites": {"a": site}, "edge": edge}

    def origins(**more: Any) -> Any:
        return PartialTopology({**data, **more}, lambda _: 1).origins()["a"]

    own = "t-edge-a.example.com"
    assert origins() == (own, "t-edge-a-1.example.com")
    assert origins(sites={"a": {**site, "spares": ["3"]}}) == (own, "t-edge-a-3.example.com")
    assert origins(edge={**edge, "exposure": "tunnel"}) == (own,)
    assert origins(edge={**edge, "replicas": None}) == (own,)
    assert origins(sites={"a": {**site, "zone": None}}) == (own,)


def test_a_probe_knows_every_probe_and_itself() -> None:
    peers = names.peers(THREE, "aws", "us-east-1a")
    assert len(peers) == 12
    assert {(peer.site, peer.zone) for peer in peers} >= {("aws", "us-east-1a"), ("azure", "3")}
    assert {peer.emulated_ms for peer in peers} == {None}


def test_a_local_probe_emulates_the_declared_round_trips() -> None:
    peers = names.peers(LOCAL, "aws", "us-east-1b")
    declared = {f"{peer.site}/{peer.zone}": peer.emulated_ms for peer in peers}
    assert declared["aws/us-east-1a"] == 0.9
    assert declared["google/us-east4-c"] == 0.31
    assert declared["aws/us-east-1b"] is None


@pytest.mark.parametrize("topology", [LOCAL, THREE], ids=lambda topology: topology.name)
def test_probes_that_are_turned_off_have_no_address(topology: Topology) -> None:
    off = f"probes are turned off in {topology.name}; delete enabled: false"
    with pytest.raises(ConfigurationError, match=off):
        probe_addresses(evolve(topology, probes=None))


def test_names_need_a_zone_that_is_there() -> None:
    token, key = "CLOUDFLARE_API_TOKEN", "TF_VAR_edge_key"
    found, created = names.addresses_of(THREE), names.addresses_of(NEW_ZONE)
    assert found.needs_for_names() == (token, "zone example.com")
    assert found.needs_for_edges() == (key,)
    assert found.needs_for_routing() == (token, "zone example.com", key)
    assert created.needs_for_names() == (token, "the routing stack applied: it creates the zone")
    assert created.needs_for_routing() == (token, key)
    logged = names.addresses_of(evolve(THREE, routing=evolve(THREE.routing, logpush=True)))
    assert logged.needs_for_routing()[-1] == "TF_VAR_logpush_destination"


def test_public_edges_need_an_ssl_mode_that_only_a_new_zone_gets_by_itself() -> None:
    public = Edge(exposure="public")
    found, created = (names.addresses_of(evolve(each, edge=public)) for each in (THREE, NEW_ZONE))
    assert found.needs_for_routing()[-1] == "the zone's SSL mode Full"
    assert created.needs_for_routing() == ("CLOUDFLARE_API_TOKEN", "TF_VAR_edge_key")


def test_loopback_needs_no_names() -> None:
    addresses = names.addresses_of(LOCAL)
    assert addresses.needs_for_names() == addresses.needs_for_edges() == ()
    assert addresses.needs_for_routing() == ("this machine",)
