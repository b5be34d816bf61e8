"""Google Cloud."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_google.compute_address import ComputeAddress
from cdktf_cdktf_provider_google.compute_firewall import (
    ComputeFirewall,
    ComputeFirewallAllow,
    ComputeFirewallDeny,
)
from cdktf_cdktf_provider_google.compute_instance import (
    ComputeInstance,
    ComputeInstanceBootDisk,
    ComputeInstanceBootDiskInitializeParams,
    ComputeInstanceNetworkInterface,
    ComputeInstanceNetworkInterfaceAccessConfig,
    ComputeInstanceServiceAccount,
    ComputeInstanceShieldedInstanceConfig,
)
from cdktf_cdktf_provider_google.compute_network import ComputeNetwork
from cdktf_cdktf_provider_google.compute_subnetwork import ComputeSubnetwork
from cdktf_cdktf_provider_google.data_google_compute_subnetwork import DataGoogleComputeSubnetwork
from cdktf_cdktf_provider_google.project_service import ProjectService
from cdktf_cdktf_provider_google.provider import GoogleProvider
from cdktf_cdktf_provider_google.secret_manager_secret import (
    SecretManagerSecret,
    SecretManagerSecretReplication,
    SecretManagerSecretReplicationAuto,
)
from cdktf_cdktf_provider_google.secret_manager_secret_iam_member import (
    SecretManagerSecretIamMember,
)
from cdktf_cdktf_provider_google.secret_manager_secret_version import SecretManagerSecretVersion
from cdktf_cdktf_provider_google.service_account import ServiceAccount
from constructs import Construct

from trunkline.addresses.subnets import subnet_cidr
from trunkline.clouds.base import (
    ANYWHERE,
    Cloud,
    Firewall,
    Machine,
    MachineSpec,
    Network,
    Rule,
    Secret,
    replacement,
    short_name,
)
from trunkline.clouds.google.secret import secret_source
from trunkline.model import ExistingNetwork, NewNetwork, Site
from trunkline.payload import packaged
from trunkline.terraform.escape import escape

DEFAULT_SIZE = "e2-micro"
SERVICES = ("compute", "iam", "secretmanager")


class Google(Cloud):
    """VPC network, Secret Manager and Compute Engine; one subnetwork serves every zone."""

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
        return [
            ProjectService(
                self.scope,
                f"service-{service}",
                service=f"{service}.googleapis.com",
                disable_on_destroy=False,
            )
            for service in SERVICES
        ]

    def _find_network(self, network: ExistingNetwork, zones: Sequence[str]) -> Network:
        subnet = DataGoogleComputeSubnetwork(
            self.scope,
            "subnet",
            name=network.subnet_of(zones[0]),
            region=self.site.region,
            depends_on=self._services,
        )
        return Network(id=subnet.network, subnets=dict.fromkeys(zones, str(subnet.self_link)))

    def _make_network(self, network: NewNetwork, zones: Sequence[str]) -> Network:
        vpc = ComputeNetwork(
            self.scope,
            "network",
            name=self.name,
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
            depends_on=self._services,
        )
        subnet = ComputeSubnetwork(
            self.scope,
            "subnet",
            name=self.name,
            region=self.site.region,
            network=vpc.id,
            ip_cidr_range=subnet_cidr(network.cidr, 0),
            private_ip_google_access=True,
        )
        return Network(id=vpc.id, subnets=dict.fromkeys(zones, str(subnet.id)))

    def secret(self, id: str, value: str) -> Secret:
        name = f"{self.name}-{id}"
        secret = SecretManagerSecret(
            self.scope,
            id,
            secret_id=name,
            labels=self.tags,
            replication=SecretManagerSecretReplication(auto=SecretManagerSecretReplicationAuto()),
            depends_on=self._services,
        )
        SecretManagerSecretVersion(self.scope, f"{id}-version", secret=secret.id, secret_data=value)
        return Secret(id=secret.id, source=secret_source(name))

    def machine(self, id: str, spec: MachineSpec, network: Network) -> Machine:
        identity = self._identity(id, spec)
        self._firewall(id, spec, network, str(identity.email))
        instance = ComputeInstance(
            self.scope,
            id,
            name=spec.name,
            zone=spec.zone,
            machine_type=spec.size or DEFAULT_SIZE,
            boot_disk=self._boot_disk(spec),
            network_interface=[self._interface(id, spec, network)],
            metadata=_metadata(spec.payload.user_data()),
            service_account=ComputeInstanceServiceAccount(
                email=identity.email, scopes=["cloud-platform"]
            ),
            shielded_instance_config=ComputeInstanceShieldedInstanceConfig(
                enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=True
            ),
            allow_stopping_for_update=True,
            labels=self.tags,
            # Google would only update the metadata of a machine that runs.
            lifecycle=TerraformResourceLifecycle(
                replace_triggered_by=[replacement(self.scope, id, spec)]
            ),
        )
        interface = instance.network_interface.get(0)
        return Machine(
            id=instance.id,
            public_address=interface.access_config.get(0).nat_ip,
            private_address=interface.network_ip,
        )

    def _boot_disk(self, spec: MachineSpec) -> ComputeInstanceBootDisk:
        """Debian stable; Google encrypts every disk."""
        family = "debian-13-arm64" if _is_arm(spec.size or DEFAULT_SIZE) else "debian-13"
        return ComputeInstanceBootDisk(
            initialize_params=ComputeInstanceBootDiskInitializeParams(
                image=f"projects/debian-cloud/global/images/family/{family}", size=10
            )
        )

    def _interface(
        self, id: str, spec: MachineSpec, network: Network
    ) -> ComputeInstanceNetworkInterface:
        address = None
        if spec.static_address:
            address = ComputeAddress(
                self.scope, f"{id}-address", name=spec.name, region=self.site.region
            ).address
        return ComputeInstanceNetworkInterface(
            subnetwork=network.subnets[spec.zone],
            access_config=[ComputeInstanceNetworkInterfaceAccessConfig(nat_ip=address)],
        )

    def _identity(self, id: str, spec: MachineSpec) -> ServiceAccount:
        identity = ServiceAccount(
            self.scope,
            f"{id}-identity",
            # 6 to 30 characters: https://cloud.google.com/iam/docs/service-accounts-create
            account_id=short_name(spec.name, 30),
            display_name=spec.name,
            depends_on=self._services,
        )
        if spec.secret:
            SecretManagerSecretIamMember(
                self.scope,
                f"{id}-read-secret",
                secret_id=spec.secret.id,
                role="roles/secretmanager.secretAccessor",
                member=f"serviceAccount:{identity.email}",
            )
        return identity

    def _firewall(self, id: str, spec: MachineSpec, network: Network, identity: str) -> None:
        """Rules for this machine only; Google denies all ingress itself, egress we deny."""
        common = {"network": network.id, "target_service_accounts": [identity]}
        ComputeFirewall(
            self.scope,
            f"{id}-deny-egress",
            name=short_name(f"{spec.name}-deny-egress", 63),
            direction="EGRESS",
            priority=65_000,
            deny=[ComputeFirewallDeny(protocol="all")],
            destination_ranges=list(ANYWHERE),
            **common,
        )
        for direction, ranges, rules in _directions(spec.firewall):
            for rule in rules:
                ComputeFirewall(
                    self.scope,
                    f"{id}-{direction.lower()}-{rule.name}",
                    name=short_name(f"{spec.name}-{direction.lower()}-{rule.name}", 63),
                    direction=direction,
                    allow=[ComputeFirewallAllow(protocol=rule.protocol, ports=[str(rule.port)])],
                    **{ranges: list(rule.cidrs)},
                    **common,
                )


def _directions(firewall: Firewall) -> Iterable[tuple[str, str, tuple[Rule, ...]]]:
    """Each direction in Google's words: its name, its key for ranges, and its rules."""
    return (
        ("INGRESS", "source_ranges", firewall.ingress),
        ("EGRESS", "destination_ranges", firewall.egress),
    )


def _metadata(user_data: str) -> dict[str, str]:
    return {
        "user-data": escape(user_data),
        "startup-script": escape(packaged("google-startup.sh")),
        "block-project-ssh-keys": "TRUE",
        "enable-oslogin": "TRUE",
        "serial-port-enable": "FALSE",
    }


def _is_arm(size: str) -> bool:
    """Arm machine series: https://cloud.google.com/compute/docs/instances/arm-on-compute"""
    return re.match(r"(t2a|c4a|n4a|a4x)-", size) is not None
