"""Imports round trips between zones of one cloud that somebody else has measured and published.

A topology needs probes only for the pairs that nobody publishes, which are those between clouds.
Published figures name physical zones, so those of the topology must be known.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import permutations
from os import PathLike
from statistics import median

from attrs import frozen

from trunkline.documents.findings import Finding, printable
from trunkline.documents.source import UnreadableError, read_source
from trunkline.measurements.load import MOST_FINDINGS, MeasurementsError
from trunkline.measurements.model import MeasuredZone, Measurements, Method, Pair, RoundTrip
from trunkline.measurements.published_forms import PUBLISHED_FILE, PublishedFigure, read_figures
from trunkline.model import Topology, zone_name

PhysicalZones = Mapping[str, Mapping[str, str]]


@frozen
class Published:
    """Measurements from published files, and warnings."""

    measurements: Measurements
    warnings: list[Finding]


def import_published(
    paths: Sequence[str | PathLike[str]], topology: Topology, physical: PhysicalZones
) -> Published:
    """The published round trips between candidate zones of `topology`.

    `physical` has the physical zone of each zone, by site and zone. Of several figures of a pair
    the median counts. Raises MeasurementsError for files that cannot be read, or where no figure
    is between two candidate zones.
    """
    try:
        read = read_figures(read_source(path, PUBLISHED_FILE) for path in paths)
    except UnreadableError as unreadable:
        raise MeasurementsError(unreadable.findings) from unreadable
    if read.findings:
        raise MeasurementsError(read.findings[:MOST_FINDINGS])
    pairs = list(_pairs(read.figures, topology, physical))
    file = str(paths[0])
    if not pairs:
        raise MeasurementsError([_nothing(file, read.figures, physical)])
    moments = [figure.moment for figure in read.figures]
    return Published(
        _measurements(topology, physical, pairs, min(moments), max(moments)),
        list(_left_out(file, read.figures, physical)),
    )


def _pairs(
    figures: Iterable[PublishedFigure], topology: Topology, physical: PhysicalZones
) -> Iterator[Pair]:
    found: dict[tuple[str, str], list[PublishedFigure]] = defaultdict(list)
    for figure in figures:
        found[figure.here, figure.there].append(figure)
    places = {
        zone_name(site.name, zone): physical.get(site.name, {}).get(zone)
        for site in topology.sites
        for zone in site.zones
    }
    for (here, start), (there, end) in permutations(places.items(), 2):
        if start and end and (of_pair := found.get((start, end))):
            yield _pair(here, there, of_pair)


def _pair(here: str, there: str, figures: Sequence[PublishedFigure]) -> Pair:
    figure = round(median(each.round_trip_us for each in figures), 3)
    is_median = all(each.is_median for each in figures)
    trip = RoundTrip(p50=figure) if is_median else RoundTrip(mean=figure)
    return Pair(from_zone=here, to_zone=there, round_trip_us=trip, lost=None, sweeps=len(figures))


def _measurements(
    topology: Topology,
    physical: PhysicalZones,
    pairs: Sequence[Pair],
    first: datetime,
    last: datetime,
) -> Measurements:
    measured = {name for pair in pairs for name in (pair.from_zone, pair.to_zone)}
    zones = [
        MeasuredZone.of(
            site,
            zone,
            measured=zone_name(site.name, zone) in measured,
            physical_zone=physical.get(site.name, {}).get(zone),
        )
        for site in topology.sites
        for zone in site.zones
    ]
    return Measurements(
        topology=topology.name,
        method=Method(
            tool="published", protocol="unknown", sweeps=max(pair.sweeps for pair in pairs)
        ),
        started_at=first,
        finished_at=last,
        complete=len(measured) == len(zones),
        zones=zones,
        pairs=pairs,
    )


def _nothing(file: str, figures: Sequence[PublishedFigure], physical: PhysicalZones) -> Finding:
    known = sorted({zone for zones in physical.values() for zone in zones.values()})
    there = sorted({zone for figure in figures for zone in (figure.here, figure.there)})
    message = (
        f"no figure is between two candidate zones: it has {', '.join(there[:5]) or 'no zone'}, "
        f"and the topology's physical zones are {', '.join(known[:5]) or 'not known'}"
    )
    remedy = "fetch the figures of its regions, and give its physical zones with --physical-zones"
    return Finding(file, 1, 1, PUBLISHED_FILE.name, printable(message), remedy)


def _left_out(
    file: str, figures: Iterable[PublishedFigure], physical: PhysicalZones
) -> Iterator[Finding]:
    known = {zone for zones in physical.values() for zone in zones.values()}
    other = Counter(
        zone for figure in figures for zone in {figure.here, figure.there} if zone not in known
    )
    if other:
        listed = ", ".join(sorted(other)[:5]) + (", ..." if len(other) > 5 else "")
        message = f"figures of zones that are no candidates are left out: {listed}"
        remedy = "add them to the candidate zones to include them"
        yield Finding(file, 1, 1, PUBLISHED_FILE.name, printable(message), remedy, "warning")
