"""The end of a link to another cloud that accepts its key: AWS Interconnect - multicloud."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf_cdktf_provider_aws.dx_gateway import DxGateway
from cdktf_cdktf_provider_aws.dx_gateway_association import DxGatewayAssociation
from cdktf_cdktf_provider_aws.route import Route
from cdktf_cdktf_provider_aws.vpn_gateway import VpnGateway
from constructs import Construct

from trunkline.clouds.base import LinkSpec, SiteNetwork, raw_provider, raw_resource
from trunkline.model import Site

# The binding's provider has no such resource; this one is made of CloudFormation's types:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-interconnect-connection.html
SOURCE, VERSION = "hashicorp/awscc", "1.100.0"
CONNECTION = "awscc_interconnect_connection"

# Nobody outside the account sees it; the other cloud has reserved 65515 to 65520.
PRIVATE_ASN = "64512"


def accept_link(
    scope: Construct,
    site: Site,
    network: SiteNetwork,
    link: LinkSpec,
    key: str,
    tags: Mapping[str, str],
) -> None:
    """A connection with the key of the other cloud, and the network's way to it.

    A connection is attached to a Direct Connect gateway alone:
    https://docs.aws.amazon.com/interconnect/latest/api/API_AttachPoint.html
    """
    named = {**tags, "Name": link.name}
    gateway = VpnGateway(scope, "vpn-gateway", vpc_id=network.id, tags=named)
    dx_gateway = DxGateway(scope, "dx-gateway", name=link.name, amazon_side_asn=PRIVATE_ASN)
    DxGatewayAssociation(
        scope,
        "association",
        dx_gateway_id=dx_gateway.id,
        associated_gateway_id=gateway.id,
        allowed_prefixes=[str(site.network.cidr)],
    )
    for table, table_id in network.route_tables.items():
        Route(
            scope,
            f"route-{table}link",
            route_table_id=table_id,
            destination_cidr_block=link.cidr,
            gateway_id=gateway.id,
        )
    _connect(scope, site, str(dx_gateway.id), link, key, named)


def _connect(
    scope: Construct,
    site: Site,
    dx_gateway: str,
    link: LinkSpec,
    key: str,
    tags: Mapping[str, str],
) -> None:
    """The connection itself; its bandwidth is in the key."""
    role = {"role_arn": site.deploy_as} if site.deploy_as else None
    provider = raw_provider(scope, SOURCE, VERSION, region=site.region, assume_role=role)
    raw_resource(
        scope,
        "connection",
        CONNECTION,
        provider,
        {
            "attach_point": {"direct_connect_gateway": dx_gateway},
            "activation_key": key,
            "description": link.name,  # letters, digits, hyphens, underscores and spaces
            "tags": [{"key": name, "value": value} for name, value in tags.items()],
        },
    )
