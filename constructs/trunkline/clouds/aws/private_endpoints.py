"""VPC endpoints, by which the edges reach services of AWS without a public address.

The endpoints make no private DNS: the edges alone connect to them, by the names that each endpoint
has of its own. With the service's name in the DNS of the network, every other machine there would
ask the endpoint too, which its security group does not let in.
"""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from trunkline.addresses.private_zones import dashed
from trunkline.clouds.base import SiteNetwork, by_ways
from trunkline.errors import ConfigurationError
from trunkline.model import EdgeServices, PrivateEndpoint, PrivateWay, Site, endpoints_of


class AwsPrivateEndpoints:
    """The endpoints of what the edge of a site reaches, each once; `name` begins their names.

    `depends_on` is what a machine needs to connect to them.
    """

    def __init__(
        self, scope: Construct, site: Site, network: SiteNetwork, name: str, tags: Mapping[str, str]
    ) -> None:
        self._scope, self._site, self._network = scope, site, network
        self._name, self._tags = name, tags
        self._group: str | None = None
        self._names: dict[str, str] = {}
        self.depends_on: list[ITerraformDependable] = []

    def of(self, services: EdgeServices) -> EdgeServices:
        """The services, with the ways that the endpoints are."""
        for endpoint in endpoints_of(services.reached).values():
            self._add(endpoint)
        ways = {
            service.name: {
                host: PrivateWay(servers=[_mark(each)], by_name=True)
                for each in service.endpoints
                if each.service in self._names
                for host in each.hosts
            }
            for service in services.reached
        }
        marks = {f"@{_id(service)}@": name for service, name in self._names.items()}
        return by_ways(services, ways, marks)

    def let_in(self, group: str) -> None:
        """Let the machines of a security group connect."""
        if self._group is None:
            return
        rule = VpcSecurityGroupIngressRule(
            self._scope,
            "private-endpoints-from-edges",
            security_group_id=self._group,
            referenced_security_group_id=group,
            description="https from the edges",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            tags=self._tags,
        )
        self.depends_on.append(rule)

    def _add(self, endpoint: PrivateEndpoint) -> None:
        if f".{self._site.region}." not in endpoint.service:
            raise ConfigurationError(
                f"the private endpoint {endpoint.service} is not in {self._site.region}, the "
                f"region of {self._site.name}; reach it from a site of its own region"
            )
        add = self._add_gateway if endpoint.kind == "gateway_endpoint" else self._add_interface
        add(endpoint)

    def _add_gateway(self, endpoint: PrivateEndpoint) -> None:
        """A route to the service's public addresses, which costs nothing.

        https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
        """
        if not self._network.route_tables:
            raise ConfigurationError(
                f"the existing network of {self._site.name} needs route_tables: name that of the "
                f"edges' subnets, which gets the route to {endpoint.service}"
            )
        made = VpcEndpoint(
            self._scope,
            _id(endpoint.service),
            vpc_id=self._network.id,
            service_name=endpoint.service,
            vpc_endpoint_type="Gateway",
            route_table_ids=list(self._network.route_tables.values()),
            tags=self._named,
        )
        self.depends_on.append(made)  # a new route ends connections that are open

    def _add_interface(self, endpoint: PrivateEndpoint) -> None:
        """An address in the subnet of each edge.

        https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
        """
        self._group = self._group or self._make_group()
        made = VpcEndpoint(
            self._scope,
            _id(endpoint.service),
            vpc_id=self._network.id,
            service_name=endpoint.service,
            vpc_endpoint_type="Interface",
            private_dns_enabled=False,
            subnet_ids=list(dict.fromkeys(self._network.subnets.values())),
            security_group_ids=[self._group],
            tags=self._named,
        )
        # The first name leads to the addresses of all zones.
        self._names[endpoint.service] = str(made.dns_entry.get(0).dns_name)

    def _make_group(self) -> str:
        made = SecurityGroup(
            self._scope,
            "private-endpoints",
            name=f"{self._name}-private",
            description=f"What may reach the private endpoints of {self._name}",
            vpc_id=self._network.id,
            tags=self._named,
        )
        return str(made.id)

    @property
    def _named(self) -> dict[str, str]:
        return {**self._tags, "Name": f"{self._name}-private"}


def _id(service: str) -> str:
    return f"endpoint-{dashed(service)}"


def _mark(endpoint: PrivateEndpoint) -> str:
    return f"@{_id(endpoint.service)}@"
