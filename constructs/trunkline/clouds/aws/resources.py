"""Amazon Web Services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from cdktf_cdktf_provider_aws.data_aws_availability_zones import (
    DataAwsAvailabilityZones,
    DataAwsAvailabilityZonesFilter,
)
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_route_table import DataAwsRouteTable
from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet
from cdktf_cdktf_provider_aws.data_aws_vpc import DataAwsVpc
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderAssumeRole
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from constructs import Construct

from trunkline.addresses.subnets import subnet_cidr
from trunkline.clouds.aws.interconnect import accept_link
from trunkline.clouds.aws.machines import AwsMachineGroup
from trunkline.clouds.aws.private_endpoints import AwsPrivateEndpoints
from trunkline.clouds.aws.private_zone import add_private_zone
from trunkline.clouds.aws.secret import secret_source
from trunkline.clouds.base import (
    Cloud,
    GroupSpec,
    LinkSpec,
    Machine,
    MachineGroup,
    Secret,
    SiteNetwork,
    lookups,
    written,
)
from trunkline.errors import ConfigurationError
from trunkline.model import EdgeServices, ExistingNetwork, NewNetwork, Site
from trunkline.terraform.escape import escape


class Aws(Cloud):
    """VPC, Parameter Store and EC2."""

    # a standard parameter, which costs nothing:
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
    secret_bytes: ClassVar = 4_096

    _endpoints: AwsPrivateEndpoints | None = None

    @staticmethod
    def provider(scope: Construct, site: Site, *, read_only: bool = False) -> None:
        """Refuses to run in any other account than the site's."""
        AwsProvider(
            scope,
            "aws",
            region=site.region,
            allowed_account_ids=[site.account] if site.account else None,
            assume_role=[AwsProviderAssumeRole(role_arn=site.deploy_as)]
            if site.deploy_as
            else None,
        )

    def _find_network(self, network: ExistingNetwork, zones: Sequence[str]) -> SiteNetwork:
        vpc = network.id
        if vpc is None:
            tags = {"Name": escape(network.name or "")}
            vpc = DataAwsVpc(self.scope, "vpc", tags=tags).id
        return SiteNetwork(
            id=vpc,
            subnets={zone: self._find_subnet(network, vpc, zone) for zone in zones},
            route_tables={f"{name}-": table for name, table in network.route_tables.items()},
        )

    def _find_subnet(self, network: ExistingNetwork, vpc: str, zone: str) -> str:
        declared = network.subnet_of(zone)
        if declared:
            return declared
        return str(
            DataAwsSubnet(self.scope, f"subnet-{zone}", vpc_id=vpc, availability_zone=zone).id
        )

    def _make_network(self, network: NewNetwork, zones: Sequence[str]) -> SiteNetwork:
        vpc = Vpc(
            self.scope,
            "vpc",
            cidr_block=network.cidr,
            enable_dns_hostnames=True,
            tags=self._named(self.name),
        )
        vpc_id = str(vpc.id)
        # Adopted without rules, so that nothing can use it by accident.
        DefaultSecurityGroup(self.scope, "default-security-group", vpc_id=vpc_id)
        table, route = self._internet_routes(vpc_id)
        subnets = {zone: self._make_subnet(network, vpc_id, zone) for zone in zones}
        associations = [
            RouteTableAssociation(
                self.scope, f"route-table-{zone}", subnet_id=subnet, route_table_id=table
            )
            for zone, subnet in subnets.items()
        ]
        return SiteNetwork(
            id=vpc_id,
            subnets=subnets,
            route_tables={"": table},
            depends_on=(route, *associations),
        )

    def _internet_routes(self, vpc: str) -> tuple[str, Route]:
        """The id of the route table, and its route to the internet."""
        gateway = InternetGateway(
            self.scope, "internet-gateway", vpc_id=vpc, tags=self._named(self.name)
        )
        table = RouteTable(self.scope, "route-table", vpc_id=vpc, tags=self._named(self.name))
        table_id = str(table.id)
        route = Route(
            self.scope,
            "internet-route",
            route_table_id=table_id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
        )
        return table_id, route

    def _make_subnet(self, network: NewNetwork, vpc: str, zone: str) -> str:
        # The zone's letter, not its place in a list, decides its range.
        subnet = Subnet(
            self.scope,
            f"subnet-{zone}",
            vpc_id=vpc,
            availability_zone=zone,
            cidr_block=subnet_cidr(network.cidr, ord(zone[-1]) - ord("a")),
            tags=self._named(f"{self.name}-{zone}"),
        )
        return str(subnet.id)

    def physical_zones(self, zones: Sequence[str]) -> Mapping[str, str]:
        """AZ IDs (`use1-az4`): the same place in every account.

        https://docs.aws.amazon.com/ram/latest/userguide/working-with-az-ids.html
        """
        found = DataAwsAvailabilityZones(
            self.scope,
            "zones",
            filter=[DataAwsAvailabilityZonesFilter(name="zone-name", values=list(zones))],
        )
        address = f"data.aws_availability_zones.{found.friendly_unique_id}"
        return lookups(zones, f"{address}.names", f"{address}.zone_ids")

    def secret(self, id: str, value: str, version: int | None = None) -> Secret:
        name = f"/trunkline/{self.name}/{id}"
        parameter = SsmParameter(
            self.scope,
            id,
            name=name,
            type="SecureString",
            tags=self.tags,
            **written("value", value, version),
        )
        return Secret(name=id, id=parameter.arn, source=secret_source(name), resource=parameter)

    def _private_zone(
        self,
        id: str,
        zone: str,
        names: Sequence[str],
        addresses: Sequence[str],
        network: SiteNetwork,
    ) -> None:
        add_private_zone(self.scope, id, zone, names, addresses, network.id, self.tags)

    def services(self, services: EdgeServices, network: SiteNetwork) -> EdgeServices:
        made = AwsPrivateEndpoints(self.scope, self.site, network, self.name, self.tags)
        self._endpoints = made
        return made.of(services)

    def route(
        self, ranges: Mapping[str, str], machines: Mapping[str, Machine], network: SiteNetwork
    ) -> None:
        """A route of AWS has one target, the first machine's interface."""
        if not network.route_tables:
            raise ConfigurationError(
                f"the existing network of {self.site.name} needs route_tables: name those that get "
                "the routes to other sites' networks"
            )
        target = next(iter(machines.values())).next_hop
        for table, table_id in network.route_tables.items():
            for name, cidr in ranges.items():
                Route(
                    self.scope,
                    f"route-{table}{name}",
                    route_table_id=table_id,
                    destination_cidr_block=cidr,
                    network_interface_id=target,
                )

    def link_account(self) -> str:
        if self.site.account:
            return self.site.account
        return str(DataAwsCallerIdentity(self.scope, "account").account_id)

    def accept_link(self, link: LinkSpec, key: str) -> None:
        network = self.site.network
        if isinstance(network, NewNetwork):
            found = self._own_network()
        else:
            found = self._find_network(network, ())
        accept_link(self.scope, self.site, found, link, key, self.tags)

    def _own_network(self) -> SiteNetwork:
        """The network that another stack of the site has made, by its name."""
        tags = {"Name": self.name}
        vpc = str(DataAwsVpc(self.scope, "vpc", tags=tags).id)
        table = DataAwsRouteTable(self.scope, "route-table", vpc_id=vpc, tags=tags)
        return SiteNetwork(id=vpc, subnets={}, route_tables={"": str(table.route_table_id)})

    def group(self, id: str, spec: GroupSpec, network: SiteNetwork) -> MachineGroup:
        made = AwsMachineGroup(self.scope, id, spec, network, self.tags)
        if self._endpoints:
            self._endpoints.let_in(str(made.security_group))
            made.depends_on += self._endpoints.depends_on
        return made

    def _named(self, name: str) -> dict[str, str]:
        return {**self.tags, "Name": name}
