"""How each cloud reaches services by private endpoints."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from support.sites import AWS, AZURE, GOOGLE
from support.stacks import resources

from trunkline.errors import ConfigurationError
from trunkline.model import (
    EdgeServices,
    ExistingNetwork,
    PrivateEndpoint,
    PrivateWay,
    Service,
    Site,
)
from trunkline.payload import Firewall

RUNTIME, OBJECTS = "runtime.us-east-1.example.com", "objects.us-east-1.example.com"
INTERFACE = PrivateEndpoint(
    kind="interface_endpoint", service="com.vendor.us-east-1.runtime", hosts=[RUNTIME]
)
GATEWAY = PrivateEndpoint(
    kind="gateway_endpoint", service="com.vendor.us-east-1.objects", hosts=[OBJECTS]
)
APIS = PrivateEndpoint(
    kind="private_access", service="private.example.com", hosts=["api.example.com"]
)
LINK = PrivateEndpoint(kind="private_link", service="account", hosts=["acme.example.com"])
ACCOUNT = "/subscriptions/1/resourceGroups/ai/providers/Vendor.Ai/accounts/acme"


def service(*endpoints: PrivateEndpoint, name: str = "models", **options: Any) -> Service:
    hosts = [host for endpoint in endpoints for host in endpoint.hosts]
    given = {"site": "home", "sites": ["other"], "hosts": hosts, "endpoints": endpoints}
    return Service(name=name, **{**given, **options})


def made(
    site: Site, *services: Service, spares: tuple[str, ...] = ()
) -> tuple[dict[str, list[dict[str, Any]]], EdgeServices]:
    """The resources of the private endpoints and of machines, and the services with their ways."""
    found: list[EdgeServices] = []

    def make(cloud: Any) -> None:
        from trunkline.clouds.base import GroupSpec

        network = cloud.network([site.zone, *spares])
        found.append(cloud.services(EdgeServices(reached=services), network))
        cloud.group("machine", GroupSpec(name="edge", kind="edge", firewall=Firewall()), network)

    return resources(site, make), found[0]


def test_an_interface_endpoint_has_an_address_beside_each_edge() -> None:
    stack, services = made(AWS, service(INTERFACE), spares=("us-east-1b",))
    [endpoint] = stack["aws_vpc_endpoint"]
    assert endpoint["service_name"] == INTERFACE.service
    assert endpoint["vpc_endpoint_type"] == "Interface"
    assert len(endpoint["subnet_ids"]) == 2
    [reached] = services.reached
    [mark] = services.marks
    assert reached.ways == {RUNTIME: PrivateWay(servers=[mark], by_name=True)}


def test_an_interface_endpoint_leaves_the_dns_of_the_network_as_it_is() -> None:
    stack, _ = made(AWS, service(INTERFACE))
    assert stack["aws_vpc_endpoint"][0]["private_dns_enabled"] is False


def test_an_interface_endpoint_lets_the_edges_in_and_nobody_else() -> None:
    stack, _ = made(AWS, service(INTERFACE))
    [endpoint] = stack["aws_vpc_endpoint"]
    [rule] = stack["aws_vpc_security_group_ingress_rule"]
    assert endpoint["security_group_ids"] == [rule["security_group_id"]]
    assert "machine" in rule["referenced_security_group_id"]
    assert (rule["ip_protocol"], rule["from_port"], rule["to_port"]) == ("tcp", 443, 443)


def test_a_gateway_is_a_route_and_the_names_stay_public() -> None:
    stack, services = made(AWS, service(GATEWAY))
    [endpoint] = stack["aws_vpc_endpoint"]
    assert endpoint["vpc_endpoint_type"] == "Gateway"
    assert endpoint["route_table_ids"] == ["${aws_route_table.route-table.id}"]
    assert "security_group_ids" not in endpoint
    assert [each["name"] for each in stack["aws_security_group"]] == ["edge"]
    assert services.reached[0].ways == {}
    assert services.marks == {}


def test_a_gateway_in_a_network_that_exists_needs_its_route_table() -> None:
    network = ExistingNetwork(id="vpc-1", subnets={"us-east-1a": "subnet-1"})
    site = evolve(AWS, network=network)
    with pytest.raises(ConfigurationError, match="needs route_tables: name that of the edges'"):
        made(site, service(GATEWAY))
    named = evolve(site, network=evolve(network, route_tables={"edges": "rtb-1"}))
    assert made(named, service(GATEWAY))[0]["aws_vpc_endpoint"][0]["route_table_ids"] == ["rtb-1"]


def test_an_endpoint_of_another_region_is_refused() -> None:
    west = evolve(INTERFACE, service="com.vendor.us-west-2.runtime")
    with pytest.raises(ConfigurationError, match="is not in us-east-1, the region of"):
        made(AWS, service(west))


@pytest.mark.parametrize(
    ("site", "kind", "endpoint", "resource"),
    [
        (AWS, "aws_vpc_endpoint", INTERFACE, None),
        (AZURE, "azurerm_private_endpoint", LINK, ACCOUNT),
    ],
    ids=["aws", "azure"],
)
def test_two_services_share_an_endpoint(
    site: Site, kind: str, endpoint: PrivateEndpoint, resource: str | None
) -> None:
    both = [service(endpoint, name=name, resource=resource) for name in ("one", "two")]
    stack, services = made(site, *both)
    assert len(stack[kind]) == 1
    assert services.reached[0].ways == services.reached[1].ways != {}


def test_googles_apis_are_reached_without_any_resource() -> None:
    stack, services = made(GOOGLE, service(APIS))
    assert stack == made(GOOGLE)[0]
    way = PrivateWay(servers=[f"199.36.153.{each}" for each in (8, 9, 10, 11)])
    assert services.reached[0].ways == {"api.example.com": way}
    assert services.marks == {}


def test_a_private_link_leads_to_the_users_own_resource() -> None:
    stack, services = made(AZURE, service(LINK, resource=ACCOUNT))
    [endpoint] = stack["azurerm_private_endpoint"]
    connection = endpoint["private_service_connection"]
    assert connection["private_connection_resource_id"] == ACCOUNT
    assert connection["subresource_names"] == ["account"]
    assert connection["is_manual_connection"] is False
    assert "private_dns_zone_group" not in endpoint
    [(mark, expression)] = services.marks.items()
    assert services.reached[0].ways == {"acme.example.com": PrivateWay(servers=[mark])}
    assert '.custom_dns_configs : each.ip_addresses[0] if each.fqdn == "acme.' in expression
    assert expression.endswith("private_service_connection[0].private_ip_address)}")


def test_a_private_link_without_a_resource_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="give its ID as resource"):
        made(AZURE, service(LINK))


def test_resources_of_one_name_have_an_endpoint_each() -> None:
    others = [ACCOUNT, ACCOUNT.replace("/ai/", "/more/")]
    services = [service(LINK, name=f"s{n}", resource=each) for n, each in enumerate(others)]
    endpoints = made(AZURE, *services)[0]["azurerm_private_endpoint"]
    assert len({each["name"] for each in endpoints}) == 2


@pytest.mark.parametrize("site", [AWS, GOOGLE, AZURE], ids=["aws", "google", "azure"])
def test_services_that_are_not_private_add_nothing(site: Site) -> None:
    plain = Service(name="models", site="home", sites=["other"], hosts=["api.example.com"])
    stack, services = made(site, plain)
    assert stack == made(site)[0]
    assert services == EdgeServices(reached=(plain,))
