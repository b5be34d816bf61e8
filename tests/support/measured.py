"""Measurements made in code, and topologies to place by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from trunkline.measurements import MeasuredZone, Measurements, Method, Pair, RoundTrip
from trunkline.model import Cloudflare, Route, Routing, Site, Topology

MOMENT = datetime(2026, 11, 24, 7, 42, 19, tzinfo=UTC)
ACCOUNTS = {"aws": "123456789012", "google": "acme-backbone", "azure": "subscription-1"}


def zone(site: str, name: str, **fields: Any) -> MeasuredZone:
    """A zone of the site's own cloud, in the account of ACCOUNTS."""
    cloud = fields.pop("cloud", site)
    defaults = {"account": ACCOUNTS.get(cloud), "region": "r1"}
    return MeasuredZone(site=site, cloud=cloud, zone=name, **{**defaults, **fields})


def pair(here: str, there: str, p50: float, spread: float = 20.0, **fields: Any) -> Pair:
    """A directed pair with that median in microseconds."""
    trip = RoundTrip(min=p50 * 0.9, p50=p50, p90=p50 + spread, p99=p50 + 3 * spread)
    fields = {"round_trip_us": trip, "jitter_us": spread / 2, "samples": 200, **fields}
    return Pair(from_zone=here, to_zone=there, **fields)


def measurements(
    zones: Iterable[MeasuredZone], pairs: Iterable[Pair], **fields: Any
) -> Measurements:
    """A complete file; `emulated` and others as keywords."""
    method = Method(
        tool="trunkline",
        protocol="udp",
        samples_per_pair=200,
        sweeps=1,
        emulated=fields.pop("emulated", False),
    )
    defaults = {"topology": "t", "method": method, "complete": True}
    times = {"started_at": MOMENT, "finished_at": MOMENT}
    return Measurements(**{**defaults, **times, "zones": zones, "pairs": pairs, **fields})


def all_pairs(
    zones: Iterable[MeasuredZone], p50: Callable[[MeasuredZone, MeasuredZone], float | None]
) -> list[Pair]:
    """Each zone to each zone of another site, with the median `p50`, if it is not None."""
    listed = list(zones)
    found = [(a, b, p50(a, b)) for a in listed for b in listed if a.site != b.site]
    return [pair(a.name, b.name, value) for a, b, value in found if value is not None]


def topology(*zones: MeasuredZone, **accounts: str) -> Topology:
    """A topology with these candidate zones; a site's account may be another one."""
    sites: dict[str, list[MeasuredZone]] = {}
    for each in zones:
        sites.setdefault(each.site, []).append(each)
    made = tuple(
        Site(
            name=name,
            cloud=found[0].cloud,
            region=found[0].region,
            account=accounts.get(name, found[0].account),
            zone=found[0].zone,
            zones=tuple(each.zone for each in found),
        )
        for name, found in sites.items()
    )
    return Topology(
        name="t",
        domain="example.com",
        ingress=Cloudflare(account_id="0" * 32),
        sites=made,
        routing=Routing(hostname="api.example.com", routes=(Route("/", made[0].name),)),
    )
