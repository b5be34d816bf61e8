"""The section of what was measured between zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from attrs import evolve

from trunkline.measurements import Measurements, Pair
from trunkline.model import Topology, zone_name
from trunkline.placement.heatmap import EMULATED, Heatmap, heatmap
from trunkline.placement.zones import identify
from trunkline.report.charts.heatmap import heatmap_parts
from trunkline.report.charts.ranges import Spread, ranges
from trunkline.report.charts.svg import drawing
from trunkline.report.parts import Picture, Row, Section, Table

MOST_ROWS = 60
"""So many distributions are drawn, the nearest; all are in the table."""


def latency_section(
    number: int, file: Measurements, physical: Mapping[str, str], topology: Topology
) -> Section:
    """The heatmap and the distributions of one file.

    `number` tells the sections of several files apart, `physical` holds the physical zone of each
    zone where it is known.
    """
    view = _by_physical_zone(heatmap(file, topology), file, physical, topology)
    pictures = [_heatmap(number, view, file, physical)]
    if spreads := _spreads(file, topology):
        pictures.append(_distributions(number, spreads, file))
    method = file.method
    lead = [
        f"{view.subtitle[0].upper()}{view.subtitle[1:]}, {len(file.pairs):,} directed pairs of "
        f"{len(file.zones)} zones."
    ]
    lead += [f"{EMULATED.capitalize()}."] if method.emulated else []
    lead += [_loss(file.pairs)]
    lead += [] if file.complete else [f"It is not complete: {method.again}."]
    title = "Latency between zones" if number == 1 else f"Latency between zones, file {number}"
    return Section(id=f"latency-{number}", title=title, lead=lead, pictures=tuple(pictures))


def physical_zones(files: Sequence[Measurements]) -> dict[str, str]:
    """The physical zone of each zone (`site/zone`), by its cloud or by what is nearest to it."""
    found = identify(files)
    known = {zone.name: found.physical_zone(zone.identity) for file in files for zone in file.zones}
    return {name: physical for name, physical in known.items() if physical}


def _by_physical_zone(
    view: Heatmap, file: Measurements, physical: Mapping[str, str], topology: Topology
) -> Heatmap:
    """The heatmap with the physical zone before each name where it is known."""
    sites = [zone_name(site.name, zone) for site in topology.sites for zone in site.zones]
    rank = {name: place for place, name in enumerate(sites)}
    names = sorted(file.zone_by_name, key=lambda name: rank.get(name, len(rank)))
    labels = [f"{physical[name]} · {name}" if name in physical else name for name in names]
    return evolve(view, labels=tuple(labels))


def _heatmap(
    number: int, view: Heatmap, file: Measurements, physical: Mapping[str, str]
) -> Picture:
    title = f"Round trips between the zones of {file.topology}"
    figures = view.figures
    between = (
        f"From {view.minimum:.2f} to {view.maximum:.2f} ms." if figures else "Nothing was measured."
    )
    description = (
        f"Milliseconds from the zone of the row to that of the column; the darker, the farther. "
        f"{between}"
    )
    size, parts = heatmap_parts(view)
    return Picture(
        title=title,
        description=description,
        svg=drawing(f"heatmap-{number}", title, description, size, parts),
        table=Table(
            name=f"round-trips-{number}",
            caption="Every directed pair, in milliseconds",
            headings=(
                "from",
                "physical zone",
                "to",
                "physical zone of that",
                "least",
                "median",
                "p90",
                "p99",
                "mean",
                "jitter",
                "samples",
                "lost",
            ),
            rows=tuple(_row(pair, physical) for pair in file.pairs),
        ),
    )


def _row(pair: Pair, physical: Mapping[str, str]) -> Row:
    trip = pair.round_trip_us
    times = (trip.min, trip.p50, trip.p90, trip.p99, trip.mean, pair.jitter_us)
    return (
        pair.from_zone,
        physical.get(pair.from_zone),
        pair.to_zone,
        physical.get(pair.to_zone),
        *(None if each is None else each / 1000 for each in times),
        pair.samples,
        pair.lost,
    )


def _loss(pairs: Sequence[Pair]) -> str:
    known = [(pair.samples, pair.lost) for pair in pairs if pair.samples and pair.lost is not None]
    samples, lost = sum(s for s, _ in known), sum(n for _, n in known)
    if not samples:
        return "How many round trips were lost is not known."
    share = lost / samples
    return f"{lost:,} of {samples:,} round trips were lost ({share:.2%})."


def _distributions(number: int, spreads: Sequence[Spread], file: Measurements) -> Picture:
    title = "Distributions between sites, the nearest first"
    drawn = spreads[:MOST_ROWS]
    rest = f" The nearest {MOST_ROWS} of {len(spreads)} pairs." if len(spreads) > MOST_ROWS else ""
    description = (
        "Each line goes from the least round trip to p99, the bar from the median to p90; both "
        f"directions together, on a logarithmic scale.{rest}"
    )
    size, parts = ranges(drawn)
    return Picture(
        title=title,
        description=description,
        svg=drawing(f"distributions-{number}", title, description, size, parts),
        table=Table(
            name=f"distributions-{number}",
            caption="Both directions together, in milliseconds",
            headings=("zones", "least", "median", "p90", "p99", "remark"),
            rows=tuple(
                (s.name, s.low, s.median, s.p90, s.p99, s.remark.removeprefix(" · "))
                for s in spreads
            ),
        ),
    )


def _spreads(file: Measurements, topology: Topology) -> list[Spread]:
    """The distributions between zones of different sites, the nearest first."""
    chosen = {zone_name(site.name, site.zone) for site in topology.sites}
    found = [
        spread
        for here, there in combinations(file.zones, 2)
        if here.site != there.site
        and (spread := _spread(file, here.name, there.name, chosen)) is not None
    ]
    return sorted(found, key=lambda spread: spread.median)


def _spread(file: Measurements, here: str, there: str, chosen: set[str]) -> Spread | None:
    """Both directions as one: the least, the mean of the medians, the greater of p90 and p99."""
    ends = ((here, there), (there, here))
    pairs = [file.pair_by_ends[each] for each in ends if each in file.pair_by_ends]
    trips = [pair.round_trip_us for pair in pairs]
    medians = [trip.median for trip in trips if trip.median is not None]
    if not medians:
        return None
    return Spread(
        name=f"{here} and {there}",
        low=min(_ms(trip.min for trip in trips), default=None),
        median=sum(medians) / len(medians) / 1000,
        p90=max(_ms(trip.p90 for trip in trips), default=None),
        p99=max(_ms(trip.p99 for trip in trips), default=None),
        remark=_lost(pairs),
        marked={here, there} <= chosen,
    )


def _ms(microseconds: Iterator[float | None]) -> list[float]:
    return [each / 1000 for each in microseconds if each is not None]


def _lost(pairs: Sequence[Pair]) -> str:
    lost, samples = sum(p.lost or 0 for p in pairs), sum(p.samples or 0 for p in pairs)
    return f" · {lost:,} of {samples:,} lost" if lost else ""
