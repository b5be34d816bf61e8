"""Compute Engine machines that are alike: one service account and one set of firewall rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files

from cdktf import ITerraformDependable, TerraformResourceLifecycle
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
from cdktf_cdktf_provider_google.secret_manager_secret_iam_member import (
    SecretManagerSecretIamMember,
)
from cdktf_cdktf_provider_google.service_account import ServiceAccount
from constructs import Construct

from trunkline.addresses.base import short_name
from trunkline.clouds.base import (
    GroupSpec,
    Machine,
    MachineGroup,
    MachineSpec,
    SiteNetwork,
    replacement,
)
from trunkline.clouds.google.facts import DISK, SIZES
from trunkline.payload import ANYWHERE, Firewall, Rule, Transit, user_data
from trunkline.terraform.escape import escape


class GoogleMachineGroup(MachineGroup):
    """Instances with one service account, which the firewall rules are for."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        spec: GroupSpec,
        network: SiteNetwork,
        labels: Mapping[str, str],
        region: str,
        services: Sequence[ITerraformDependable],
    ) -> None:
        super().__init__(scope, id, spec, network)
        self._labels = dict(labels)
        self._region = region
        self.identity = self._make_identity(services)
        self._add_rules()

    def machine(self, id: str, spec: MachineSpec) -> Machine:
        text = user_data(spec.units)
        instance = ComputeInstance(
            self.scope,
            id,
            name=spec.name,
            zone=spec.zone,
            machine_type=self.spec.size or SIZES.default,
            boot_disk=self._boot_disk(),
            network_interface=[self._interface(id, spec)],
            metadata=_metadata(text),
            service_account=ComputeInstanceServiceAccount(
                email=self.identity, scopes=["cloud-platform"]
            ),
            shielded_instance_config=ComputeInstanceShieldedInstanceConfig(
                enable_secure_boot=True, enable_vtpm=True, enable_integrity_monitoring=True
            ),
            can_ip_forward=True if spec.forwards else None,
            allow_stopping_for_update=True,
            labels=self._labels,
            tags=list(self.spec.security_groups.values()) or None,
            depends_on=self.depends_on,
            # Google would only update the metadata of a machine that runs.
            lifecycle=TerraformResourceLifecycle(
                replace_triggered_by=[replacement(self.scope, id, text, spec.replaced_with)]
            ),
        )
        # One call each; the binding's own way, by the objects in between, takes three and two.
        interface = "network_interface[0]"
        return Machine(
            id=instance.id,
            public_address=instance.get_string_attribute(f"{interface}.access_config[0].nat_ip"),
            private_address=instance.get_string_attribute(f"{interface}.network_ip"),
            next_hop=instance.id if spec.forwards else "",
        )

    def _boot_disk(self) -> ComputeInstanceBootDisk:
        """Debian stable; Google encrypts every disk."""
        size = self.spec.size or SIZES.default
        family = "debian-13-arm64" if SIZES.is_arm(size) else "debian-13"
        return ComputeInstanceBootDisk(
            initialize_params=ComputeInstanceBootDiskInitializeParams(
                image=f"projects/debian-cloud/global/images/family/{family}",
                size=DISK.gib,
                type=None if (kind := DISK.kind_of(size)) == DISK.kind else kind,
            )
        )

    def _interface(self, id: str, spec: MachineSpec) -> ComputeInstanceNetworkInterface:
        address = None
        if spec.static_address:
            address = ComputeAddress(
                self.scope, f"{id}-address", name=spec.name, region=self._region
            ).address
        return ComputeInstanceNetworkInterface(
            subnetwork=self.network.subnets[spec.zone],
            access_config=[ComputeInstanceNetworkInterfaceAccessConfig(nat_ip=address)],
        )

    def _make_identity(self, services: Sequence[ITerraformDependable]) -> str:
        """The e-mail address of a service account that may read the group's secrets."""
        identity = ServiceAccount(
            self.scope,
            f"{self.id}-identity",
            # 6 to 30 characters: https://cloud.google.com/iam/docs/service-accounts-create
            account_id=short_name(self.spec.name, 30),
            display_name=self.spec.name,
            depends_on=list(services),
        )
        email = str(identity.email)
        for secret in self.spec.secrets:
            grant = SecretManagerSecretIamMember(
                self.scope,
                f"{self.id}-read-{secret.name}",
                secret_id=secret.id,
                role="roles/secretmanager.secretAccessor",
                member=f"serviceAccount:{email}",
            )
            self.depends_on.append(grant)
        return email

    def _add_rules(self) -> None:
        """Rules for these machines only; what they do not let pass is denied.

        Google denies ingress itself, but a network that exists may have rules for all its machines,
        as the default network does (priority 65,534).
        """
        name = self.spec.name
        common = {"network": self.network.id, "target_service_accounts": [self.identity]}
        for direction, ranges, rules in _directions(self.spec.firewall):
            denial = ComputeFirewall(
                self.scope,
                f"{self.id}-deny-{direction.lower()}",
                name=short_name(f"{name}-deny-{direction.lower()}", 63),
                direction=direction,
                priority=65_000,
                deny=[ComputeFirewallDeny(protocol="all")],
                **{ranges: list(ANYWHERE)},
                **common,
            )
            self.depends_on.append(denial)
            for rule in rules:
                made = ComputeFirewall(
                    self.scope,
                    f"{self.id}-{direction.lower()}-{rule.name}",
                    name=short_name(f"{name}-{direction.lower()}-{rule.name}", 63),
                    direction=direction,
                    allow=[ComputeFirewallAllow(protocol=rule.protocol, ports=[str(rule.port)])],
                    **{ranges: list(rule.cidrs)},
                    **common,
                )
                self.depends_on.append(made)
        if transit := self.spec.firewall.transit:
            self._add_transit(transit)

    def _add_transit(self, transit: Transit) -> None:
        """In what goes from the network to others, out what goes to the network from anywhere."""
        inward = {"source_ranges": [transit.own], "destination_ranges": list(transit.others)}
        outward = {"destination_ranges": [transit.own]}
        for direction, ranges in (("INGRESS", inward), ("EGRESS", outward)):
            made = ComputeFirewall(
                self.scope,
                f"{self.id}-{direction.lower()}-networks",
                name=short_name(f"{self.spec.name}-{direction.lower()}-networks", 63),
                network=self.network.id,
                target_service_accounts=[self.identity],
                direction=direction,
                allow=[ComputeFirewallAllow(protocol="all")],
                **ranges,
            )
            self.depends_on.append(made)


def _directions(firewall: Firewall) -> Iterable[tuple[str, str, tuple[Rule, ...]]]:
    """Each direction in Google's words: its name, its key for ranges, and its rules."""
    return (
        ("INGRESS", "source_ranges", firewall.ingress),
        ("EGRESS", "destination_ranges", firewall.egress),
    )


def _metadata(user_data: str) -> dict[str, str]:
    startup = files("trunkline.clouds.google").joinpath("startup.sh").read_text("utf-8")
    return {
        "user-data": escape(user_data),
        "startup-script": escape(startup),
        "block-project-ssh-keys": "TRUE",
        "enable-oslogin": "TRUE",
        "serial-port-enable": "FALSE",
    }
