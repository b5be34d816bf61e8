"""A private zone of Azure DNS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf_cdktf_provider_azurerm.private_dns_a_record import PrivateDnsARecord
from cdktf_cdktf_provider_azurerm.private_dns_zone import PrivateDnsZone
from cdktf_cdktf_provider_azurerm.private_dns_zone_virtual_network_link import (
    PrivateDnsZoneVirtualNetworkLink,
)
from constructs import Construct

from trunkline.clouds.base import PRIVATE_TTL, record_id


def add_private_zone(
    scope: Construct,
    id: str,
    zone: str,
    names: Sequence[str],
    addresses: Sequence[str],
    network: str,
    *,
    resource_group: str,
    tags: Mapping[str, str],
) -> None:
    """A zone in a resource group, linked with a virtual network by its ID.

    The link registers no machines. https://learn.microsoft.com/azure/dns/private-dns-privatednszone
    """
    common = {"resource_group_name": resource_group}
    made = PrivateDnsZone(scope, id, name=zone, tags=dict(tags), **common)
    made_name = str(made.name)
    PrivateDnsZoneVirtualNetworkLink(
        scope,
        f"{id}-link",
        name="network",
        private_dns_zone_name=made_name,
        virtual_network_id=network,
        registration_enabled=False,
        tags=dict(tags),
        **common,
    )
    for name in names:
        PrivateDnsARecord(
            scope,
            record_id(id, name),
            name="@" if name == zone else "*",
            zone_name=made_name,
            ttl=PRIVATE_TTL,
            records=list(addresses),
            **common,
        )
