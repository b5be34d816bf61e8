"""The stack of a link that two clouds sell together, with raw resources."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve
from support.examples import ROOT
from support.nodes import loaded

from trunkline.errors import ConfigurationError
from trunkline.model import ExistingNetwork, LinkedPair, NewNetwork, Topology
from trunkline.stacks.specs import stack_specs

PAIRS = ROOT / "tests" / "golden" / "topologies" / "pairs.yaml"
PAIR = LinkedPair(sites=("google", "aws"), bandwidth="10Gbps")


def topology(**networks: Any) -> Topology:
    """The topology, in which sites have other networks."""
    found = loaded(PAIRS)
    sites = [evolve(s, network=networks.get(s.name, s.network)) for s in found.sites]
    return evolve(found, sites=tuple(sites))


def stack(found: Topology, pair: LinkedPair = PAIR) -> dict[str, Any]:
    from cdktf import App, Testing

    from trunkline.stacks.app import CONTEXT
    from trunkline.stacks.interconnect import InterconnectStack

    return dict(json.loads(Testing.synth(InterconnectStack(App(context=CONTEXT), found, pair))))


def only(made: dict[str, Any], kind: str) -> dict[str, Any]:
    [found] = made["resource"][kind].values()
    return dict(found)


def test_the_key_of_one_end_is_accepted_by_the_other() -> None:
    made = stack(topology())
    transport = only(made, "google_network_connectivity_transport")
    connection = only(made, "awscc_interconnect_connection")
    [name] = made["resource"]["google_network_connectivity_transport"]
    address = f"google_network_connectivity_transport.{name}"
    assert connection["activation_key"] == f"${{{address}.generated_activation_key}}"
    assert transport["remote_account_id"] == "123456789012"
    assert transport["remote_profile"].endswith(
        "/acme-pairs/locations/us-east4/remoteTransportProfiles/aws-us-east-1"
    )
    assert transport["bandwidth"] == "BPS_10G"


def test_each_end_tells_the_other_the_range_of_its_own_network_alone() -> None:
    made = stack(topology())
    transport = only(made, "google_network_connectivity_transport")
    assert transport["advertised_routes"] == ["10.20.0.0/16"]
    assert only(made, "aws_dx_gateway_association")["allowed_prefixes"] == ["10.10.0.0/16"]
    assert only(made, "aws_route")["destination_cidr_block"] == "10.20.0.0/16"


def test_raw_resources_name_their_own_pinned_providers() -> None:
    made = stack(topology())
    required = made["terraform"]["required_providers"]
    assert required["awscc"] == {"source": "hashicorp/awscc", "version": "1.100.0"}
    assert required["google-beta"] == {"source": "hashicorp/google-beta", "version": "7.34.0"}
    assert only(made, "awscc_interconnect_connection")["provider"] == "awscc"
    assert only(made, "google_network_connectivity_transport")["provider"] == "google-beta"
    assert made["provider"]["awscc"] == [{"region": "us-east-1"}]


def test_networks_that_exist_are_attached_as_they_are_named() -> None:
    networks = {
        "aws": ExistingNetwork(id="vpc-1", cidr="10.1.0.0/16", route_tables={"main": "rtb-1"}),
        "google": ExistingNetwork(
            id="projects/p/networks/n", subnets={"*": "s"}, cidr="10.2.0.0/16"
        ),
    }
    made = stack(topology(**networks))
    assert only(made, "aws_vpn_gateway")["vpc_id"] == "vpc-1"
    assert only(made, "aws_route")["route_table_id"] == "rtb-1"
    assert only(made, "google_compute_network_peering")["network"] == "projects/p/networks/n"
    assert "data" not in made
    specs = {spec.name: spec for spec in stack_specs(topology(**networks))}
    assert specs["interconnect-aws-google"].after == ()


def test_an_account_that_the_topology_does_not_name_is_asked_for() -> None:
    found = topology()
    sites = [evolve(s, account=None) if s.name == "aws" else s for s in found.sites]
    transport = only(
        stack(evolve(found, sites=tuple(sites))), "google_network_connectivity_transport"
    )
    assert transport["remote_account_id"].startswith("${data.aws_caller_identity.")


def test_a_cloud_without_a_link_makes_neither_end() -> None:
    for sites in (("aws", "azure"), ("google", "azure")):
        with pytest.raises(ConfigurationError, match=r"(offers|accepts) no links"):
            stack(topology(), LinkedPair(sites=sites))


def test_the_stack_comes_after_the_networks_and_says_that_nobody_has_run_it() -> None:
    specs = {spec.name: spec for spec in stack_specs(topology())}
    assert not [name for name in specs if name.startswith("interconnect") and "azure" in name]
    spec = specs["interconnect-aws-google"]
    assert spec.after == ("edge-aws", "edge-google")
    assert spec.needs == ("AWS account 123456789012", "Google project acme-pairs")
    assert spec.caution.startswith("never run against the clouds; it has raw resources")
    assert "awscc_interconnect_connection" in spec.caution
    assert [site.name for site in spec.sites(topology())] == ["aws", "google"]
    assert isinstance(topology().site("aws").network, NewNetwork)
