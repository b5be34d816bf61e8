"""A private hosted zone of Route 53."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf_cdktf_provider_aws.route53_record import Route53Record
from cdktf_cdktf_provider_aws.route53_zone import Route53Zone, Route53ZoneVpc
from constructs import Construct

from trunkline.clouds.base import PRIVATE_TTL, record_id


def add_private_zone(
    scope: Construct,
    id: str,
    zone: str,
    names: Sequence[str],
    addresses: Sequence[str],
    vpc: str,
    tags: Mapping[str, str],
) -> None:
    """A zone of a VPC, which needs its DNS support and DNS hostnames turned on.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
    """
    made = Route53Zone(
        scope,
        id,
        name=zone,
        comment=f"The way to {zone} by an edge",
        vpc=[Route53ZoneVpc(vpc_id=vpc)],
        tags=dict(tags),
    )
    zone_id = str(made.zone_id)
    for name in names:
        Route53Record(
            scope,
            record_id(id, name),
            zone_id=zone_id,
            name=name,
            type="A",
            ttl=PRIVATE_TTL,
            records=list(addresses),
        )
