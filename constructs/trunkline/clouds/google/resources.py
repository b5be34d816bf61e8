"""Google Cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_google.compute_network import ComputeNetwork
from cdktf_cdktf_provider_google.compute_route import ComputeRoute
from cdktf_cdktf_provider_google.compute_subnetwork import ComputeSubnetwork
from cdktf_cdktf_provider_google.data_google_compute_network import DataGoogleComputeNetwork
from cdktf_cdktf_provider_google.data_google_compute_subnetwork import DataGoogleComputeSubnetwork
from cdktf_cdktf_provider_google.project_service import ProjectService
from cdktf_cdktf_provider_google.provider import GoogleProvider
from cdktf_cdktf_provider_google.secret_manager_secret import (
    SecretManagerSecret,
    SecretManagerSecretReplication,
    SecretManagerSecretReplicationAuto,
)
from cdktf_cdktf_provider_google.secret_manager_secret_version import SecretManagerSecretVersion
from constructs import Construct

from trunkline.addresses.base import short_name
from trunkline.addresses.subnets import subnet_cidr
from trunkline.clouds.base import (
    Cloud,
    GroupSpec,
    LinkSpec,
    Machine,
    MachineGroup,
    Secret,
    SiteNetwork,
    by_ways,
    given_network,
    written,
)
from trunkline.clouds.google.interconnect import offer_link
from trunkline.clouds.google.machines import GoogleMachineGroup
from trunkline.clouds.google.private_zone import add_private_zone
from trunkline.clouds.google.secret import secret_source
from trunkline.model import EdgeServices, ExistingNetwork, NewNetwork, PrivateWay, Site

SERVICES = ("compute", "iam", "secretmanager")

# The default of a route: https://cloud.google.com/vpc/docs/routes#static_route_parameters
FIRST_PRIORITY = 1000

# private.googleapis.com, which lead nowhere outside of Google Cloud:
# https://cloud.google.com/vpc/docs/configure-private-google-access
PRIVATE_APIS = tuple(f"199.36.153.{number}" for number in range(8, 12))

NEW_FIRST = TerraformResourceLifecycle(create_before_destroy=True)


class Google(Cloud):
    """VPC network, Secret Manager and Compute Engine; one subnetwork serves every zone."""

    # https://cloud.google.com/secret-manager/quotas
    secret_bytes: ClassVar = 65_536

    @staticmethod
    def provider(scope: Construct, site: Site, *, read_only: bool = False) -> None:
        GoogleProvider(
            scope,
            "google",
            project=site.account,
            region=site.region,
            impersonate_service_account=site.deploy_as,
        )

    @cached_property
    def _services(self) -> list[ProjectService]:
        """A new project has no API turned on; destroying a stack turns none off."""
        return [self._service(name) for name in SERVICES]

    @cached_property
    def _dns(self) -> ProjectService:
        """Cloud DNS, which most stacks do without."""
        return self._service("dns")

    def _service(self, name: str) -> ProjectService:
        return ProjectService(
            self.scope,
            f"service-{name}",
            service=f"{name}.googleapis.com",
            disable_on_destroy=False,
        )

    def _find_network(self, network: ExistingNetwork, zones: Sequence[str]) -> SiteNetwork:
        if network.id:
            return given_network(network.id, network, zones)
        subnet = DataGoogleComputeSubnetwork(
            self.scope,
            "subnet",
            name=network.subnet_of(zones[0]),
            region=self.site.region,
            depends_on=self._services,
        )
        return SiteNetwork(id=subnet.network, subnets=dict.fromkeys(zones, str(subnet.self_link)))

    def _make_network(self, network: NewNetwork, zones: Sequence[str]) -> SiteNetwork:
        vpc = ComputeNetwork(
            self.scope,
            "network",
            name=self.name,
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
            depends_on=self._services,
        )
        vpc_id = str(vpc.id)
        subnet = ComputeSubnetwork(
            self.scope,
            "subnet",
            name=self.name,
            region=self.site.region,
            network=vpc_id,
            ip_cidr_range=subnet_cidr(network.cidr, 0),
            private_ip_google_access=True,
        )
        return SiteNetwork(id=vpc_id, subnets=dict.fromkeys(zones, str(subnet.id)))

    def secret(self, id: str, value: str, version: int | None = None) -> Secret:
        name = f"{self.name}-{id}"
        secret = SecretManagerSecret(
            self.scope,
            id,
            secret_id=name,
            labels=self.tags,
            replication=SecretManagerSecretReplication(auto=SecretManagerSecretReplicationAuto()),
            depends_on=self._services,
        )
        secret_id = str(secret.id)
        held = SecretManagerSecretVersion(
            self.scope,
            f"{id}-version",
            secret=secret_id,
            # Another version is another resource; without one in between nobody could read any.
            lifecycle=None if version is None else NEW_FIRST,
            **written("secret_data", value, version),
        )
        return Secret(name=id, id=secret_id, source=secret_source(name), resource=held)

    def _private_zone(
        self,
        id: str,
        zone: str,
        names: Sequence[str],
        addresses: Sequence[str],
        network: SiteNetwork,
    ) -> None:
        add_private_zone(
            self.scope,
            id,
            zone,
            names,
            addresses,
            network.id,
            owner=self.name,
            labels=self.tags,
            service=self._dns,
        )

    def services(self, services: EdgeServices, network: SiteNetwork) -> EdgeServices:
        """Google's APIs answer at addresses of their own too, for which nothing is made or paid.

        The machines have public addresses, so that their subnet needs no Private Google Access:
        https://cloud.google.com/vpc/docs/access-apis-external-ip
        """
        way = PrivateWay(servers=PRIVATE_APIS)
        ways = {
            service.name: {host: way for each in service.endpoints for host in each.hosts}
            for service in services.reached
        }
        return by_ways(services, ways, {})

    def route(
        self, ranges: Mapping[str, str], machines: Mapping[str, Machine], network: SiteNetwork
    ) -> None:
        """Google passes over a machine that does not run, and takes the route that is next."""
        for name, cidr in ranges.items():
            for number, (zone, machine) in enumerate(machines.items()):
                ComputeRoute(
                    self.scope,
                    f"route-{name}-{zone}",
                    name=short_name(f"{self.name}-to-{name}-{zone}", 63),
                    network=network.id,
                    dest_range=cidr,
                    next_hop_instance=machine.next_hop,
                    priority=FIRST_PRIORITY + number,
                )

    def offer_link(self, link: LinkSpec) -> str:
        network = self.site.network
        if isinstance(network, NewNetwork):
            made = DataGoogleComputeNetwork(self.scope, "network", name=self.name)
            found = str(made.self_link)
        else:
            found = self._find_network(network, [self.site.zone]).id
        service = self._service("networkconnectivity")
        return offer_link(self.scope, self.site, found, link, self.tags, service)

    def group(self, id: str, spec: GroupSpec, network: SiteNetwork) -> MachineGroup:
        return GoogleMachineGroup(
            self.scope, id, spec, network, self.tags, self.site.region, self._services
        )
