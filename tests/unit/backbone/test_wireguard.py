"""What a machine is told of a backbone, and what its program makes of that."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from attrs import evolve
from support.examples import ROOT
from support.nodes import loaded
from support.stacks import synthesized

from trunkline.backbone import DRIVERS, driver_of
from trunkline.clouds.facts import facts_of
from trunkline.errors import ConfigurationError
from trunkline.model import Topology, Versions
from trunkline.payload import Transit, wireguard
from trunkline.payload.wireguard import Session
from trunkline.stacks.specs import stack_specs
from trunkline.topology import load

FILE = ROOT / "topologies" / "backbone.yaml"
NOW = 1_000_000.0


def stack(site: str, topology: Any = None) -> dict[str, Any]:
    """The JSON of the edge's stack of a site."""
    from cdktf import App, Testing

    from trunkline.stacks.app import CONTEXT
    from trunkline.stacks.edge import EdgeStack

    topology = topology or loaded(FILE)
    made = EdgeStack(App(context=CONTEXT), topology, topology.site(site))
    return dict(json.loads(Testing.synth(made)))


def node(*ports: int, name: str = "b-1") -> dict[str, Any]:
    keys = [{"public_key": f"{name}-{port}", "port": port} for port in ports]
    return {"name": name, "address": "10.254.0.2", "mtu": 1340, "keys": keys}


def without_networks() -> Topology:
    """The topology, without whole networks."""
    topology = loaded(FILE)
    assert topology.backbone
    return evolve(topology, backbone=evolve(topology.backbone, networks=False))


@pytest.mark.parametrize("kind", DRIVERS)
def test_a_kind_declares_what_it_needs_and_what_it_cannot(kind: Any) -> None:
    declaration = DRIVERS[kind].declaration
    assert declaration.needs and declaration.limits and declaration.cost
    assert declaration.source.startswith("https://")


def test_a_packet_fits_into_the_shorter_one_of_both_clouds() -> None:
    driver = driver_of("wireguard")
    shortest = {cloud: driver.mtu(facts_of(cloud).packet_bytes) for cloud in ("aws", "google")}
    assert shortest == {"aws": 1440, "google": 1400}
    assert driver.mtu(facts_of("azure").packet_bytes) == 1340


def test_a_private_key_stands_in_a_write_only_argument_alone() -> None:
    made = stack("aws")
    parameters = made["resource"]["aws_ssm_parameter"].values()
    [key] = [each for each in parameters if each["name"].endswith("backbone-key-aws-1")]
    assert key["value_wo"] == "${var.backbone_aws_1_key}"
    assert "value" not in key
    text = str({**made, "variable": {}}).replace(key["value_wo"], "")
    assert "backbone_aws_1_key" not in text
    assert made["variable"]["backbone_aws_1_key"]["ephemeral"] is True


def test_no_port_is_open_to_the_internet() -> None:
    rules = stack("aws")["resource"]["aws_vpc_security_group_ingress_rule"].values()
    assert {rule["cidr_ipv4"] for rule in rules} == {"10.10.0.0/16"}
    without = stack("aws", without_networks())["resource"]["aws_vpc_security_group_ingress_rule"]
    assert [rule["from_port"] for rule in without.values()] == [443]


def test_a_site_without_keys_is_an_error_that_says_how_to_make_them() -> None:
    with pytest.raises(ConfigurationError, match="no keys yet for the edges of aws: make them"):
        stack("aws", load(FILE))


def test_a_stack_needs_the_keys_of_its_own_nodes() -> None:
    needs = {spec.name: spec.needs for spec in stack_specs(loaded(FILE))}
    own = [name for name in needs["edge-google"] if name.startswith("TF_VAR_backbone")]
    assert own == ["TF_VAR_backbone_google_1_key", "TF_VAR_backbone_google_2_key"]


def test_while_a_key_is_rotated_the_one_before_is_needed_as_well() -> None:
    topology = loaded(FILE)
    assert topology.backbone
    first, *others = topology.backbone.nodes["aws"]
    two = evolve(first, keys=[*first.keys, *others[0].keys])
    nodes = {**topology.backbone.nodes, "aws": (two, *others)}
    during = evolve(topology, backbone=evolve(topology.backbone, nodes=nodes))
    needs = {spec.name: spec.needs for spec in stack_specs(during)}
    assert "TF_VAR_backbone_aws_1_key_previous" in needs["edge-aws"]
    made = stack("aws", during)["resource"]["aws_ssm_parameter"].values()
    [key] = [each for each in made if each["name"].endswith("backbone-key-aws-1")]
    assert key["value_wo"] == "${var.backbone_aws_1_key},${var.backbone_aws_1_key_previous}"


def test_the_newest_keys_that_have_shaken_hands_carry_the_traffic() -> None:
    both, links = node(51821, 51820), ["tl51821", "tl51820"]
    old = Session("tl51820", "b-1-51820")
    times = {old: NOW - 10}
    assert wireguard.best(both, links, times, NOW) == old
    new = Session("tl51821", "b-1-51821")
    assert wireguard.best(both, links, {**times, new: NOW - 100}, NOW) == new
    assert wireguard.best(both, links, {**times, new: NOW - 200}, NOW) == old


def test_without_any_session_the_last_one_is_kept() -> None:
    both, links = node(51821, 51820), ["tl51820"]
    times = {
        Session("tl51820", "b-1-51821"): NOW - 900,
        Session("tl51820", "b-1-51820"): NOW - 500,
    }
    assert wireguard.best(both, links, times, NOW) == Session("tl51820", "b-1-51820")


def test_without_networks_nothing_is_routed_or_forwarded() -> None:
    text = json.dumps(stack("aws", without_networks()))
    assert "network_interface_id" not in text
    assert "source_dest_check" not in text
    assert "ip_forward" not in text


def test_machines_that_carry_networks_forward_once_their_firewall_is_there() -> None:
    for machine in stack("azure")["resource"]["azurerm_linux_virtual_machine"].values():
        text = base64.b64decode(machine["custom_data"]).decode()
        assert "ExecStartPost=+-/bin/sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'" in text


def test_each_node_says_which_network_is_its_sites() -> None:
    from trunkline import Membership

    topology = loaded(FILE)
    assert topology.backbone
    networks = {site.name: site.network.cidr or "" for site in topology.sites}
    nodes = [node for site in topology.backbone.nodes.values() for node in site]
    membership = Membership(
        backbone=topology.backbone,
        site="aws",
        hosts={each.name: f"{each.name}.test" for each in nodes},
        mtus=dict.fromkeys(networks, 1340),
        keys={},
        networks=networks,
    )
    assert membership.transit == Transit(
        own="10.10.0.0/16", others=("10.20.0.0/16", "10.30.0.0/16")
    )
    told = driver_of("wireguard").document(membership, {}, [8443], [80, 443])
    assert told["own_ports"] == [80, 443]
    found = {each["name"]: each["network"] for each in told["nodes"]}
    assert found["google-2"] == "10.20.0.0/16"
    off = driver_of("wireguard").document(evolve(membership, networks={}), {}, [8443], [443])
    assert "own_ports" not in off
    assert not any("network" in each for each in off["nodes"])


PAIRS = ROOT / "tests" / "golden" / "topologies" / "pairs.yaml"


def told(site: str) -> dict[str, dict[str, Any]]:
    """What a site's machines are told of each node, by the node's name."""
    from trunkline import Membership

    topology = loaded(PAIRS)
    assert topology.backbone
    nodes = [node for site in topology.backbone.nodes.values() for node in site]
    membership = Membership(
        backbone=topology.backbone,
        site=site,
        hosts={each.name: f"{each.name}.test" for each in nodes},
        mtus=dict.fromkeys(topology.backbone.nodes, 1340),
        keys={},
        private_hosts={
            each.name: f"{each.name}.private.test"
            for other in topology.backbone.linked(site)
            for each in topology.backbone.nodes[other]
        },
    )
    document = driver_of("wireguard").document(membership, {}, [8443])
    return {each["name"]: each for each in document["nodes"]}


def test_a_machine_is_told_of_the_links_of_its_own_site_alone() -> None:
    google = told("google")
    private = {name: each.get("private_host") for name, each in google.items()}
    assert private == {"aws-1": "aws-1.private.test", "google-1": None, "azure-1": None}
    ports = {name: each["keys"][0].get("private_port") for name, each in google.items()}
    assert ports == {"aws-1": 51822, "google-1": 51822, "azure-1": None}
    assert [each.get("private_host") for each in told("aws").values()] == [
        None,
        "google-1.private.test",
        "azure-1.private.test",
    ]


def test_a_linked_machine_has_a_name_for_its_private_address_and_the_way_out() -> None:
    made = stack("google", loaded(PAIRS))
    names = {
        each["name"]: each["content"]
        for each in made["resource"]["cloudflare_dns_record"].values()
        if "backbone" in each["name"]
    }
    assert set(names) == {
        "google-1.backbone.pairs.example.com",
        "google-1.private.backbone.pairs.example.com",
    }
    assert "network_ip" in names["google-1.private.backbone.pairs.example.com"]
    ports = {
        port
        for rule in made["resource"]["google_compute_firewall"].values()
        for each in rule.get("allow", ())
        if each["protocol"] == "udp" and rule["direction"] == "EGRESS"
        for port in each["ports"]
    }
    assert {"51820", "51821", "51822", "51823"} <= ports


@pytest.mark.parametrize("kind", [kind for kind in DRIVERS if not DRIVERS[kind].declaration.links])
def test_a_kind_without_links_makes_no_linked_unit(kind: Any) -> None:
    with pytest.raises(ConfigurationError, match="takes no links between clouds"):
        driver_of(kind).linked_unit(Versions())


def test_services_need_a_backbone() -> None:
    from support.sites import AWS, TUNNEL

    from trunkline import EdgeProxy, EdgeServices, Tunnel

    with pytest.raises(ConfigurationError, match="services: they need a backbone"):
        synthesized(
            lambda scope: EdgeProxy(
                scope, "edge", site=AWS, exposure=Tunnel(**TUNNEL), services=EdgeServices()
            )
        )
