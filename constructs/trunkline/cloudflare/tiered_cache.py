"""Tiered Cache: data centers ask one of them, and that one asks the origin."""

from __future__ import annotations

from cdktf_cdktf_provider_cloudflare.argo_tiered_caching import ArgoTieredCaching
from cdktf_cdktf_provider_cloudflare.tiered_cache import TieredCache
from constructs import Construct


def set_tiered_cache(scope: Construct, *, zone_id: str, on: bool) -> None:
    """Tiered Cache and its smart topology, which every plan has; the first carries the second.

    https://developers.cloudflare.com/cache/how-to/tiered-cache/#enable-tiered-cache-via-api
    """
    value = "on" if on else "off"
    caching = ArgoTieredCaching(scope, "tiered-caching", zone_id=zone_id, value=value)
    TieredCache(scope, "tiered-cache", zone_id=zone_id, value=value, depends_on=[caching])
