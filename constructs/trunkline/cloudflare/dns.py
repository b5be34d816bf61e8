"""Names in a zone."""

from __future__ import annotations

from cdktf_cdktf_provider_cloudflare.dns_record import DnsRecord
from constructs import Construct

# A name for which Cloudflare itself answers needs no address; 100:: is the discard prefix.
# https://developers.cloudflare.com/dns/manage-dns-records/how-to/create-dns-records/
NO_ORIGIN = "100::"

# Seconds. A probe's address may change when it is replaced, and no plan but Enterprise takes less:
# https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/
UNPROXIED_TTL = 60
AUTOMATIC_TTL = 1


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
    """A record: proxied, so that requests pass Cloudflare, or for DNS alone."""
    DnsRecord(
        scope,
        id,
        zone_id=zone_id,
        name=hostname,
        type=type,
        content=content,
        proxied=proxied,
        ttl=AUTOMATIC_TTL if proxied else UNPROXIED_TTL,
        comment="made by trunkline",
    )
