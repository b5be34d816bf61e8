"""Private endpoints of the user's own resources, by which the edges alone reach them.

No private DNS zone goes with one: the edges know its addresses, and the DNS of the network stays as
it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from cdktf_cdktf_provider_azurerm.private_endpoint import (
    PrivateEndpoint as EndpointResource,
)
from cdktf_cdktf_provider_azurerm.private_endpoint import (
    PrivateEndpointPrivateServiceConnection,
)
from constructs import Construct

from trunkline.addresses.base import short_name
from trunkline.clouds.base import SiteNetwork, by_ways
from trunkline.errors import ConfigurationError
from trunkline.model import EdgeServices, PrivateEndpoint, PrivateWay, Service, endpoints_of

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
LONGEST_NAME = 80


def add_private_endpoints(
    scope: Construct,
    services: EdgeServices,
    network: SiteNetwork,
    name: str,
    where: Mapping[str, object],
) -> EdgeServices:
    """The services, with the ways that the endpoints of their resources are, each made once.

    Raises ConfigurationError for a service that does not name its resource.
    """
    subnet = next(iter(network.subnets.values()))
    made = {
        (subresource, resource): _endpoint(scope, subresource, resource or "", subnet, name, where)
        for subresource, resource in endpoints_of(services.reached)
    }
    ways: dict[str, dict[str, PrivateWay]] = {}
    marks: dict[str, str] = {}
    for service, endpoint, host in _reached(services):
        mark = f"@address-{host}@"
        marks[mark] = _address(made[endpoint.service, service.resource], host)
        ways.setdefault(service.name, {})[host] = PrivateWay(servers=[mark])
    return by_ways(services, ways, marks)


def _reached(services: EdgeServices) -> list[tuple[Service, PrivateEndpoint, str]]:
    return [
        (service, endpoint, host)
        for service in services.reached
        for endpoint in service.endpoints
        for host in endpoint.hosts
    ]


def _endpoint(
    scope: Construct,
    subresource: str,
    resource: str,
    subnet: str,
    name: str,
    where: Mapping[str, object],
) -> str:
    """The address of a private endpoint of a resource, as expressions begin.

    https://learn.microsoft.com/azure/private-link/private-endpoint-overview
    """
    if not resource:
        raise ConfigurationError(
            f"the private endpoint {subresource} leads to a resource of yours; give its ID as "
            "resource"
        )
    digest = hashlib.sha256(f"{resource}/{subresource}".lower().encode()).hexdigest()[:8]
    own = short_name(f"{name}-{resource.rpartition('/')[2]}-{subresource}-{digest}", LONGEST_NAME)
    made = EndpointResource(
        scope,
        f"endpoint-{subresource}-{digest}",
        name=own,
        subnet_id=subnet,
        private_service_connection=PrivateEndpointPrivateServiceConnection(
            name=own,
            private_connection_resource_id=resource,
            subresource_names=[subresource],
            is_manual_connection=False,
        ),
        **where,
    )
    return f"{made.terraform_resource_type}.{made.friendly_unique_id}"


def _address(endpoint: str, host: str) -> str:
    """The address of a host: a resource may have several, and a region's host another one.

    Where Azure does not name the host, its first address is meant.
    """
    found = (
        f"[for each in {endpoint}.custom_dns_configs : each.ip_addresses[0] "
        f"if each.fqdn == {json.dumps(host)}]"
    )
    first = f"{endpoint}.private_service_connection[0].private_ip_address"
    return f"${{try({found}[0], {first})}}"
