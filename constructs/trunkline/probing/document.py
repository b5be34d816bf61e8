"""The measurements that a collection becomes.

Figures over several sweeps: the least of the minima, and the medians of percentiles and jitter, so
that one bad sweep does not speak for a pair. Samples and losses are summed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from trunkline.measurements import (
    MeasuredZone,
    Measurements,
    Method,
    Pair,
    RoundTrip,
    TcpConnect,
)
from trunkline.model import Site, Topology, zone_name
from trunkline.probing.client import Answer
from trunkline.probing.collect import Collection

Sweeps = Sequence[Mapping[str, Any]]
"""What an agent keeps of each sweep with one peer; `figures` in `agent.py` makes it."""


def measurements(
    topology: Topology, collection: Collection, earlier: Measurements | None = None
) -> Measurements:
    """The measurements of a topology; those of `earlier` stand where this collection has none."""
    pairs = dict(earlier.pair_by_ends) if earlier else {}
    for name, answer in collection.answers.items():
        for other, peer in answer.results["peers"].items():
            if peer["sweeps"]:
                pairs[name, other] = pair(name, other, peer["sweeps"])
    names = [zone_name(site.name, zone) for site in topology.sites for zone in site.zones]
    known = [pairs[a, b] for a in names for b in names if (a, b) in pairs]
    started, finished = _times(collection, earlier)
    return Measurements(
        topology=topology.name,
        method=_method(collection, known, earlier),
        started_at=started,
        finished_at=finished,
        complete=not missing_pairs(topology, pairs),
        zones=_zones(topology, collection, {found.from_zone for found in known}, earlier),
        pairs=known,
    )


def missing_pairs(topology: Topology, found: Container[tuple[str, str]]) -> int:
    """How many of the pairs and directions that some batch measures `found` does not hold."""
    return sum(ends not in found for ends in topology.measurable_pairs())


def is_emulated(collection: Collection) -> bool | None:
    """Whether the distances are emulated; None where nobody answered."""
    said = [bool(answer.results["emulated"]) for answer in collection.answers.values()]
    return any(said) if said else None


def pair(from_zone: str, to_zone: str, sweeps: Sweeps) -> Pair:
    """The figures of one pair and direction over its sweeps, of which there is at least one."""
    ranks = {rank: _middle(sweeps, rank) for rank in ("p50", "p90", "p99")}
    return Pair(
        from_zone=from_zone,
        to_zone=to_zone,
        round_trip_us=RoundTrip(min=min(sweep["min"] for sweep in sweeps), **ranks),
        samples=sum(sweep["sent"] for sweep in sweeps),
        lost=sum(sweep["lost"] for sweep in sweeps),
        sweeps=len(sweeps),
        jitter_us=_middle(sweeps, "jitter"),
        tcp_connect_us=_connects([sweep["tcp"] for sweep in sweeps if sweep["tcp"]]),
    )


def _middle(sweeps: Iterable[Mapping[str, Any]], figure: str) -> float:
    values: list[float] = [sweep[figure] for sweep in sweeps]
    return round(median(values), 2)


def _connects(connects: Sweeps) -> TcpConnect | None:
    if not connects:
        return None
    return TcpConnect(min=min(each["min"] for each in connects), p50=_middle(connects, "p50"))


def _method(collection: Collection, pairs: Sequence[Pair], earlier: Measurements | None) -> Method:
    samples = [int(answer.results["samples"]) for answer in collection.answers.values()]
    if earlier and earlier.method.samples_per_pair:
        samples.append(earlier.method.samples_per_pair)
    return Method(
        tool="trunkline",
        protocol="udp",
        samples_per_pair=max(samples, default=None),
        sweeps=max((found.sweeps for found in pairs), default=1),
        emulated=is_emulated(collection) or bool(earlier and earlier.method.emulated),
    )


def _times(collection: Collection, earlier: Measurements | None) -> tuple[datetime, datetime]:
    """When the first and the last pair were measured, by this machine's clock."""
    times = [
        datetime.fromtimestamp(sweep["at"] - answer.clock_ahead, UTC)
        for answer in collection.answers.values()
        for peer in answer.results["peers"].values()
        for sweep in peer["sweeps"]
    ]
    if earlier:
        times += [earlier.started_at, earlier.finished_at]
    times = times or [datetime.now(UTC)]
    return min(times), max(times)


def _zones(
    topology: Topology, collection: Collection, measured: set[str], earlier: Measurements | None
) -> list[MeasuredZone]:
    before = earlier.zone_by_name if earlier else {}
    return [
        _zone(site, zone, collection.answers.get(zone_name(site.name, zone)), before, measured)
        for site in topology.sites
        for zone in site.zones
    ]


def _zone(
    site: Site,
    zone: str,
    answer: Answer | None,
    before: Mapping[str, MeasuredZone],
    measured: set[str],
) -> MeasuredZone:
    name = zone_name(site.name, zone)
    physical = answer.results["physical_zone"] if answer else None
    if physical is None and name in before:
        physical = before[name].physical_zone
    return MeasuredZone.of(site, zone, measured=name in measured, physical_zone=physical)
