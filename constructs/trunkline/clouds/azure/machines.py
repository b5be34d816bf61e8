"""Azure machines that are alike: one managed identity and one network security group for all."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping
from itertools import count
from typing import Any

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_azurerm.key_vault_access_policy import KeyVaultAccessPolicyA
from cdktf_cdktf_provider_azurerm.linux_virtual_machine import (
    LinuxVirtualMachine,
    LinuxVirtualMachineAdminSshKey,
    LinuxVirtualMachineBootDiagnostics,
    LinuxVirtualMachineIdentity,
    LinuxVirtualMachineOsDisk,
    LinuxVirtualMachineSourceImageReference,
)
from cdktf_cdktf_provider_azurerm.network_interface import (
    NetworkInterface,
    NetworkInterfaceIpConfiguration,
)
from cdktf_cdktf_provider_azurerm.network_interface_application_security_group_association import (
    NetworkInterfaceApplicationSecurityGroupAssociation,
)
from cdktf_cdktf_provider_azurerm.network_interface_security_group_association import (
    NetworkInterfaceSecurityGroupAssociation,
)
from cdktf_cdktf_provider_azurerm.network_security_group import NetworkSecurityGroup
from cdktf_cdktf_provider_azurerm.network_security_rule import NetworkSecurityRule
from cdktf_cdktf_provider_azurerm.public_ip import PublicIp
from cdktf_cdktf_provider_azurerm.user_assigned_identity import UserAssignedIdentity
from constructs import Construct

from trunkline.clouds.azure.facts import DISK, SIZES, has_trusted_launch
from trunkline.clouds.base import (
    GroupSpec,
    Machine,
    MachineGroup,
    MachineSpec,
    SiteNetwork,
    replacement,
)
from trunkline.payload import Firewall, Rule, Transit, user_data

# https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview: 100 to 4096.
LAST_PRIORITY = 4096

# Azure makes no Linux machine without a login key, and nobody is to log in. The 32 bytes of this
# Ed25519 key are a hash, so nobody knows its private half; the payload masks sshd besides, and no
# port is open for it. A test derives the key again.
NOBODYS_KEY_SEED = b"trunkline: nobody holds the private key 1"
LOGIN = "nobody-logs-in"


class AzureMachineGroup(MachineGroup):
    """Virtual machines with one identity and one network security group."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        spec: GroupSpec,
        network: SiteNetwork,
        where: Mapping[str, Any],
    ) -> None:
        """`where` are the arguments that all resources share: resource group, location, tags."""
        super().__init__(scope, id, spec, network)
        self._where = where
        self.security_group = self._make_security_group()
        self._user_identity = self._make_identity()

    def machine(self, id: str, spec: MachineSpec) -> Machine:
        text = user_data(spec.units)
        address = PublicIp(
            self.scope,
            f"{id}-address",
            name=spec.name,
            allocation_method="Static",
            sku="Standard",
            zones=[spec.zone],
            **self._where,
        )
        interface, association = self._interface(id, spec, str(address.id))
        size = self.spec.size or SIZES.default
        # Both images are of generation 2 and signed, as Trusted Launch demands:
        # https://lists.debian.org/debian-cloud/2025/11/msg00014.html
        trusted = True if has_trusted_launch(size) else None
        machine = LinuxVirtualMachine(
            self.scope,
            id,
            name=spec.name,
            zone=spec.zone,
            size=size,
            network_interface_ids=[interface],
            admin_username=LOGIN,
            admin_ssh_key=[
                LinuxVirtualMachineAdminSshKey(username=LOGIN, public_key=nobodys_public_key())
            ],
            disable_password_authentication=True,
            allow_extension_operations=False,
            # Its console, kept by the platform: there is no other way to see why it does not boot.
            boot_diagnostics=LinuxVirtualMachineBootDiagnostics(),
            secure_boot_enabled=trusted,
            vtpm_enabled=trusted,
            os_disk=LinuxVirtualMachineOsDisk(caching="ReadWrite", storage_account_type=DISK.kind),
            source_image_reference=LinuxVirtualMachineSourceImageReference(
                publisher="Debian",
                offer="debian-13",
                sku="13-arm64" if SIZES.is_arm(size) else "13-gen2",
                version="latest",
            ),
            identity=self._user_identity,
            # Not user_data: only a change of custom_data replaces the machine.
            lifecycle=TerraformResourceLifecycle(
                replace_triggered_by=[replacement(self.scope, id, text, spec.replaced_with)]
            ),
            custom_data=base64.b64encode(text.encode()).decode(),
            depends_on=[*self.depends_on, association],
            **self._where,
        )
        return Machine(
            id=machine.id,
            public_address=address.ip_address,
            private_address=machine.private_ip_address,
            next_hop=machine.private_ip_address if spec.forwards else "",
        )

    def _interface(
        self, id: str, spec: MachineSpec, address: str
    ) -> tuple[str, NetworkInterfaceSecurityGroupAssociation]:
        """The interface's id, and what puts it under the group's rules."""
        interface = NetworkInterface(
            self.scope,
            f"{id}-interface",
            name=spec.name,
            ip_forwarding_enabled=True if spec.forwards else None,
            ip_configuration=[
                NetworkInterfaceIpConfiguration(
                    name="primary",
                    subnet_id=self.network.subnets[spec.zone],
                    private_ip_address_allocation="Dynamic",
                    public_ip_address_id=address,
                )
            ],
            **self._where,
        )
        interface_id = str(interface.id)
        for key, group in self.spec.security_groups.items():
            NetworkInterfaceApplicationSecurityGroupAssociation(
                self.scope,
                f"{id}-interface-joins-{key}",
                network_interface_id=interface_id,
                application_security_group_id=group,
            )
        association = NetworkInterfaceSecurityGroupAssociation(
            self.scope,
            f"{id}-interface-security-group",
            network_interface_id=interface_id,
            network_security_group_id=self.security_group,
        )
        return interface_id, association

    def _make_identity(self) -> LinuxVirtualMachineIdentity | None:
        """The machines' identity; without a secret to read they need none."""
        if not self.spec.secrets:
            return None
        identity = UserAssignedIdentity(
            self.scope, f"{self.id}-identity", name=self.spec.name, **self._where
        )
        self.identity = str(identity.principal_id)
        # A vault takes one policy for an identity, whatever the number of secrets.
        for secret in {secret.id: secret for secret in self.spec.secrets}.values():
            grant = KeyVaultAccessPolicyA(
                self.scope,
                f"{self.id}-read-{secret.name}",
                key_vault_id=secret.id,
                tenant_id=identity.tenant_id,
                object_id=self.identity,
                secret_permissions=["Get"],
            )
            self.depends_on.append(grant)
        return LinuxVirtualMachineIdentity(type="UserAssigned", identity_ids=[identity.id])

    def _make_security_group(self) -> str:
        group = NetworkSecurityGroup(
            self.scope, f"{self.id}-security-group", name=self.spec.name, **self._where
        )
        group_name = str(group.name)
        for key, priority, rule in _security_rules(self.spec.firewall):
            made = NetworkSecurityRule(
                self.scope,
                f"{self.id}-{key}",
                name=key,
                priority=priority,
                resource_group_name=self._where["resource_group_name"],
                network_security_group_name=group_name,
                **rule,
            )
            self.depends_on.append(made)
        return str(group.id)


def _security_rules(firewall: Firewall) -> Iterator[tuple[str, int, dict[str, object]]]:
    """Key, priority and arguments of every rule; the last of each direction denies the rest."""
    for direction, rules in (("Inbound", firewall.ingress), ("Outbound", firewall.egress)):
        taken: set[int] = set()
        for rule in rules:
            priority = _priority(rule.name, taken)
            taken.add(priority)
            yield f"{direction.lower()}-{rule.name}", priority, _allow(direction, rule)
        if transit := firewall.transit:
            key = f"{direction.lower()}-networks"
            yield key, _priority("networks", taken), _forwarded(direction, transit)
        deny = _rule(direction, "Deny", "*", "*", ["*"])
        yield f"{direction.lower()}-deny", LAST_PRIORITY, deny


def _priority(name: str, taken: Collection[int]) -> int:
    """From the name, so that another rule moves none: Azure takes no two of one priority."""
    digest = hashlib.sha256(name.encode()).digest()
    first = int.from_bytes(digest[:4], "big")
    numbers = (100 + (first + step) % (LAST_PRIORITY - 100) for step in count())
    return next(number for number in numbers if number not in taken)


def _allow(direction: str, rule: Rule) -> dict[str, object]:
    return _rule(direction, "Allow", rule.protocol.title(), str(rule.port), list(rule.cidrs))


def _forwarded(direction: str, transit: Transit) -> dict[str, object]:
    """In what goes from the network to others, out what goes to the network from anywhere."""
    rule = _rule(direction, "Allow", "*", "*", [transit.own])
    if direction == "Outbound":
        return rule
    del rule["destination_address_prefix"]
    return {**rule, "destination_address_prefixes": list(transit.others)}


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
