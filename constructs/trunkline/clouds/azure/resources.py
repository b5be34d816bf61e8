"""Microsoft Azure."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_azurerm.data_azurerm_client_config import DataAzurermClientConfig
from cdktf_cdktf_provider_azurerm.data_azurerm_location import DataAzurermLocation
from cdktf_cdktf_provider_azurerm.data_azurerm_subnet import DataAzurermSubnet
from cdktf_cdktf_provider_azurerm.key_vault import KeyVault
from cdktf_cdktf_provider_azurerm.key_vault_access_policy import KeyVaultAccessPolicyA
from cdktf_cdktf_provider_azurerm.key_vault_secret import KeyVaultSecret
from cdktf_cdktf_provider_azurerm.linux_virtual_machine import (
    LinuxVirtualMachine,
    LinuxVirtualMachineAdminSshKey,
    LinuxVirtualMachineIdentity,
    LinuxVirtualMachineOsDisk,
    LinuxVirtualMachineSourceImageReference,
)
from cdktf_cdktf_provider_azurerm.network_interface import (
    NetworkInterface,
    NetworkInterfaceIpConfiguration,
)
from cdktf_cdktf_provider_azurerm.network_interface_security_group_association import (
    NetworkInterfaceSecurityGroupAssociation,
)
from cdktf_cdktf_provider_azurerm.network_security_group import NetworkSecurityGroup
from cdktf_cdktf_provider_azurerm.network_security_rule import NetworkSecurityRule
from cdktf_cdktf_provider_azurerm.provider import AzurermProvider, AzurermProviderFeatures
from cdktf_cdktf_provider_azurerm.public_ip import PublicIp
from cdktf_cdktf_provider_azurerm.resource_group import ResourceGroup
from cdktf_cdktf_provider_azurerm.subnet import Subnet
from cdktf_cdktf_provider_azurerm.user_assigned_identity import UserAssignedIdentity
from cdktf_cdktf_provider_azurerm.virtual_network import VirtualNetwork
from constructs import Construct

from trunkline.addresses.subnets import subnet_cidr
from trunkline.clouds.azure.secret import secret_source
from trunkline.clouds.base import (
    Cloud,
    Firewall,
    Machine,
    MachineSpec,
    Network,
    Rule,
    Secret,
    lookups,
    replacement,
)
from trunkline.model import ExistingNetwork, NewNetwork, Site

DEFAULT_SIZE = "Standard_B2pts_v2"

# https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview: 100 to 4096.
LAST_PRIORITY = 4096

# Azure makes no Linux machine without a login key, and nobody shall log in. The 32 bytes of this
# Ed25519 key are a hash, so nobody knows its private half; the payload masks sshd besides, and no
# port is open for it. A test derives the key again.
NOBODYS_KEY_SEED = b"trunkline: nobody holds the private key 1"


class Azure(Cloud):
    """Virtual network, Key Vault and virtual machines, in a resource group of the stack's own.

    One subnet serves every zone of the region.
    """

    @staticmethod
    def provider(scope: Construct, site: Site, *, read_only: bool = False) -> None:
        """It registers the services that it uses in the subscription, unless it is `read_only`."""
        AzurermProvider(
            scope,
            "azurerm",
            features=[AzurermProviderFeatures()],
            subscription_id=site.account,
            resource_provider_registrations="none" if read_only else None,
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

    def _find_network(self, network: ExistingNetwork, zones: Sequence[str]) -> Network:
        subnet = DataAzurermSubnet(
            self.scope,
            "subnet",
            name=network.subnet_of(zones[0]) or "default",
            virtual_network_name=network.name or "",
            resource_group_name=network.resource_group or "",
        )
        return Network(
            id=network.id or network.name or "", subnets=dict.fromkeys(zones, str(subnet.id))
        )

    def _make_network(self, network: NewNetwork, zones: Sequence[str]) -> Network:
        vnet = VirtualNetwork(
            self.scope,
            "network",
            name=self.name,
            address_space=[network.cidr],
            **self._where(),
        )
        subnet = Subnet(
            self.scope,
            "subnet",
            name="machines",
            resource_group_name=self._group.name,
            virtual_network_name=vnet.name,
            address_prefixes=[subnet_cidr(network.cidr, 0)],
            default_outbound_access_enabled=False,
        )
        return Network(id=vnet.id, subnets=dict.fromkeys(zones, str(subnet.id)))

    def physical_zones(self, zones: Sequence[str]) -> Mapping[str, str]:
        """Physical zones (`eastus-az1`), which each subscription numbers in its own way.

        https://learn.microsoft.com/azure/reliability/availability-zones-overview
        """
        found = DataAzurermLocation(self.scope, "location", location=self.site.region)
        address = f"data.{found.terraform_resource_type}.{found.friendly_unique_id}.zone_mappings"
        return lookups(zones, f"{address}[*].logical_zone", f"{address}[*].physical_zone")

    def secret(self, id: str, value: str) -> Secret:
        """A vault of its own, so that its policies concern nothing else."""
        who = DataAzurermClientConfig(self.scope, "client")
        vault = KeyVault(
            self.scope,
            "vault",
            name=self._vault_name(),
            tenant_id=who.tenant_id,
            sku_name="standard",
            soft_delete_retention_days=7,
            **self._where(),
        )
        deployer = KeyVaultAccessPolicyA(
            self.scope,
            "deployer-policy",
            key_vault_id=vault.id,
            tenant_id=who.tenant_id,
            object_id=who.object_id,
            secret_permissions=["Get", "Set", "Delete", "Purge", "Recover"],
        )
        KeyVaultSecret(
            self.scope,
            id,
            name=id,
            value=value,
            key_vault_id=vault.id,
            content_type="text/plain",
            tags=self.tags,
            depends_on=[deployer],
        )
        return Secret(id=vault.id, source=secret_source(self._vault_name(), id))

    def _vault_name(self) -> str:
        """3 to 24 characters, unique in all of Azure."""
        digest = hashlib.sha256(f"{self.site.account}/{self.name}".encode()).hexdigest()
        return f"tl-{digest[:20]}"

    def machine(self, id: str, spec: MachineSpec, network: Network) -> Machine:
        address = PublicIp(
            self.scope,
            f"{id}-address",
            name=spec.name,
            allocation_method="Static",
            sku="Standard",
            zones=[spec.zone],
            **self._where(),
        )
        interface = self._interface(id, spec, network, str(address.id))
        size = spec.size or DEFAULT_SIZE
        machine = LinuxVirtualMachine(
            self.scope,
            id,
            name=spec.name,
            zone=spec.zone,
            size=size,
            network_interface_ids=[interface.id],
            admin_username="nobody-logs-in",
            admin_ssh_key=[
                LinuxVirtualMachineAdminSshKey(
                    username="nobody-logs-in", public_key=nobodys_public_key()
                )
            ],
            disable_password_authentication=True,
            allow_extension_operations=False,
            os_disk=LinuxVirtualMachineOsDisk(
                caching="ReadWrite", storage_account_type="StandardSSD_LRS"
            ),
            source_image_reference=LinuxVirtualMachineSourceImageReference(
                publisher="Debian",
                offer="debian-13",
                sku="13-arm64" if _is_arm(size) else "13-gen2",
                version="latest",
            ),
            identity=self._identity(id, spec),
            # Not user_data: only a change of custom_data replaces the machine.
            lifecycle=TerraformResourceLifecycle(
                replace_triggered_by=[replacement(self.scope, id, spec)]
            ),
            custom_data=base64.b64encode(spec.payload.user_data().encode()).decode(),
            **self._where(),
        )
        return Machine(
            id=machine.id,
            public_address=address.ip_address,
            private_address=machine.private_ip_address,
        )

    def _interface(
        self, id: str, spec: MachineSpec, network: Network, address: str
    ) -> NetworkInterface:
        interface = NetworkInterface(
            self.scope,
            f"{id}-interface",
            name=spec.name,
            ip_configuration=[
                NetworkInterfaceIpConfiguration(
                    name="primary",
                    subnet_id=network.subnets[spec.zone],
                    private_ip_address_allocation="Dynamic",
                    public_ip_address_id=address,
                )
            ],
            **self._where(),
        )
        NetworkInterfaceSecurityGroupAssociation(
            self.scope,
            f"{id}-interface-security-group",
            network_interface_id=interface.id,
            network_security_group_id=self._security_group(id, spec),
        )
        return interface

    def _identity(self, id: str, spec: MachineSpec) -> LinuxVirtualMachineIdentity | None:
        """The machine's identity; without a secret to read it needs none."""
        if spec.secret is None:
            return None
        identity = UserAssignedIdentity(
            self.scope, f"{id}-identity", name=spec.name, **self._where()
        )
        KeyVaultAccessPolicyA(
            self.scope,
            f"{id}-read-secret",
            key_vault_id=spec.secret.id,
            tenant_id=identity.tenant_id,
            object_id=identity.principal_id,
            secret_permissions=["Get"],
        )
        return LinuxVirtualMachineIdentity(type="UserAssigned", identity_ids=[identity.id])

    def _security_group(self, id: str, spec: MachineSpec) -> str:
        group = NetworkSecurityGroup(
            self.scope, f"{id}-security-group", name=spec.name, **self._where()
        )
        for key, priority, rule in _security_rules(spec.firewall):
            NetworkSecurityRule(
                self.scope,
                f"{id}-{key}",
                name=key,
                priority=priority,
                resource_group_name=self._group.name,
                network_security_group_name=group.name,
                **rule,
            )
        return str(group.id)

    def _where(self) -> dict[str, object]:
        return {
            "resource_group_name": self._group.name,
            "location": self._group.location,
            "tags": self.tags,
        }


def _security_rules(firewall: Firewall) -> Iterator[tuple[str, int, dict[str, object]]]:
    """Key, priority and arguments of every rule; the last of each direction denies the rest."""
    for direction, rules in (("Inbound", firewall.ingress), ("Outbound", firewall.egress)):
        for rule in rules:
            yield f"{direction.lower()}-{rule.name}", _priority(rule), _allow(direction, rule)
        deny = _rule(direction, "Deny", "*", "*", ["*"])
        yield f"{direction.lower()}-deny", LAST_PRIORITY, deny


def _priority(rule: Rule) -> int:
    """From the name, so that another rule moves none: Azure takes no two of one priority."""
    digest = hashlib.sha256(rule.name.encode()).digest()
    return 100 + int.from_bytes(digest[:4], "big") % (LAST_PRIORITY - 100)


def _allow(direction: str, rule: Rule) -> dict[str, object]:
    return _rule(direction, "Allow", rule.protocol.title(), str(rule.port), list(rule.cidrs))


def _rule(
    direction: str, access: str, protocol: str, port: str, cidrs: list[str]
) -> dict[str, object]:
    far = "source" if direction == "Inbound" else "destination"
    near = "destination" if direction == "Inbound" else "source"
    ranges: dict[str, object] = (
        {f"{far}_address_prefix": cidrs[0]}
        if len(cidrs) == 1
        else {f"{far}_address_prefixes": cidrs}
    )
    return {
        "direction": direction,
        "access": access,
        "protocol": protocol,
        "source_port_range": "*",
        "destination_port_range": port,
        f"{near}_address_prefix": "*",
        **ranges,
    }


def nobodys_public_key() -> str:
    """An Ed25519 public key in OpenSSH form whose private half nobody knows."""
    fields = (b"ssh-ed25519", hashlib.sha256(NOBODYS_KEY_SEED).digest())
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} nobody"


def _is_arm(size: str) -> bool:
    """Arm sizes carry a p among the letters after the number of processors.

    https://learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
    """
    return re.match(r"Standard_[A-Z]+\d+(-\d+)?[a-z]*p", size) is not None
