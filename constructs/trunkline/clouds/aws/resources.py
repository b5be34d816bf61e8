"""Amazon Web Services."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence

from cdktf import Fn, TerraformLocal, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.data_aws_ami import DataAwsAmi, DataAwsAmiFilter
from cdktf_cdktf_provider_aws.data_aws_availability_zones import (
    DataAwsAvailabilityZones,
    DataAwsAvailabilityZonesFilter,
)
from cdktf_cdktf_provider_aws.data_aws_ec2_instance_type_offerings import (
    DataAwsEc2InstanceTypeOfferings,
    DataAwsEc2InstanceTypeOfferingsFilter,
)
from cdktf_cdktf_provider_aws.data_aws_subnet import DataAwsSubnet
from cdktf_cdktf_provider_aws.data_aws_vpc import DataAwsVpc
from cdktf_cdktf_provider_aws.default_security_group import DefaultSecurityGroup
from cdktf_cdktf_provider_aws.eip import Eip
from cdktf_cdktf_provider_aws.iam_instance_profile import IamInstanceProfile
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.instance import (
    Instance,
    InstanceMetadataOptions,
    InstanceRootBlockDevice,
)
from cdktf_cdktf_provider_aws.internet_gateway import InternetGateway
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderAssumeRole
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.route_table import RouteTable
from cdktf_cdktf_provider_aws.route_table_association import RouteTableAssociation
from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from cdktf_cdktf_provider_aws.subnet import Subnet
from cdktf_cdktf_provider_aws.vpc import Vpc
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from trunkline.addresses.subnets import subnet_cidr
from trunkline.clouds.aws.secret import secret_source
from trunkline.clouds.base import (
    Cloud,
    Firewall,
    Machine,
    MachineSpec,
    Network,
    Secret,
    lookups,
    replacement,
    rules_by_cidr,
    short_name,
)
from trunkline.errors import ConfigurationError
from trunkline.model import ExistingNetwork, NewNetwork, Site
from trunkline.terraform.escape import escape

# The account of the Debian project: https://wiki.debian.org/Cloud/AmazonEC2Image
DEBIAN_OWNER = "136693071363"
DEBIAN_IMAGES = ["debian-13-amd64-*", "debian-13-arm64-*"]

# Cheapest first. Some zones lack the newer ones (use1-az3 has no t4g), and account by account a
# zone name stands for another place, so Terraform asks what the zone offers.
DEFAULT_SIZES = ("t4g.micro", "t3.micro", "t2.micro")

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html
USER_DATA_LIMIT = 16_384

# Terraform compresses with Go's default level, which is that of zlib; its bytes differ a little.
COMPRESSION, OTHER_COMPRESSOR = 6, 1.03


class Aws(Cloud):
    """VPC, Parameter Store and EC2."""

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

    def _find_network(self, network: ExistingNetwork, zones: Sequence[str]) -> Network:
        vpc = network.id
        if vpc is None:
            tags = {"Name": escape(network.name or "")}
            vpc = DataAwsVpc(self.scope, "vpc", tags=tags).id
        return Network(
            id=vpc, subnets={zone: self._find_subnet(network, vpc, zone) for zone in zones}
        )

    def _find_subnet(self, network: ExistingNetwork, vpc: str, zone: str) -> str:
        declared = network.subnet_of(zone)
        if declared:
            return declared
        return str(
            DataAwsSubnet(self.scope, f"subnet-{zone}", vpc_id=vpc, availability_zone=zone).id
        )

    def _make_network(self, network: NewNetwork, zones: Sequence[str]) -> Network:
        vpc = Vpc(
            self.scope,
            "vpc",
            cidr_block=network.cidr,
            enable_dns_hostnames=True,
            tags=self._named(self.name),
        )
        # Adopted without rules, so that nothing can use it by accident.
        DefaultSecurityGroup(self.scope, "default-security-group", vpc_id=vpc.id)
        routes = self._internet_routes(vpc.id)
        return Network(
            id=vpc.id,
            subnets={zone: self._make_subnet(network, vpc.id, routes, zone) for zone in zones},
        )

    def _internet_routes(self, vpc: str) -> str:
        gateway = InternetGateway(
            self.scope, "internet-gateway", vpc_id=vpc, tags=self._named(self.name)
        )
        table = RouteTable(self.scope, "route-table", vpc_id=vpc, tags=self._named(self.name))
        Route(
            self.scope,
            "internet-route",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
        )
        return str(table.id)

    def _make_subnet(self, network: NewNetwork, vpc: str, routes: str, zone: str) -> str:
        # The zone's letter, not its place in a list, decides its range.
        subnet = Subnet(
            self.scope,
            f"subnet-{zone}",
            vpc_id=vpc,
            availability_zone=zone,
            cidr_block=subnet_cidr(network.cidr, ord(zone[-1]) - ord("a")),
            tags=self._named(f"{self.name}-{zone}"),
        )
        RouteTableAssociation(
            self.scope, f"route-table-{zone}", subnet_id=subnet.id, route_table_id=routes
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
        address = f"data.{found.terraform_resource_type}.{found.friendly_unique_id}"
        return lookups(zones, f"{address}.names", f"{address}.zone_ids")

    def secret(self, id: str, value: str) -> Secret:
        name = f"/trunkline/{self.name}/{id}"
        parameter = SsmParameter(
            self.scope, id, name=name, type="SecureString", value=value, tags=self.tags
        )
        return Secret(id=parameter.arn, source=secret_source(name))

    def machine(self, id: str, spec: MachineSpec, network: Network) -> Machine:
        size, architecture = self._size(id, spec)
        instance = Instance(
            self.scope,
            id,
            ami=self._image(id, architecture),
            instance_type=size,
            subnet_id=network.subnets[spec.zone],
            vpc_security_group_ids=[self._security_group(id, spec, network)],
            associate_public_ip_address=True,
            iam_instance_profile=self._instance_profile(id, spec),
            metadata_options=InstanceMetadataOptions(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            root_block_device=InstanceRootBlockDevice(
                encrypted=True, volume_type="gp3", volume_size=8, tags=self._named(spec.name)
            ),
            user_data_base64=self._user_data(id, spec),
            tags=self._named(spec.name),
            # A new image is no reason to replace a running machine, Debian updates itself; nor is
            # another Terraform that compresses to other bytes.
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["ami", "user_data_base64"],
                replace_triggered_by=[replacement(self.scope, id, spec)],
            ),
        )
        return Machine(
            id=instance.id,
            public_address=self._public_address(id, spec, instance),
            private_address=instance.private_ip,
        )

    def _user_data(self, id: str, spec: MachineSpec) -> str:
        """The user data, which Terraform compresses: AWS takes little, cloud-init unpacks it.

        It stands in the stack as text, for whoever reads it.
        """
        text = spec.payload.user_data()
        size = len(gzip.compress(text.encode(), COMPRESSION)) * OTHER_COMPRESSOR
        if size > USER_DATA_LIMIT:
            raise ConfigurationError(
                f"the user data of {spec.name} take about {size:.0f} bytes compressed, and AWS "
                f"takes {USER_DATA_LIMIT}; {spec.payload.remedy}"
            )
        local = TerraformLocal(self.scope, f"{id}-text", escape(text))
        return str(Fn.base64gzip(local.as_string))

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

    def _size(self, id: str, spec: MachineSpec) -> tuple[str, str]:
        """The instance type and its architecture, as Terraform expressions or plain strings."""
        if spec.size:
            return spec.size, _architecture(spec.size)
        offered = DataAwsEc2InstanceTypeOfferings(
            self.scope,
            f"{id}-offerings",
            location_type="availability-zone",
            filter=[
                DataAwsEc2InstanceTypeOfferingsFilter(name="location", values=[spec.zone]),
                DataAwsEc2InstanceTypeOfferingsFilter(
                    name="instance-type", values=list(DEFAULT_SIZES)
                ),
            ],
        )
        types = (
            f"data.{offered.terraform_resource_type}.{offered.friendly_unique_id}.instance_types"
        )
        first = f"[for t in {json.dumps(DEFAULT_SIZES)} : t if contains({types}, t)][0]"
        architectures = json.dumps({size: _architecture(size) for size in DEFAULT_SIZES})
        return f"${{{first}}}", f"${{{architectures}[{first}]}}"

    def _image(self, id: str, architecture: str) -> str:
        image = DataAwsAmi(
            self.scope,
            f"{id}-image",
            owners=[DEBIAN_OWNER],
            most_recent=True,
            filter=[
                DataAwsAmiFilter(name="name", values=DEBIAN_IMAGES),
                DataAwsAmiFilter(name="architecture", values=[architecture]),
            ],
        )
        return str(image.id)

    def _security_group(self, id: str, spec: MachineSpec, network: Network) -> str:
        group = SecurityGroup(
            self.scope,
            f"{id}-security-group",
            name=spec.name,
            description=f"What may reach {spec.name}, and what it may reach",
            vpc_id=network.id,
            tags=self._named(spec.name),
        )
        self._rules(id, str(group.id), spec.firewall)
        return str(group.id)

    def _rules(self, id: str, group: str, firewall: Firewall) -> None:
        for direction, rules, kind in (
            ("from", firewall.ingress, VpcSecurityGroupIngressRule),
            ("to", firewall.egress, VpcSecurityGroupEgressRule),
        ):
            for key, (rule, cidr) in rules_by_cidr(rules).items():
                kind(
                    self.scope,
                    f"{id}-{direction}-{key}",
                    security_group_id=group,
                    description=f"{rule.name} {direction} {cidr}",
                    ip_protocol=rule.protocol,
                    from_port=rule.port,
                    to_port=rule.port,
                    cidr_ipv4=cidr,
                    tags=self.tags,
                )

    def _instance_profile(self, id: str, spec: MachineSpec) -> str | None:
        """The machine's identity; without a secret to read it needs none."""
        if spec.secret is None:
            return None
        name = short_name(spec.name, 64)
        role = IamRole(
            self.scope,
            f"{id}-role",
            name=name,
            assume_role_policy=_policy(
                "sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"}
            ),
            tags=self.tags,
        )
        IamRolePolicy(
            self.scope,
            f"{id}-read-secret",
            name="read-secret",
            role=role.id,
            policy=_policy("ssm:GetParameter", Resource=spec.secret.id),
        )
        profile = IamInstanceProfile(
            self.scope, f"{id}-profile", name=name, role=role.name, tags=self.tags
        )
        return str(profile.name)

    def _named(self, name: str) -> dict[str, str]:
        return {**self.tags, "Name": name}


def _policy(action: str, **who: object) -> str:
    statement = {"Effect": "Allow", "Action": action, **who}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _architecture(size: str) -> str:
    """`arm64` for Graviton families, whose name has a g after the generation; else `x86_64`.

    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    """
    return "arm64" if re.match(r"(a1|[a-z]+\d+g[a-z]*)\.", size) else "x86_64"
