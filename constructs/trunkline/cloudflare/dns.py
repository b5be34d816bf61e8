"""Names in a zone."""

from __future__ import annotations

from cdktf_cdktf_provider_cloudflare.dns_record import DnsRecord
from constructs import Construct

# A name that Cloudflare answers itself needs no address behind it; 100:: is the discard prefix.
# https://developers.cloudflare.com/dns/manage-dns-records/how-to/create-dns-records/
NO_ORIGIN = "100::"

# A probe's address may change when it is replaced. The shortest that the free plan takes:
# https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/
NAME_TTL = 60


def add_dns_record(
    scope: Construct,
    id: str,
    *,
    zone_id: str,
    hostname: str,
    type: str,
    content: str,
    proxied: bool = True,
) -> None:
    """A record, proxied or for DNS alone; proxied ones take no time to live but 1 (automatic)."""
    DnsRecord(
        scope,
        id,
        zone_id=zone_id,
        name=hostname,
        type=type,
        content=content,
        proxied=proxied,
        ttl=1 if proxied else NAME_TTL,
        comment="made by trunkline",
    )
