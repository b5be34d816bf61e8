"""Microsoft Azure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from cdktf import Fn, Postcondition, TerraformResourceLifecycle
from cdktf_cdktf_provider_azurerm.data_azurerm_client_config import DataAzurermClientConfig
from cdktf_cdktf_provider_azurerm.data_azurerm_location import DataAzurermLocation
from cdktf_cdktf_provider_azurerm.data_azurerm_subnet import DataAzurermSubnet
from cdktf_cdktf_provider_azurerm.key_vault import KeyVault, KeyVaultNetworkAcls
from cdktf_cdktf_provider_azurerm.key_vault_access_policy import KeyVaultAccessPolicyA
from cdktf_cdktf_provider_azurerm.key_vault_secret import KeyVaultSecret
from cdktf_cdktf_provider_azurerm.provider import AzurermProvider, AzurermProviderFeatures
from cdktf_cdktf_provider_azurerm.resource_group import ResourceGroup
from cdktf_cdktf_provider_azurerm.route import Route
from cdktf_cdktf_provider_azurerm.route_table import RouteTable
from cdktf_cdktf_provider_azurerm.subnet import Subnet
from cdktf_cdktf_provider_azurerm.subnet_route_table_association import SubnetRouteTableAssociation
from cdktf_cdktf_provider_azurerm.virtual_network import VirtualNetwork
from constructs import Construct

from trunkline.addresses.subnets import subnet_cidr
from trunkline.clouds.azure.machines import AzureMachineGroup
from trunkline.clouds.azure.private_endpoints import add_private_endpoints
from trunkline.clouds.azure.private_zone import add_private_zone
from trunkline.clouds.azure.secret import secret_source
from trunkline.clouds.base import (
    Cloud,
    GroupSpec,
    Machine,
    MachineGroup,
    Secret,
    SiteNetwork,
    given_network,
    lookups,
    written,
)
from trunkline.model import EdgeServices, ExistingNetwork, NewNetwork, Site

# What the stacks use beyond the provider's set "core".
VAULTS = "Microsoft.KeyVault"
SERVICES = (VAULTS, "Microsoft.ManagedIdentity")


class Azure(Cloud):
    """Virtual network, Key Vault and virtual machines, in a resource group of the stack's own.

    One subnet serves every zone of the region.
    """

    # https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
    secret_bytes: ClassVar = 25_000

    _subnets: tuple[str, ...] = ()

    @staticmethod
    def provider(scope: Construct, site: Site, *, read_only: bool = False) -> None:
        """It registers the services that it uses in the subscription, unless it is `read_only`."""
        AzurermProvider(
            scope,
            "azurerm",
            features=[AzurermProviderFeatures()],
            subscription_id=site.account,
            # By default it registers 66 services in the subscription.
            resource_provider_registrations="none" if read_only else "core",
            resource_providers_to_register=None if read_only else list(SERVICES),
        )

    @cached_property
    def _group(self) -> ResourceGroup:
        return ResourceGroup(
            self.scope,
            "resource-group",
            name=self.name,
            location=self.site.region,
            tags=self.tags,
        )

    def network(self, zones: Sequence[str]) -> SiteNetwork:
        found = super().network(zones)
        self._subnets = tuple(dict.fromkeys(found.subnets.values()))
        return found

    def _find_network(self, network: ExistingNetwork, zones: Sequence[str]) -> SiteNetwork:
        if network.id:
            return given_network(network.id, network, zones)
        subnet = DataAzurermSubnet(
            self.scope,
            "subnet",
            name=network.subnet_of(zones[0]) or "default",
            virtual_network_name=network.name or "",
            resource_group_name=network.resource_group or "",
            lifecycle=self._reaches_vaults(),
        )
        return SiteNetwork(id=network.name or "", subnets=dict.fromkeys(zones, str(subnet.id)))

    def _reaches_vaults(self) -> TerraformResourceLifecycle | None:
        """What Terraform says where a subnet of the user's has no way to a closed vault."""
        if not self.site.vault_access:
            return None
        endpoint = Postcondition(
            condition=f'${{contains(self.service_endpoints, "{VAULTS}")}}',
            error_message=(
                f"The subnet has no service endpoint {VAULTS}, which a vault with vault_access "
                "needs to know it by. Add the endpoint to the subnet, or delete vault_access."
            ),
        )
        return TerraformResourceLifecycle(postcondition=[endpoint])

    def _make_network(self, network: NewNetwork, zones: Sequence[str]) -> SiteNetwork:
        vnet = VirtualNetwork(
            self.scope,
            "network",
            name=self.name,
            address_space=[network.cidr],
            **self._where,
        )
        subnet = Subnet(
            self.scope,
            "subnet",
            name="machines",
            resource_group_name=self._where["resource_group_name"],
            virtual_network_name=vnet.name,
            address_prefixes=[subnet_cidr(network.cidr, 0)],
            default_outbound_access_enabled=False,
            service_endpoints=[VAULTS] if self.site.vault_access else None,
        )
        return SiteNetwork(id=vnet.id, subnets=dict.fromkeys(zones, str(subnet.id)))

    def physical_zones(self, zones: Sequence[str]) -> Mapping[str, str]:
        """Physical zones (`eastus-az1`), which each subscription numbers in its own way.

        https://learn.microsoft.com/azure/reliability/availability-zones-overview
        """
        found = DataAzurermLocation(self.scope, "location", location=self.site.region)
        address = f"data.azurerm_location.{found.friendly_unique_id}.zone_mappings"
        return lookups(zones, f"{address}[*].logical_zone", f"{address}[*].physical_zone")

    def secret(self, id: str, value: str, version: int | None = None) -> Secret:
        vault, policies = self._vault
        secret = KeyVaultSecret(
            self.scope,
            id,
            name=id,
            key_vault_id=vault,
            content_type="text/plain",
            tags=self.tags,
            depends_on=policies,
            **written("value", value, version),
        )
        source = secret_source(self._vault_name(), id)
        return Secret(name=id, id=vault, source=source, resource=secret)

    @cached_property
    def _vault(self) -> tuple[str, list[KeyVaultAccessPolicyA]]:
        """A vault of its own, so that its policies concern nothing else; who deploys may write."""
        who = DataAzurermClientConfig(self.scope, "client")
        tenant_id = who.tenant_id
        vault = KeyVault(
            self.scope,
            "vault",
            name=self._vault_name(),
            tenant_id=tenant_id,
            sku_name="standard",
            soft_delete_retention_days=7,
            # The API of 2026-02-01 would take roles by default, older ones access policies.
            rbac_authorization_enabled=False,
            network_acls=self._vault_rules(),
            **self._where,
        )
        vault_id = str(vault.id)
        deployers = {f"deployer-{each}": each for each in self.site.deployers}
        policies = [
            KeyVaultAccessPolicyA(
                self.scope,
                key,
                key_vault_id=vault_id,
                tenant_id=tenant_id,
                object_id=deployer,
                secret_permissions=["Get", "Set", "Delete", "Purge", "Recover"],
            )
            for key, deployer in (deployers or {"deployer-policy": who.object_id}).items()
        ]
        return vault_id, policies

    def _vault_rules(self) -> KeyVaultNetworkAcls | None:
        """Who reaches the vault at all: the machines' subnet, and whoever applies the stack.

        https://learn.microsoft.com/azure/key-vault/general/network-security
        """
        if not self.site.vault_access:
            return None
        return KeyVaultNetworkAcls(
            bypass="None",
            default_action="Deny",
            ip_rules=list(self.site.vault_access),
            virtual_network_subnet_ids=list(self._subnets),
        )

    def _vault_name(self) -> str:
        """3 to 24 characters, unique in all of Azure."""
        digest = hashlib.sha256(f"{self.site.account}/{self.name}".encode()).hexdigest()
        return f"tl-{digest[:20]}"

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
            self._network_id(network),
            resource_group=str(self._where["resource_group_name"]),
            tags=self.tags,
        )

    def _network_id(self, network: SiteNetwork) -> str:
        """The network's resource ID; of one that was found by its name, out of its subnet's ID."""
        found = self.site.network
        if not isinstance(found, ExistingNetwork) or found.id:
            return network.id
        subnet = next(iter(network.subnets.values()))
        return str(Fn.element(Fn.split("/subnets/", subnet), 0))

    def services(self, services: EdgeServices, network: SiteNetwork) -> EdgeServices:
        if not any(service.endpoints for service in services.reached):
            return services
        return add_private_endpoints(self.scope, services, network, self.name, self._where)

    def route(
        self, ranges: Mapping[str, str], machines: Mapping[str, Machine], network: SiteNetwork
    ) -> None:
        """A route of Azure has one next hop, the first machine's address."""
        target = next(iter(machines.values())).next_hop
        for table, where in self._route_tables(network).items():
            for name, cidr in ranges.items():
                Route(
                    self.scope,
                    f"route-{table}{name}",
                    name=f"to-{name}",
                    address_prefix=cidr,
                    next_hop_type="VirtualAppliance",
                    next_hop_in_ip_address=target,
                    **where,
                )

    def _route_tables(self, network: SiteNetwork) -> Mapping[str, Mapping[str, str]]:
        """Those that the site names; without any, one of our own, which the subnets then have."""
        found = self.site.network
        if isinstance(found, ExistingNetwork) and found.route_tables:
            group = found.resource_group or ""
            return {
                f"{name}-": {"route_table_name": table, "resource_group_name": group}
                for name, table in found.route_tables.items()
            }
        table = RouteTable(self.scope, "route-table", name=self.name, **self._where)
        table_id = str(table.id)
        # One subnet serves every zone, unless the IDs of several are given.
        first_zones = {subnet: zone for zone, subnet in reversed([*network.subnets.items()])}
        for subnet, zone in first_zones.items():
            SubnetRouteTableAssociation(
                self.scope, f"route-table-{zone}", subnet_id=subnet, route_table_id=table_id
            )
        group = str(self._where["resource_group_name"])
        return {"": {"route_table_name": table.name, "resource_group_name": group}}

    def group(self, id: str, spec: GroupSpec, network: SiteNetwork) -> MachineGroup:
        return AzureMachineGroup(self.scope, id, spec, network, self._where)

    @cached_property
    def _where(self) -> dict[str, object]:
        """The arguments that all resources share; read once, since each read is a call of Node."""
        return {
            "resource_group_name": self._group.name,
            "location": self._group.location,
            "tags": self.tags,
        }
