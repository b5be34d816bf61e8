"""Imports what PerfKit Benchmarker measured between a topology's zones.

Several runs of a pair become one entry: the least of the minima, and the median over the runs of
every other figure, so that one bad run does not count. `sweeps` is the number of distinct runs. If
a pair was measured over internal and over external addresses, the external figures count: traffic
between clouds uses external addresses.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from statistics import median

from attrs import frozen

from trunkline.documents.findings import Finding, printable
from trunkline.documents.source import UnreadableError, read_source
from trunkline.measurements.load import MOST_FINDINGS, MeasurementsError
from trunkline.measurements.model import (
    Addresses,
    MeasuredZone,
    Measurements,
    Method,
    Pair,
    Protocol,
    RoundTrip,
    Tool,
)
from trunkline.measurements.pkb_samples import RATE, SAMPLES_FILE, Benchmark, Sample, read_samples
from trunkline.model import Site, Topology, zone_name

PINGS_PER_RUN = 100  # `ping -c 100` in PerfKit's ping_benchmark.py

_METHODS: Mapping[Benchmark, tuple[Tool, Protocol]] = {
    "ping": ("perfkit-ping", "icmp"),
    "netperf": ("perfkit-netperf", "tcp"),
}

_ADDRESSES: Mapping[str, Addresses] = {"internal": "internal", "external": "external"}

Ends = tuple[str, str]


@frozen
class PerfKitNames:
    """How PerfKit names a cloud, and a zone of it: of the site's `{region}` and the `{zone}`.

    A cloud without a name is a stand-in for any other.
    """

    cloud: str | None = None
    zone: str = "{zone}"


@frozen
class Imported:
    """Measurements from PerfKit's files, warnings, and the number of repeated samples."""

    measurements: Measurements
    warnings: list[Finding]
    repeated: int


def import_pkb(
    paths: Sequence[str | PathLike[str]],
    topology: Topology,
    clouds: Mapping[str, PerfKitNames],
    benchmark: Benchmark | None = None,
) -> Imported:
    """The measurements between candidate zones of `topology` in PerfKit's result files.

    `clouds` says how PerfKit names each cloud. Without `benchmark` the files must hold only one of
    the two. Raises MeasurementsError with a finding for every line that is not a valid sample, or
    if no sample is left.
    """
    try:
        read = read_samples(read_source(path, SAMPLES_FILE) for path in paths)
    except UnreadableError as unreadable:
        raise MeasurementsError(unreadable.findings) from unreadable
    if read.findings:
        raise MeasurementsError(read.findings[:MOST_FINDINGS])
    file = str(paths[0])
    chosen = _chosen(file, read.samples, benchmark)
    samples = [sample for sample in read.samples if sample.benchmark == chosen]
    ours, unknown = _of_topology(samples, topology, clouds)
    if not any(sample.figure != RATE for sample, _ in ours):
        raise MeasurementsError([_nothing(file, topology, unknown)])
    measurements = _measurements(ours, topology, chosen)
    warnings = [_left_out(file, zone, count) for zone, count in sorted(unknown.items())]
    warnings += [_cut(file, pair, chosen) for pair in measurements.pairs if _is_cut(pair)]
    return Imported(measurements, warnings, read.repeated)


def _chosen(file: str, samples: Iterable[Sample], wanted: Benchmark | None) -> Benchmark:
    found = sorted({sample.benchmark for sample in samples})
    if wanted in found:
        return wanted
    if len(found) == 1 and not wanted:
        return found[0]
    message = f"there are no samples of {wanted or 'ping or of netperf TCP_RR with one thread'}"
    remedy = "name files of such runs"
    if found and not wanted:
        message = "the files hold samples of both ping and netperf, which cannot be compared"
        remedy = "choose one with --benchmark"
    raise MeasurementsError([Finding(file, 1, 1, SAMPLES_FILE.name, message, remedy)])


def _of_topology(
    samples: Iterable[Sample], topology: Topology, clouds: Mapping[str, PerfKitNames]
) -> tuple[list[tuple[Sample, Ends]], Counter[str]]:
    """The samples between zones of the topology, with the names of both; and the other zones."""
    ours, unknown = [], Counter[str]()
    known = {names.cloud for names in clouds.values()}
    for sample in samples:
        cloud_of = _clouds(sample, known)
        names = {
            zone: _name(topology, clouds, zone, cloud_of.get(zone))
            for zone in (sample.sending, sample.receiving)
        }
        unknown.update(
            _described(topology, clouds, zone, cloud_of.get(zone))
            for zone, name in names.items()
            if name is None
        )
        here, there = names[sample.sending], names[sample.receiving]
        if here and there and here != there:
            ours.append((sample, (here, there)))
    return ours, unknown


def _clouds(sample: Sample, known: Collection[str | None]) -> dict[str, str]:
    """PerfKit's name of the cloud of each zone, if the metadata holds one that is known."""
    metadata = sample.metadata
    ends = [(metadata.get(f"vm_{vm}_zone", ""), metadata.get(f"vm_{vm}_cloud")) for vm in (1, 2)]
    return {zone: cloud for zone, cloud in ends if cloud and cloud in known}


def _name(
    topology: Topology, clouds: Mapping[str, PerfKitNames], zone: str, cloud: str | None
) -> str | None:
    """`site/zone` of the only candidate zone that PerfKit calls `zone`; None if none is."""
    found = [
        zone_name(site.name, candidate)
        for site in topology.sites
        for candidate in site.zones
        if _is_called(zone, cloud, clouds[site.cloud], site, candidate)
    ]
    return found[0] if len(found) == 1 else None


def _described(
    topology: Topology, clouds: Mapping[str, PerfKitNames], zone: str, cloud: str | None
) -> str:
    """A zone that is nobody's; with its cloud, where only that keeps it from being a site's."""
    contradicts = cloud and _name(topology, clouds, zone, None)
    return f"{zone} (of {cloud}, as the metadata say)" if contradicts else zone


def _is_called(
    zone: str, cloud: str | None, names: PerfKitNames, site: Site, candidate: str
) -> bool:
    is_cloud = cloud is None or names.cloud is None or cloud == names.cloud
    return is_cloud and zone == names.zone.format(region=site.region, zone=candidate)


def _nothing(file: str, topology: Topology, unknown: Mapping[str, int]) -> Finding:
    zones = ", ".join(sorted(unknown)[:5]) or "none"
    message = f"no sample is between candidate zones of {topology.name}; the zones here: {zones}"
    remedy = "name the topology whose zones were measured, with each zone in one site only"
    return Finding(file, 1, 1, SAMPLES_FILE.name, printable(message), remedy)


def _left_out(file: str, zone: str, count: int) -> Finding:
    message = f"{zone} is not a candidate zone of exactly one site; {count} samples are left out"
    remedy = "add it to the zones of its site to include it"
    return Finding(file, 1, 1, SAMPLES_FILE.name, printable(message), remedy, "warning")


def _is_cut(pair: Pair) -> bool:
    return pair.round_trip_us.p50 is None and pair.round_trip_us.mean is None


def _cut(file: str, pair: Pair, benchmark: Benchmark) -> Finding:
    message = (
        f"{benchmark} from {pair.from_zone} to {pair.to_zone} gave a minimum only, so that the run "
        "was cut; place uses the other direction"
    )
    remedy = "run PerfKit for this pair again, and import all runs"
    return Finding(file, 1, 1, SAMPLES_FILE.name, printable(message), remedy, "warning")


def _measurements(
    samples: Sequence[tuple[Sample, Ends]], topology: Topology, benchmark: Benchmark
) -> Measurements:
    tool, protocol = _METHODS[benchmark]
    pairs = _pairs(samples, benchmark)
    measured = {name for pair in pairs for name in (pair.from_zone, pair.to_zone)}
    zones = [
        MeasuredZone.of(site, zone, measured=zone_name(site.name, zone) in measured)
        for site in topology.sites
        for zone in site.zones
    ]
    # A sample's own time is that of its publication, after the run.
    times = [moment for sample, _ in samples for moment in (sample.seconds, _start(sample))]
    return Measurements(
        topology=topology.name,
        method=Method(
            tool=tool,
            protocol=protocol,
            samples_per_pair=PINGS_PER_RUN if benchmark == "ping" else None,
            sweeps=max(pair.sweeps for pair in pairs),
        ),
        started_at=datetime.fromtimestamp(min(times), UTC),
        finished_at=datetime.fromtimestamp(max(times), UTC),
        complete=len(measured) == len(zones),
        zones=zones,
        pairs=pairs,
    )


def _start(sample: Sample) -> float:
    """When the run began, in seconds of the epoch; the sample's own time where nothing says so."""
    try:
        start = float(sample.metadata.get("start_time", ""))
    except ValueError:  # none, or in words
        return sample.seconds
    return start if 0 < start <= sample.seconds else sample.seconds


def _pairs(samples: Iterable[tuple[Sample, Ends]], benchmark: Benchmark) -> list[Pair]:
    grouped: dict[Ends, dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for sample, ends in samples:
        grouped[ends][sample.ip_type].append(sample)
    pairs = []
    for ends, by_type in grouped.items():
        kind = "external" if "external" in by_type else min(by_type)
        if any(sample.figure != RATE for sample in by_type[kind]):
            pairs.append(_pair(ends, by_type[kind], benchmark, _ADDRESSES.get(kind)))
    return pairs


def _pair(
    ends: Ends, samples: Sequence[Sample], benchmark: Benchmark, addresses: Addresses | None
) -> Pair:
    values: dict[str, list[float]] = defaultdict(list)
    for sample in samples:
        values[sample.figure].append(sample.value)
    figures = {name: round(median(found), 3) for name, found in values.items()}
    kept = ("p50", "p90", "p99", "mean", "stddev")
    runs = len({sample.run for sample in samples})
    tried = PINGS_PER_RUN * runs if benchmark == "ping" else _transactions(samples)
    return Pair(
        from_zone=ends[0],
        to_zone=ends[1],
        samples=tried,
        lost=None,
        sweeps=runs,
        addresses=addresses,
        round_trip_us=RoundTrip(
            min=min(values["min"], default=None),
            **{name: figures[name] for name in kept if name in figures},
        ),
    )


def _transactions(samples: Iterable[Sample]) -> int | None:
    """The number of round trips: netperf's rate times the test's length; None if not known.

    netperf repeats the test, up to `--netperf_max_iter` times: `confidence_iter` says how often.
    """
    total = 0.0
    for sample in samples:
        if sample.figure == RATE:
            length = sample.metadata.get("netperf_test_length", "")
            repeats = sample.metadata.get("confidence_iter", "1")
            known = length.isdecimal() and repeats.isdecimal()
            total += sample.value * int(length) * int(repeats) if known else math.nan
    return round(total) if total >= 1 else None
