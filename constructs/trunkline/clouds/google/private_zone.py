"""A private zone of Cloud DNS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_google.dns_managed_zone import (
    DnsManagedZone,
    DnsManagedZonePrivateVisibilityConfig,
    DnsManagedZonePrivateVisibilityConfigNetworks,
)
from cdktf_cdktf_provider_google.dns_record_set import DnsRecordSet
from constructs import Construct

from trunkline.addresses.base import short_name
from trunkline.addresses.private_zones import dashed
from trunkline.clouds.base import PRIVATE_TTL, record_id


def add_private_zone(
    scope: Construct,
    id: str,
    zone: str,
    names: Sequence[str],
    addresses: Sequence[str],
    network: str,
    *,
    owner: str,
    labels: Mapping[str, str],
    service: ITerraformDependable,
) -> None:
    """A zone that a VPC network sees alone; `owner` begins its name, `service` turns Cloud DNS on.

    https://cloud.google.com/dns/docs/zones/zones-overview#private_zones
    """
    visible = DnsManagedZonePrivateVisibilityConfigNetworks(network_url=network)
    made = DnsManagedZone(
        scope,
        id,
        name=zone_name(owner, zone),
        dns_name=f"{zone}.",
        description=f"The way to {zone} by an edge",
        visibility="private",
        private_visibility_config=DnsManagedZonePrivateVisibilityConfig(networks=[visible]),
        labels=dict(labels),
        depends_on=[service],
    )
    managed = str(made.name)
    for name in names:
        DnsRecordSet(
            scope,
            record_id(id, name),
            managed_zone=managed,
            name=f"{name}.",
            type="A",
            ttl=PRIVATE_TTL,
            rrdatas=list(addresses),
        )


def zone_name(owner: str, zone: str) -> str:
    """The name of a zone as a resource, unique in the project.

    https://cloud.google.com/dns/docs/reference/rest/v1/managedZones: 1 to 63 characters.
    """
    return short_name(f"{owner}-{dashed(zone)}", 63)
