"""A zone, found or made, and its settings."""

from __future__ import annotations

from cdktf_cdktf_provider_cloudflare.data_cloudflare_zone import (
    DataCloudflareZone,
    DataCloudflareZoneFilter,
    DataCloudflareZoneFilterAccount,
)
from cdktf_cdktf_provider_cloudflare.zone import Zone as ZoneResource
from cdktf_cdktf_provider_cloudflare.zone import ZoneAccount
from cdktf_cdktf_provider_cloudflare.zone_setting import ZoneSetting
from constructs import Construct


def find_zone(scope: Construct, id: str, *, account_id: str, domain: str) -> str:
    """The id of the zone `domain`, looked up."""
    zone = DataCloudflareZone(
        scope,
        id,
        filter=DataCloudflareZoneFilter(
            name=domain, account=DataCloudflareZoneFilterAccount(id=account_id)
        ),
    )
    return str(zone.zone_id)


def create_zone(
    scope: Construct, id: str, *, account_id: str, domain: str
) -> tuple[str, list[str]]:
    """The id of a new zone, and the name servers to set at the registrar."""
    zone = ZoneResource(scope, id, account=ZoneAccount(id=account_id), name=domain, type="full")
    return zone.id, zone.name_servers


def origin_pulls(scope: Construct, *, zone_id: str) -> None:
    """Cloudflare shows its client certificate to every origin of the zone."""
    _setting(scope, "origin-pulls", zone_id, "tls_client_auth", "on")


def encrypt_to_origin(scope: Construct, *, zone_id: str) -> None:
    """Cloudflare reaches origins over TLS and takes the certificate that an edge made itself."""
    _setting(scope, "ssl", zone_id, "ssl", "full")


def _setting(scope: Construct, id: str, zone_id: str, name: str, value: str) -> None:
    setting = ZoneSetting(scope, id, zone_id=zone_id, setting_id=name, value={})
    # The binding takes objects only for this argument of any type.
    setting.add_override("value", value)
