"""Routes to other sites' networks, and the rules that let packets between networks pass an edge."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from support.sites import AWS, AZURE, GOOGLE
from support.stacks import resources

from trunkline import ExistingNetwork, Site
from trunkline.clouds.base import Cloud, GroupSpec, Machine, MachineSpec
from trunkline.errors import ConfigurationError
from trunkline.model import Network
from trunkline.payload import Firewall, Transit

CLOUDS = ["aws", "google", "azure"]
OTHERS = {"b": "10.20.0.0/16", "c": "10.30.0.0/16"}
ZONES = {"aws": "us-east-1b", "google": "us-east4-b", "azure": "2"}


def made(site: Site, network: Network | None = None) -> dict[str, list[dict[str, Any]]]:
    """The resources of two machines that forward, and of the routes to them."""
    site = evolve(site, network=network) if network else site
    zones = [site.zone, ZONES[site.cloud]]

    def build(cloud: Cloud) -> None:
        found = cloud.network(zones)
        transit = Transit(own="10.10.0.0/16", others=tuple(OTHERS.values()))
        group = cloud.group(
            "machine", GroupSpec(name="e", kind="edge", firewall=Firewall(transit=transit)), found
        )
        machines: dict[str, Machine] = {
            zone: group.machine(
                f"machine-{zone}", MachineSpec(name=f"e-{zone}", zone=zone, units=(), forwards=True)
            )
            for zone in zones
        }
        cloud.route(OTHERS, machines, found)

    return resources(site, build)


def test_a_route_of_aws_leads_to_the_first_machines_interface() -> None:
    routes = [each for each in made(AWS)["aws_route"] if "network_interface_id" in each]
    assert {each["destination_cidr_block"] for each in routes} == set(OTHERS.values())
    target = "${aws_instance.machine-us-east-1a.primary_network_interface_id}"
    assert {each["network_interface_id"] for each in routes} == {target}
    assert {each["route_table_id"] for each in routes} == {"${aws_route_table.route-table.id}"}


def test_each_named_route_table_of_aws_gets_each_route() -> None:
    tables = {"private": "rtb-0123456789abcdef0", "data": "rtb-0123456789abcdef1"}
    network = ExistingNetwork(name="main", cidr="10.10.0.0/16", route_tables=tables)
    routes = made(AWS, network)["aws_route"]
    pairs = {(each["route_table_id"], each["destination_cidr_block"]) for each in routes}
    assert pairs == {(table, cidr) for table in tables.values() for cidr in OTHERS.values()}


def test_an_existing_network_of_aws_without_route_tables_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="the existing network of shop needs route_tables"):
        made(AWS, ExistingNetwork(name="main", cidr="10.10.0.0/16"))


def test_google_prefers_the_first_machine_and_has_a_route_to_the_second() -> None:
    routes = made(GOOGLE)["google_compute_route"]
    assert len(routes) == 4
    hops = {(each["next_hop_instance"], each["priority"]) for each in routes}
    assert hops == {
        ("${google_compute_instance.machine-us-east4-a.id}", 1000),
        ("${google_compute_instance.machine-us-east4-b.id}", 1001),
    }
    assert {each["dest_range"] for each in routes} == set(OTHERS.values())


def test_a_new_subnet_of_azure_has_a_route_table_that_leads_to_the_first_machine() -> None:
    found = made(AZURE)
    [joined] = found["azurerm_subnet_route_table_association"]
    assert joined["subnet_id"] == "${azurerm_subnet.subnet.id}"
    routes = found["azurerm_route"]
    assert {each["address_prefix"] for each in routes} == set(OTHERS.values())
    address = "${azurerm_linux_virtual_machine.machine-1.private_ip_address}"
    assert {each["next_hop_in_ip_address"] for each in routes} == {address}
    assert {each["next_hop_type"] for each in routes} == {"VirtualAppliance"}


def test_named_route_tables_of_azure_get_the_routes_and_no_other_is_made() -> None:
    network = ExistingNetwork(
        name="main",
        resource_group="network",
        subnets={"*": "edges"},
        cidr="10.10.0.0/16",
        route_tables={"private": "applications"},
    )
    found = made(AZURE, network)
    assert "azurerm_route_table" not in found
    assert "azurerm_subnet_route_table_association" not in found
    places = {(e["route_table_name"], e["resource_group_name"]) for e in found["azurerm_route"]}
    assert places == {("applications", "network")}


def test_a_subnet_of_azure_that_exists_is_given_a_table_of_its_own() -> None:
    network = ExistingNetwork(name="main", resource_group="network", subnets={"*": "edges"})
    [joined] = made(AZURE, network)["azurerm_subnet_route_table_association"]
    assert joined["subnet_id"] == "${data.azurerm_subnet.subnet.id}"


@pytest.mark.parametrize("site", [AWS, GOOGLE, AZURE], ids=CLOUDS)
def test_a_machine_that_forwards_takes_packets_of_others(site: Site) -> None:
    found = made(site)
    match site.cloud:
        case "aws":
            assert all(each["source_dest_check"] is False for each in found["aws_instance"])
        case "google":
            assert all(each["can_ip_forward"] for each in found["google_compute_instance"])
        case _:
            cards = found["azurerm_network_interface"]
            assert all(each["ip_forwarding_enabled"] for each in cards)


def test_what_google_forwards_has_both_its_ends_in_the_rule() -> None:
    rules = {each["name"]: each for each in made(GOOGLE)["google_compute_firewall"]}
    inward, outward = rules["e-ingress-networks"], rules["e-egress-networks"]
    assert inward["source_ranges"] == ["10.10.0.0/16"]
    assert inward["destination_ranges"] == list(OTHERS.values())
    assert outward["destination_ranges"] == ["10.10.0.0/16"]


def test_what_azure_forwards_has_both_its_ends_in_the_rule() -> None:
    rules = {each["name"]: each for each in made(AZURE)["azurerm_network_security_rule"]}
    inward, outward = rules["inbound-networks"], rules["outbound-networks"]
    assert inward["source_address_prefix"] == "10.10.0.0/16"
    assert inward["destination_address_prefixes"] == list(OTHERS.values())
    assert outward["destination_address_prefix"] == "10.10.0.0/16"


def test_what_aws_forwards_comes_from_its_own_network_alone() -> None:
    found = made(AWS)
    for direction in ("ingress", "egress"):
        rules = found[f"aws_vpc_security_group_{direction}_rule"]
        [rule] = [each for each in rules if each["ip_protocol"] == "-1"]
        assert rule["cidr_ipv4"] == "10.10.0.0/16"
        assert "from_port" not in rule


def test_this_machine_has_no_networks_to_route() -> None:
    from trunkline.clouds import cloud_class

    local = cloud_class("local").route
    with pytest.raises(ConfigurationError, match="are all on loopback already"):
        local(None, {}, {}, None)  # type: ignore[arg-type]
