"""Amazon Web Services, without its binding."""

from __future__ import annotations

from trunkline.clouds.facts import CloudFacts, Prices, Role, Sizes
from trunkline.probing.metadata import MetadataRequest, PhysicalZoneQuery

_REGIONS = (
    "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 "
    "ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 "
    "ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 cn-north-1 cn-northwest-1 "
    "eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 "
    "il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 "
    "us-gov-east-1 us-gov-west-1 us-west-1 us-west-2"
)

SIZES = Sizes(
    # Some zones lack the newer ones: use1-az3 has no t4g.
    defaults=("t4g.micro", "t3.micro", "t2.micro"),
    pattern=r"[a-z][a-z0-9-]*\.[a-z0-9-]+",
    example="t4g.small",
    # Graviton families have a g after the generation; a1 came before that rule:
    # https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    arm=r"(a1|[a-z]+\d+g[a-z]*)\.",
)

PRICES = Prices(
    machines={"t4g.micro": 0.0084, "t4g.small": 0.0168},
    public_ipv4=0.005,
    region="us-east-1",
    source="https://aws.amazon.com/ec2/pricing/on-demand/",
    date="2026",
)

# IMDSv2: a token first, then the AZ ID.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-categories.html
METADATA = PhysicalZoneQuery(
    requests=(
        MetadataRequest(
            method="PUT",
            path="/latest/api/token",
            headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"},
            pattern=r"(?P<token>[!-~]+)",
        ),
        MetadataRequest(
            path="/latest/meta-data/placement/availability-zone-id",
            headers={"X-aws-ec2-metadata-token": "{token}"},
            pattern=r"(?P<zone>[a-z0-9-]+)",
        ),
    ),
    physical_zone="{zone}",
)

FACTS = CloudFacts(
    title="AWS",
    credentials="AWS account {account}",
    regions=frozenset(_REGIONS.split()),
    zone_prefix="{region}",
    physical_zone_example="an AWS AZ ID such as use1-az4",
    metadata=METADATA,
    metadata_hosts=frozenset(("169.254.169.254", "fd00:ec2::254")),
    sizes=SIZES,
    prices=PRICES,
    role=Role(
        pattern=r"arn:(?P<partition>[^:]*):iam::(?P<account>[0-9]*):",
        partitions={"cn-": "aws-cn", "us-gov-": "aws-us-gov", "": "aws"},
        example="arn:{partition}:iam::…",
    ),
    perfkit_cloud="AWS",
)
