"""What the zone does beside routing; each binding is loaded where it is used (25 ms each)."""

from __future__ import annotations

from constructs import Construct

from trunkline.cloudflare.zone import set_polish
from trunkline.model import LIMIT_RANGES, Plan, ZoneOptions


def add_zone_options(
    scope: Construct, *, zone_id: str, hostname: str, options: ZoneOptions, plan: Plan
) -> None:
    """What is asked for; the rest of the zone is left as it is."""
    if options.tiered_cache is not None:
        from trunkline.cloudflare.tiered_cache import set_tiered_cache

        set_tiered_cache(scope, zone_id=zone_id, on=options.tiered_cache)
    if options.polish is not None:
        set_polish(scope, zone_id=zone_id, value=options.polish)
    if options.waf is not None:
        from trunkline.cloudflare.firewall import add_waf

        add_waf(scope, zone_id=zone_id, hostname=hostname, waf=options.waf)
    if options.client_rate_limit is not None:
        from trunkline.cloudflare.firewall import add_client_rate_limit

        add_client_rate_limit(
            scope,
            zone_id=zone_id,
            hostname=hostname if LIMIT_RANGES[plan].by_hostname else None,
            limit=options.client_rate_limit,
        )


def add_logpush(
    scope: Construct, *, zone_id: str, hostname: str, destination: str, challenge: str | None
) -> None:
    """A line for every request to the hostname, sent to a destination."""
    from trunkline.cloudflare.logpush import add_job

    add_job(scope, zone_id=zone_id, hostname=hostname, destination=destination, challenge=challenge)
