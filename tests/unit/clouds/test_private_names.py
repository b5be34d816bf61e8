"""Private names: zones of the site's network that lead to the edges."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from attrs import evolve
from support.sites import AWS, AZURE, GOOGLE
from support.stacks import resources

from trunkline import ExistingNetwork, Site

HOSTS = ("api.example.com", "*.example.net", "example.net")
ADDRESSES = ("10.0.0.4", "10.0.16.4")
CLOUDS = ["aws", "google", "azure"]
RECORDS = {
    "aws": ("aws_route53_record", "name", "records", ""),
    "google": ("google_dns_record_set", "name", "rrdatas", "."),
    "azure": ("azurerm_private_dns_a_record", "name", "records", ""),
}
ZONES = {
    "aws": ("aws_route53_zone", "name"),
    "google": ("google_dns_managed_zone", "dns_name"),
    "azure": ("azurerm_private_dns_zone", "name"),
}


def made(site: Site, hosts: Collection[str] = HOSTS) -> dict[str, list[dict[str, Any]]]:
    """The resources of a site's network and its private names."""
    return resources(
        site,
        lambda cloud: cloud.private_names("names", hosts, ADDRESSES, cloud.network([site.zone])),
    )


@pytest.mark.parametrize("site", [AWS, GOOGLE, AZURE], ids=CLOUDS)
def test_each_zone_has_the_name_that_was_asked_for(site: Site) -> None:
    kind, attribute = ZONES[site.cloud]
    zones = [zone[attribute].rstrip(".") for zone in made(site)[kind]]
    assert sorted(zones) == ["api.example.com", "example.net"]


@pytest.mark.parametrize("site", [AWS, GOOGLE, AZURE], ids=CLOUDS)
def test_a_record_names_all_addresses_for_a_minute(site: Site) -> None:
    kind, name, values, end = RECORDS[site.cloud]
    records = made(site)[kind]
    names = ("@", "*", "@") if site.cloud == "azure" else HOSTS
    assert sorted(record[name] for record in records) == sorted(f"{each}{end}" for each in names)
    assert all(record["ttl"] == 60 for record in records)
    assert all(tuple(record[values]) == ADDRESSES for record in records)


def test_a_zone_of_aws_is_private_to_the_vpc() -> None:
    for zone in made(AWS)["aws_route53_zone"]:
        assert zone["vpc"] == [{"vpc_id": "${aws_vpc.vpc.id}"}]


def test_a_zone_of_google_is_seen_by_the_network_alone() -> None:
    for zone in made(GOOGLE)["google_dns_managed_zone"]:
        assert zone["visibility"] == "private"
        networks = zone["private_visibility_config"]["networks"]
        assert networks == [{"network_url": "${google_compute_network.network.id}"}]


def test_googles_dns_is_turned_on_where_it_is_used_and_nowhere_else() -> None:
    def services(hosts: Collection[str]) -> set[str]:
        return {each["service"] for each in made(GOOGLE, hosts)["google_project_service"]}

    assert services(HOSTS) - services(()) == {"dns.googleapis.com"}
    assert services(()) >= {"compute.googleapis.com"}


def test_googles_names_of_two_zones_never_meet() -> None:
    zones = made(GOOGLE, ["a.b-c.com", "a-b.c.com"])["google_dns_managed_zone"]
    assert {zone["name"] for zone in zones} == {"shop-a-b--c-com", "shop-a--b-c-com"}


def test_a_zone_of_azure_is_linked_and_registers_no_machines() -> None:
    links = made(AZURE)["azurerm_private_dns_zone_virtual_network_link"]
    assert len(links) == 2
    for link in links:
        assert link["virtual_network_id"] == "${azurerm_virtual_network.network.id}"
        assert link["registration_enabled"] is False


@pytest.mark.parametrize(
    ("site", "network", "kind", "path"),
    [
        (AWS, "vpc-1", "aws_route53_zone", ("vpc", 0, "vpc_id")),
        (
            GOOGLE,
            "projects/p/global/networks/n",
            "google_dns_managed_zone",
            ("private_visibility_config", "networks", 0, "network_url"),
        ),
        (
            AZURE,
            "/subscriptions/s/virtualNetworks/n",
            "azurerm_private_dns_zone_virtual_network_link",
            ("virtual_network_id",),
        ),
    ],
    ids=CLOUDS,
)
def test_a_network_that_exists_is_named_by_its_id(
    site: Site, network: str, kind: str, path: tuple[str | int, ...]
) -> None:
    existing = ExistingNetwork(id=network, subnets={"*": "subnet"})
    held: Any = made(evolve(site, network=existing))[kind][0]
    for step in path:
        held = held[step]
    assert held == network


def test_azures_network_that_was_found_by_name_is_named_by_its_subnets_id() -> None:
    existing = ExistingNetwork(name="hub", resource_group="shared", subnets={"*": "machines"})
    links = made(evolve(AZURE, network=existing))["azurerm_private_dns_zone_virtual_network_link"]
    expected = '${element(split("/subnets/", data.azurerm_subnet.subnet.id), 0)}'
    assert {link["virtual_network_id"] for link in links} == {expected}
