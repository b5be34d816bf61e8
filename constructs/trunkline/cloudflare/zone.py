"""A zone, found or made, and its settings."""

from __future__ import annotations

from attrs import frozen
from cdktf_cdktf_provider_cloudflare.data_cloudflare_zone import (
    DataCloudflareZone,
    DataCloudflareZoneFilter,
    DataCloudflareZoneFilterAccount,
)
from cdktf_cdktf_provider_cloudflare.provider import CloudflareProvider
from cdktf_cdktf_provider_cloudflare.zone import Zone, ZoneAccount
from cdktf_cdktf_provider_cloudflare.zone_setting import ZoneSetting
from constructs import Construct

from trunkline.model import Polish


@frozen
class NewZone:
    """A zone that is made: its id, and the name servers to set at the registrar of the domain."""

    id: str
    name_servers: list[str]


def add_provider(scope: Construct) -> None:
    """The provider; its token comes from the environment, CLOUDFLARE_API_TOKEN.

    https://registry.terraform.io/providers/cloudflare/cloudflare/5.14.0/docs#schema
    """
    CloudflareProvider(scope, "cloudflare")


def find_zone(scope: Construct, id: str, *, account_id: str, domain: str) -> str:
    """The id of the zone `domain`, looked up."""
    account = DataCloudflareZoneFilterAccount(id=account_id)
    found = DataCloudflareZone(
        scope, id, filter=DataCloudflareZoneFilter(name=domain, account=account)
    )
    return str(found.zone_id)


def create_zone(scope: Construct, id: str, *, account_id: str, domain: str) -> NewZone:
    """A new zone, for which Cloudflare is the only DNS ("full").

    https://developers.cloudflare.com/dns/zone-setups/full-setup/
    """
    zone = Zone(scope, id, account=ZoneAccount(id=account_id), name=domain, type="full")
    return NewZone(zone.id, zone.name_servers)


def add_origin_pulls(scope: Construct, *, zone_id: str) -> None:
    """Cloudflare shows its own client certificate to every origin of the zone.

    https://developers.cloudflare.com/ssl/origin-configuration/authenticated-origin-pull/set-up/global/
    """
    _add_setting(scope, "origin-pulls", zone_id, "tls_client_auth", "on")


def add_ssl_mode_full(scope: Construct, *, zone_id: str) -> None:
    """Cloudflare reaches origins over TLS and takes the certificate that an edge made itself.

    https://developers.cloudflare.com/ssl/origin-configuration/ssl-modes/full/
    """
    _add_setting(scope, "ssl", zone_id, "ssl", "full")


def add_https_only(scope: Construct, *, zone_id: str) -> None:
    """Plain HTTP is redirected for every name of the zone, and TLS begins at version 1.2.

    https://developers.cloudflare.com/ssl/edge-certificates/additional-options/always-use-https/
    https://developers.cloudflare.com/ssl/edge-certificates/additional-options/minimum-tls/
    """
    _add_setting(scope, "always-https", zone_id, "always_use_https", "on")
    _add_setting(scope, "minimum-tls", zone_id, "min_tls_version", "1.2")


def set_polish(scope: Construct, *, zone_id: str, value: Polish) -> None:
    """How images are made smaller while they are cached.

    https://developers.cloudflare.com/images/polish/compression/
    """
    _add_setting(scope, "polish", zone_id, "polish", value)


def _add_setting(scope: Construct, id: str, zone_id: str, name: str, value: str) -> None:
    setting = ZoneSetting(scope, id, zone_id=zone_id, setting_id=name, value={})
    # The argument has any type, of which the binding takes objects only.
    setting.add_override("value", value)
