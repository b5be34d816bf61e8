"""Amazon Web Services, without its binding."""

from __future__ import annotations

from trunkline.clouds.facts import CloudFacts, ConsoleCommand, Disk, Role, Sizes
from trunkline.probing.metadata import MetadataRequest, PhysicalZoneQuery
from trunkline.terraform.refusals import Refusal

_REGIONS = (
    "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 "
    "ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 "
    "ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 cn-north-1 cn-northwest-1 "
    "eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 "
    "il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 "
    "us-gov-east-1 us-gov-west-1 us-west-1 us-west-2"
)

# An account sees some of these letters only; which is which differs as well:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-regions-availability-zones.html
_ZONE_LETTERS = {
    **dict.fromkeys(_REGIONS.split(), "abc"),
    "ap-northeast-1": "abcd",
    "ap-northeast-2": "abcd",
    "ca-central-1": "abcd",
    "cn-north-1": "abcd",
    "us-east-1": "abcdef",
    "us-west-2": "abcd",
}

# https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html
_FAMILIES = (
    "a1 c1 c3 c4 c5 c5a c5ad c5d c5n c6a c6g c6gd c6gn c6i c6id c6in c7a c7g c7gd c7gn c7i "
    "c7i-flex c8a c8g c8gb c8gd c8gn c8i c8i-flex c8id cc2 d2 d3 d3en dl1 dl2q f1 f2 g4ad g4dn "
    "g5 g5g g6 g6e g6f g7e gr6 gr6f h1 hpc6a hpc6id hpc7a hpc7g hpc8a i2 i3 i3en i4g i4i i7i "
    "i7ie i8g i8ge im4gn inf1 inf2 is4gen m1 m2 m3 m4 m5 m5a m5ad m5d m5dn m5n m5zn m6a m6g "
    "m6gd m6i m6id m6idn m6in m7a m7g m7gd m7i m7i-flex m8a m8g m8gb m8gd m8gn m8i m8i-flex "
    "m8id p2 p3 p3dn p4d p4de p5 p5e p5en p6-b200 p6-b300 p6e-gb200 r3 r4 r5 r5a r5ad r5b r5d "
    "r5dn r5n r6a r6g r6gd r6i r6id r6idn r6in r7a r7g r7gd r7i r7iz r8a r8g r8gb r8gd r8gn r8i "
    "r8i-flex r8id t1 t2 t3 t3a t4g trn1 trn1n trn2 u-3tb1 u-6tb1 u-9tb1 u-12tb1 u-18tb1 "
    "u-24tb1 u7i-6tb u7i-8tb u7i-12tb u7in-16tb u7in-24tb u7in-32tb u7inh-32tb vt1 x1 x1e x2gd "
    "x2idn x2iedn x2iezn x8g z1d"
)

SIZES = Sizes(
    # Some zones lack the newer ones: use1-az3 has no t4g.
    defaults=("t4g.micro", "t3.micro", "t2.micro"),
    pattern=r"[a-z][a-z0-9-]*\.[a-z0-9-]+",
    example="t4g.small",
    usual=(
        rf"({'|'.join(_FAMILIES.split())})"
        r"\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)"
    ),
    common=tuple(
        f"{family}.{size}"
        for family in ("t4g", "t3", "t3a", "t2", "c7g", "c7gn", "c8g", "m7g", "m8g", "c6i", "c7i")
        for size in ("nano", "micro", "small", "medium", "large", "xlarge", "2xlarge")
    ),
    # Graviton families have a g after the generation; a1 came before that rule:
    # https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    arm=r"(a1|[a-z]+\d+g[a-z]*)\.",
)

DISK = Disk(kind="gp3", gib=8)

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

REFUSALS = (
    Refusal(
        r"No valid credential sources found|failed to refresh cached credentials",
        "log in to AWS (aws sso login) and name the profile in AWS_PROFILE, or set "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    Refusal(
        r"ExpiredToken|InvalidClientTokenId|SignatureDoesNotMatch|security token.*(?:invalid|exp)",
        "the credentials of AWS are not valid, or no longer: log in again",
    ),
    Refusal(
        r"AWS account ID not allowed",
        "these credentials are of another AWS account than the site's",
    ),
    Refusal(
        r"UnauthorizedOperation|AccessDenied",
        "give these credentials that permission in AWS, or use others",
    ),
)

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshoot-unreachable-instance.html
CONSOLE = ConsoleCommand(
    program="aws",
    install="https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    find=(
        *("ec2", "describe-instances", "--region", "{region}", "--output", "text", "--filters"),
        "Name=tag:Name,Values={machine}",
        "Name=instance-state-name,Values=pending,running,stopping,stopped",
        "--query",
        "sort_by(Reservations[].Instances[], &LaunchTime)[-1].InstanceId",
    ),
    read=(
        *("ec2", "get-console-output", "--region", "{region}", "--instance-id", "{id}"),
        *("--latest", "--output", "text", "--query", "Output"),
    ),
    permission="ec2:DescribeInstances and ec2:GetConsoleOutput",
)

FACTS = CloudFacts(
    names_route_tables=True,
    local_domains=("amazonaws.com", "internal"),
    title="AWS",
    credentials="AWS account {account}",
    machine_type="aws_instance",
    refusals=REFUSALS,
    regions=frozenset(_REGIONS.split()),
    zone_prefix="{region}",
    zone_letters=_ZONE_LETTERS,
    zones_date="2026",
    physical_zone_example="an AWS AZ ID such as use1-az4",
    metadata=METADATA,
    metadata_hosts=frozenset(("169.254.169.254", "fd00:ec2::254")),
    sizes=SIZES,
    disk=DISK,
    example_account=r"123456789012|(\d)\1{11}",
    role=Role(
        pattern=r"arn:(?P<partition>[^:]*):iam::(?P<account>[0-9]*):",
        partitions={"cn-": "aws-cn", "us-gov-": "aws-us-gov", "": "aws"},
        example="arn:{partition}:iam::…",
    ),
    console=CONSOLE,
    telemetry_provider="aws",
    perfkit_cloud="AWS",
)
