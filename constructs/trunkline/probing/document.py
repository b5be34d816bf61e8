"""Makes measurements of a collection.

Figures over several sweeps are the least of the minima, and the medians of percentiles and jitter,
so that one bad sweep does not count. Samples and losses are summed.
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
    mistakes,
)
from trunkline.model import Site, Topology, zone_name
from trunkline.probing.client import AgentResults
from trunkline.probing.collect import Collection

Sweeps = Sequence[Mapping[str, Any]]
"""The figures of each sweep with one peer, as `figures` in `agent.py` makes them."""


def measurements(
    topology: Topology, collection: Collection, earlier: Measurements | None = None
) -> Measurements:
    """The measurements of a topology; a pair that this collection lacks is taken from `earlier`."""
    pairs = dict(earlier.pair_by_ends) if earlier else {}
    for name, results in collection.results.items():
        for other, peer in results.content["peers"].items():
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


def without_odd_figures(topology: Topology, collection: Collection) -> Collection:
    """The collection without the agents whose figures no measurement file may hold.

    They are failures: one agent's answer loses nothing of the others'.
    """
    failures = dict(collection.failures)
    for name, results in collection.results.items():
        if reason := _odd(topology, name, results):
            failures[name] = f"gave figures that cannot be: {reason}; deploy the probes again"
    sound = {name: results for name, results in collection.results.items() if name not in failures}
    return Collection(sound, failures, collection.interrupted)


def _odd(topology: Topology, name: str, results: AgentResults) -> str | None:
    """What is wrong with the answer of one agent, as a file that holds it alone would show."""
    try:
        found = mistakes(measurements(topology, Collection({name: results}, {})))
    except Exception as error:  # of whatever type the figures are
        return repr(error)
    return found[0] if found else None


def missing_pairs(topology: Topology, found: Container[tuple[str, str]]) -> int:
    """The number of directed pairs that some batch measures and `found` does not hold."""
    return sum(ends not in found for ends in topology.measurable_pairs())


def is_emulated(collection: Collection) -> bool | None:
    """Whether the latencies are emulated; None if no agent responded."""
    emulated = [bool(each.content["emulated"]) for each in collection.results.values()]
    return any(emulated) if emulated else None


def pair(from_zone: str, to_zone: str, sweeps: Sweeps) -> Pair:
    """The figures of one directed pair over its sweeps, at least one."""
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
    samples = [int(each.content["samples"]) for each in collection.results.values()]
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
    """The times of the first and the last pair, by this machine's clock."""
    times = [
        datetime.fromtimestamp(sweep["at"] - results.clock_ahead, UTC)
        for results in collection.results.values()
        for peer in results.content["peers"].values()
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
        _zone(site, zone, collection.results.get(zone_name(site.name, zone)), before, measured)
        for site in topology.sites
        for zone in site.zones
    ]


def _zone(
    site: Site,
    zone: str,
    results: AgentResults | None,
    before: Mapping[str, MeasuredZone],
    measured: set[str],
) -> MeasuredZone:
    name = zone_name(site.name, zone)
    physical = results.content["physical_zone"] if results else None
    if physical is None and name in before:
        physical = before[name].physical_zone
    return MeasuredZone.of(site, zone, measured=name in measured, physical_zone=physical)
