"""The content of a measurement file: round trips between zones, and the zones themselves.

Every time is in microseconds, and every figure is of a whole round trip. What a tool does not
measure is None. Zones and pairs are sorted, so that equal measurements give equal files.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from attrs import define, field, frozen

from trunkline.model import Site, zone_name, zone_owner

VERSION = 1

Tool = Literal["trunkline", "perfkit-ping", "perfkit-netperf", "published"]
Protocol = Literal["udp", "icmp", "tcp", "unknown"]
Status = Literal["measured", "missing"]
Addresses = Literal["internal", "external"]


@frozen(kw_only=True)
class Method:
    """How the figures were measured; `emulated` ones are of latencies that probes emulate."""

    tool: Tool
    protocol: Protocol
    samples_per_pair: int | None = None
    sweeps: int = 1
    emulated: bool = False

    @property
    def again(self) -> str:
        """What to do where figures are missing."""
        if self.tool == "trunkline":
            return "collect again when the probe is up"
        if self.tool == "published":
            return "import what is published of it as well, or measure it"
        return (
            f"run PerfKit's {self.tool.removeprefix('perfkit-')} for it, and import all runs again"
        )


@frozen(order=True)
class Zone:
    """An availability zone as its account names it; several sites may use it and measure it.

    `owner` is the account, or the site where there is none: within it a name means one zone.
    """

    cloud: str
    region: str
    owner: str
    name: str

    @classmethod
    def of(cls, site: Site, name: str) -> Zone:
        """The zone that a topology's site calls `name`."""
        return cls(site.cloud, site.region, zone_owner(site.name, site.account), name)

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"


@frozen(kw_only=True)
class MeasuredZone:
    """A zone of the topology; the status "missing" means that its probe gave no results."""

    site: str
    cloud: str
    account: str | None
    region: str
    zone: str
    physical_zone: str | None = None
    status: Status = "measured"

    @classmethod
    def of(
        cls, site: Site, zone: str, *, measured: bool, physical_zone: str | None = None
    ) -> MeasuredZone:
        """The entry of a zone of a topology's site."""
        return cls(
            site=site.name,
            cloud=site.cloud,
            account=site.account,
            region=site.region,
            zone=zone,
            physical_zone=physical_zone,
            status="measured" if measured else "missing",
        )

    @property
    def name(self) -> str:
        """The name of the zone in pairs: `site/zone`."""
        return zone_name(self.site, self.zone)

    @cached_property
    def identity(self) -> Zone:
        """The zone itself, which several sites may share."""
        owner = zone_owner(self.site, self.account)
        return Zone(self.cloud, self.region, owner, self.zone)


@frozen(kw_only=True)
class RoundTrip:
    """Microseconds: nearest-rank percentiles, or mean and standard deviation; it varies by tool."""

    min: float | None = None
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    mean: float | None = None
    stddev: float | None = None

    @property
    def median(self) -> float | None:
        """The median, or the mean if the tool gives no median; None if it gives neither."""
        return self.mean if self.p50 is None else self.p50


@frozen(kw_only=True)
class TcpConnect:
    """The time that a TCP connection took to be established, in microseconds."""

    min: float | None = None
    p50: float | None = None


@frozen(kw_only=True)
class Pair:
    """What `from_zone` measured to `to_zone` (both `site/zone`); a pair has one direction.

    `samples` counts the round trips that were tried, `lost` those without an answer.
    `jitter_us` is the mean absolute difference of consecutive round trips. `addresses` says which
    of the machines' addresses were measured, where the tool can take either.
    """

    from_zone: str
    to_zone: str
    round_trip_us: RoundTrip
    samples: int | None = None
    lost: int | None = 0
    sweeps: int = 1
    jitter_us: float | None = None
    tcp_connect_us: TcpConnect | None = None
    throughput_mbit_s: float | None = None
    addresses: Addresses | None = None

    @property
    def answered(self) -> int | None:
        """The number of round trips behind the figures."""
        return None if self.samples is None else self.samples - (self.lost or 0)


def _utc_seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _by_name(zones: Iterable[MeasuredZone]) -> tuple[MeasuredZone, ...]:
    return tuple(sorted(zones, key=lambda zone: (zone.site, zone.zone)))


def _by_ends(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=lambda pair: (pair.from_zone, pair.to_zone)))


@define(kw_only=True, frozen=True, slots=False)
class Measurements:
    """A measurement file; `complete` is False if more pairs can be measured.

    Times are kept in whole seconds of UTC; zones and pairs are kept sorted.
    """

    topology: str
    method: Method
    started_at: datetime = field(converter=_utc_seconds)
    finished_at: datetime = field(converter=_utc_seconds)
    complete: bool
    zones: tuple[MeasuredZone, ...] = field(converter=_by_name)
    pairs: tuple[Pair, ...] = field(converter=_by_ends)

    @cached_property
    def zone_by_name(self) -> dict[str, MeasuredZone]:
        """The zones by `site/zone`."""
        return {zone.name: zone for zone in self.zones}

    @cached_property
    def pair_by_ends(self) -> dict[tuple[str, str], Pair]:
        """The pairs by the names of both zones, in the direction of the measurement."""
        return {(pair.from_zone, pair.to_zone): pair for pair in self.pairs}

    @cached_property
    def zones_with_figures(self) -> frozenset[str]:
        """The zones at either end of a pair: other zones may have measured a missing one."""
        return frozenset(name for ends in self.pair_by_ends for name in ends)
