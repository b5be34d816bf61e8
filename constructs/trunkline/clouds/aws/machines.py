"""EC2 machines that are alike: one role, one security group and one image lookup for all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping

from cdktf import Precondition, TerraformLocal, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_ami import DataAwsAmi, DataAwsAmiFilter
from cdktf_cdktf_provider_aws.data_aws_ec2_instance_type_offerings import (
    DataAwsEc2InstanceTypeOfferings,
    DataAwsEc2InstanceTypeOfferingsFilter,
)
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.instance import (
    Instance,
    InstanceMetadataOptions,
    InstanceRootBlockDevice,
)
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from trunkline.addresses.base import short_name
from trunkline.clouds.aws.facts import DISK, SIZES
from trunkline.clouds.base import (
    GroupSpec,
    Machine,
    MachineGroup,
    MachineSpec,
    SiteNetwork,
    replacement,
    rules_by_cidr,
)
from trunkline.errors import ConfigurationError
from trunkline.payload import Transit, user_data
from trunkline.terraform.escape import escape

# The account of the Debian project: https://wiki.debian.org/Cloud/AmazonEC2Image
DEBIAN_OWNER = "136693071363"
DEBIAN_IMAGES = ["debian-13-amd64-*", "debian-13-arm64-*"]

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
USER_DATA_LIMIT = 16_384

# Terraform compresses with Go's default level, which is that of zlib; its bytes differ a little.
COMPRESSION, OTHER_COMPRESSOR = 6, 1.03


class AwsMachineGroup(MachineGroup):
    """Instances with one profile and one security group."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        spec: GroupSpec,
        network: SiteNetwork,
        tags: Mapping[str, str],
    ) -> None:
        super().__init__(scope, id, spec, network)
        self.tags = dict(tags)
        self.security_group = self._make_security_group()
        self._profile = self._make_profile()
        self._sizes, self._images = self._choose()

    def machine(self, id: str, spec: MachineSpec) -> Machine:
        text = user_data(spec.units)
        instance = Instance(
            self.scope,
            id,
            ami=self._images[spec.zone],
            instance_type=self._sizes[spec.zone],
            subnet_id=self.network.subnets[spec.zone],
            vpc_security_group_ids=[self.security_group, *self.spec.security_groups.values()],
            associate_public_ip_address=True,
            source_dest_check=False if spec.forwards else None,
            iam_instance_profile=self._profile,
            metadata_options=InstanceMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            root_block_device=InstanceRootBlockDevice(
                encrypted=True,
                volume_type=DISK.kind,
                volume_size=DISK.gib,
                tags=self._named(spec.name),
            ),
            user_data_base64=self._compressed(id, spec, text),
            depends_on=self.depends_on,
            tags=self._named(spec.name),
            # A new image is no reason to replace a running machine, Debian updates itself; nor is
            # another Terraform that compresses to other bytes.
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["ami", "user_data_base64"],
                replace_triggered_by=[replacement(self.scope, id, text, spec.replaced_with)],
                precondition=self._offers(spec.zone),
            ),
        )
        return Machine(
            id=instance.id,
            public_address=self._public_address(id, spec, instance),
            private_address=instance.private_ip,
            next_hop=instance.primary_network_interface_id if spec.forwards else "",
        )

    def _offers(self, zone: str) -> list[Precondition] | None:
        """What Terraform says where a zone has none of the default sizes."""
        if self.spec.size:
            return None
        size = self._sizes[zone].removeprefix("${").removesuffix("}")
        return [
            Precondition(
                condition=f'${{{size} != ""}}',
                error_message=(
                    f"The zone {zone} offers none of the sizes {', '.join(SIZES.defaults)}. "
                    "Choose another zone, or name a size that it offers."
                ),
            )
        ]

    def _compressed(self, id: str, spec: MachineSpec, text: str) -> str:
        """The user data, which Terraform compresses: AWS takes little, cloud-init unpacks it.

        The stack holds it as text, so that people can read it.
        """
        size = len(gzip.compress(text.encode(), COMPRESSION)) * OTHER_COMPRESSOR
        if size > USER_DATA_LIMIT:
            raise ConfigurationError(
                f"the user data of {spec.name} take about {size:.0f} bytes compressed, and AWS "
                f"takes {USER_DATA_LIMIT}; {spec.remedy}"
            )
        local = TerraformLocal(self.scope, f"{id}-text", escape(text))
        return f"${{base64gzip(local.{local.friendly_unique_id})}}"

    def _public_address(self, id: str, spec: MachineSpec, instance: Instance) -> str:
        if not spec.static_address:
            return str(instance.public_ip)
        address = Eip(
            self.scope,
            f"{id}-address",
            domain="vpc",
            instance=instance.id,
            tags=self._named(spec.name),
        )
        return str(address.public_ip)

    def _choose(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Instance type and image of each zone, as Terraform expressions or plain strings."""
        zones = list(self.network.subnets)
        if self.spec.size:
            image = self._image(_architecture(self.spec.size))
            return dict.fromkeys(zones, self.spec.size), dict.fromkeys(zones, f"${{{image}}}")
        table = self._offered_sizes(zones)
        architectures = {size: _architecture(size) for size in SIZES.defaults}
        images = {each: self._image(each) for each in sorted(set(architectures.values()))}
        image_of = ", ".join(
            f"{json.dumps(size)} = {images[architecture]}"
            for size, architecture in architectures.items()
        )
        sizes = {zone: f"{table}[{json.dumps(zone)}]" for zone in zones}
        return (
            {zone: f"${{{size}}}" for zone, size in sizes.items()},
            # A zone without a fitting size gets no image; a precondition says so.
            {zone: f'${{lookup({{{image_of}}}, {size}, "")}}' for zone, size in sizes.items()},
        )

    def _offered_sizes(self, zones: list[str]) -> str:
        """A table of the first default size that each zone offers, as the name of a local value.

        A zone's name means another place in each account, so Terraform asks what it offers.
        """
        offered = DataAwsEc2InstanceTypeOfferings(
            self.scope,
            f"{self.id}-offerings",
            location_type="availability-zone",
            filter=[
                DataAwsEc2InstanceTypeOfferingsFilter(name="location", values=zones),
                DataAwsEc2InstanceTypeOfferingsFilter(
                    name="instance-type", values=list(SIZES.defaults)
                ),
            ],
        )
        data = f"data.aws_ec2_instance_type_offerings.{offered.friendly_unique_id}"
        there = f"[for i, place in {data}.locations : {data}.instance_types[i] if place == zone]"
        offers = f"[for size in {json.dumps(SIZES.defaults)} : size if contains({there}, size)]"
        first = f'try({offers}[0], "")'  # a precondition of the machine says where there is none
        table = f"${{{{for zone in {json.dumps(zones)} : zone => {first}}}}}"
        local = TerraformLocal(self.scope, f"{self.id}-sizes", table)
        return f"local.{local.friendly_unique_id}"

    def _image(self, architecture: str) -> str:
        """The newest Debian image of an architecture: the address of its id."""
        image = DataAwsAmi(
            self.scope,
            f"{self.id}-image-{architecture}",
            owners=[DEBIAN_OWNER],
            most_recent=True,
            filter=[
                DataAwsAmiFilter(name="name", values=DEBIAN_IMAGES),
                DataAwsAmiFilter(name="architecture", values=[architecture]),
            ],
        )
        return f"data.aws_ami.{image.friendly_unique_id}.id"

    def _make_security_group(self) -> str:
        name = self.spec.name
        group = SecurityGroup(
            self.scope,
            f"{self.id}-security-group",
            name=name,
            description=f"What may reach {name}, and what it may reach",
            vpc_id=self.network.id,
            tags=self._named(name),
        )
        group_id = str(group.id)
        self._add_rules(group_id)
        return group_id

    def _add_rules(self, group: str) -> None:
        for direction, rules, kind in (
            ("from", self.spec.firewall.ingress, VpcSecurityGroupIngressRule),
            ("to", self.spec.firewall.egress, VpcSecurityGroupEgressRule),
        ):
            for key, (rule, cidr) in rules_by_cidr(rules).items():
                made = kind(
                    self.scope,
                    f"{self.id}-{direction}-{key}",
                    security_group_id=group,
                    description=f"{rule.name} {direction} {cidr}",
                    ip_protocol=rule.protocol,
                    from_port=rule.port,
                    to_port=rule.port,
                    cidr_ipv4=cidr,
                    tags=self.tags,
                )
                self.depends_on.append(made)
        if transit := self.spec.firewall.transit:
            self._add_transit(group, transit)

    def _add_transit(self, group: str, transit: Transit) -> None:
        """All of the network: a security group's rule does not know where a packet goes on to."""
        for direction, kind in (
            ("from", VpcSecurityGroupIngressRule),
            ("to", VpcSecurityGroupEgressRule),
        ):
            made = kind(
                self.scope,
                f"{self.id}-{direction}-networks",
                security_group_id=group,
                description=f"forwarded {direction} {transit.own}",
                ip_protocol="-1",
                cidr_ipv4=transit.own,
                tags=self.tags,
            )
            self.depends_on.append(made)

    def _make_profile(self) -> str | None:
        """The machines' identity; without a secret to read they need none."""
        if not self.spec.secrets:
            return None
        name = short_name(self.spec.name, 64)
        role = IamRole(
            self.scope,
            f"{self.id}-role",
            name=name,
            assume_role_policy=_policy(
                "sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"}
            ),
            tags=self.tags,
        )
        grant = IamRolePolicy(
            self.scope,
            f"{self.id}-read-secret",
            name="read-secret",
            role=role.id,
            policy=_policy(
                "ssm:GetParameter", Resource=[secret.id for secret in self.spec.secrets]
            ),
        )
        self.depends_on.append(grant)
        self.identity = str(role.name)
        profile = IamInstanceProfile(
            self.scope, f"{self.id}-profile", name=name, role=self.identity, tags=self.tags
        )
        return str(profile.name)

    def _named(self, name: str) -> dict[str, str]:
        return {**self.tags, "Name": name}


def _policy(action: str, **who: object) -> str:
    statement = {"Effect": "Allow", "Action": action, **who}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _architecture(size: str) -> str:
    """The architecture as Amazon's images name it."""
    return "arm64" if SIZES.is_arm(size) else "x86_64"
