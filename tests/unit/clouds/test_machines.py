"""What a machine is in each cloud, by what its spec says."""

from __future__ import annotations

from typing import Any

import pytest
from support.sites import AWS, AZURE, GOOGLE
from support.stacks import resources

from trunkline import Site
from trunkline.clouds.base import Cloud, GroupSpec, MachineSpec
from trunkline.payload import Firewall, Rule
from trunkline.payload.units import Envoy

FORWARDING = [
    (AWS, "aws_instance", "source_dest_check", False),
    (GOOGLE, "google_compute_instance", "can_ip_forward", True),
    (AZURE, "azurerm_network_interface", "ip_forwarding_enabled", True),
]
CLOUDS = ["aws", "google", "azure"]
WIREGUARD = Rule(name="wireguard", port=51820, protocol="udp", cidrs=("203.0.113.7/32",))


def made(site: Site, *, forwards: bool = False) -> dict[str, list[dict[str, Any]]]:
    """The resources of one machine, which may send to and take from a UDP port."""

    def make(cloud: Cloud) -> None:
        firewall = Firewall(ingress=(WIREGUARD,), egress=(WIREGUARD,))
        spec = GroupSpec(name="shop", kind="edge", firewall=firewall)
        group = cloud.group("machine", spec, cloud.network([site.zone]))
        units = (Envoy(bootstrap={}),)
        group.machine(
            "machine", MachineSpec(name="shop", zone=site.zone, units=units, forwards=forwards)
        )

    return resources(site, make)


@pytest.mark.parametrize(("site", "kind", "flag", "value"), FORWARDING, ids=CLOUDS)
def test_a_machine_that_forwards_may_have_packets_of_others(
    site: Site, kind: str, flag: str, value: bool
) -> None:
    [machine] = made(site, forwards=True)[kind]
    assert machine[flag] is value


@pytest.mark.parametrize(("site", "kind", "flag", "value"), FORWARDING, ids=CLOUDS)
def test_another_machine_has_the_clouds_own_check(
    site: Site, kind: str, flag: str, value: bool
) -> None:
    [machine] = made(site)[kind]
    assert flag not in machine


def test_a_udp_port_passes_both_ways_on_aws() -> None:
    found = made(AWS)
    for direction in ("ingress", "egress"):
        [rule] = found[f"aws_vpc_security_group_{direction}_rule"]
        ports = (rule["ip_protocol"], rule["from_port"], rule["to_port"], rule["cidr_ipv4"])
        assert ports == ("udp", 51820, 51820, "203.0.113.7/32")


def test_a_udp_port_passes_both_ways_on_google() -> None:
    allowing = [rule for rule in made(GOOGLE)["google_compute_firewall"] if "allow" in rule]
    assert {rule["direction"] for rule in allowing} == {"INGRESS", "EGRESS"}
    for rule in allowing:
        assert rule["allow"] == [{"ports": ["51820"], "protocol": "udp"}]


def test_a_udp_port_passes_both_ways_on_azure() -> None:
    rules = made(AZURE)["azurerm_network_security_rule"]
    allowing = [rule for rule in rules if rule["access"] == "Allow"]
    assert {rule["direction"] for rule in allowing} == {"Inbound", "Outbound"}
    for rule in allowing:
        assert (rule["protocol"], rule["destination_port_range"]) == ("Udp", "51820")
