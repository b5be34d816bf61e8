"""The matrix of round trips as a heatmap, in the order of a topology, its chosen zones marked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from attrs import frozen

from trunkline.measurements.model import MeasuredZone, Measurements
from trunkline.model import Topology, zone_name

EMULATED = "EMULATED: these latencies are emulated on one machine, not measured between clouds"

WIDE = 20.0
"""The farthest is so many times the nearest: a linear scale would show all near pairs alike."""


@frozen
class Heatmap:
    """Round trips from row to column in milliseconds; None where there is no figure.

    `groups` holds each cloud and region with the number of its zones, in order. Labels are
    `site/zone`, with the physical zone where it is known, and `chosen` says which of them are the
    topology's chosen zones.
    """

    title: str
    subtitle: str
    emulated: bool
    labels: tuple[str, ...]
    chosen: tuple[bool, ...]
    groups: tuple[tuple[str, int], ...]
    cells: tuple[tuple[float | None, ...], ...]

    @property
    def figures(self) -> list[float]:
        """Every figure, row by row."""
        return [value for row in self.cells for value in row if value is not None]

    @property
    def minimum(self) -> float:
        """The lower end of the scale."""
        return min(self.figures, default=0.0)

    @property
    def maximum(self) -> float:
        """The upper end of the scale."""
        return max(self.figures, default=0.0)

    @property
    def logarithmic(self) -> bool:
        """Whether the scale is logarithmic, as it is where the zones are regions apart."""
        return 0 < self.minimum * WIDE <= self.maximum

    def share(self, value: float) -> float:
        """The position of a figure on the scale, from 0 (minimum) to 1 (maximum)."""
        low, high, at = self.minimum, self.maximum, value
        if self.logarithmic:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return (at - low) / (high - low) if high > low else 0.0


def heatmap(measurements: Measurements, topology: Topology | None = None) -> Heatmap:
    """The medians (or means, from tools without medians).

    With `topology` its zones come first, in its order, and its chosen zones are marked.
    """
    sites = topology.sites if topology else ()
    order = [zone_name(site.name, zone) for site in sites for zone in site.zones]
    chosen = {zone_name(site.name, site.zone) for site in sites}
    rank = {name: place for place, name in enumerate(order)}
    zones = sorted(measurements.zones, key=lambda zone: rank.get(zone.name, len(rank)))
    cells = tuple(tuple(_cells(measurements, zone.name, zones)) for zone in zones)
    method = measurements.method
    by_mean = method.tool == "perfkit-ping"
    return Heatmap(
        title=f"{measurements.topology}: round trips between zones",
        subtitle=(
            f"{'mean' if by_mean else 'median'} in milliseconds, {method.protocol.upper()}, by "
            f"{method.tool}, {measurements.finished_at:%Y-%m-%d %H:%M} UTC"
        ),
        emulated=method.emulated,
        labels=tuple(_label(zone) for zone in zones),
        chosen=tuple(zone.name in chosen for zone in zones),
        groups=tuple(
            (name, len(list(group))) for name, group in groupby(map(_group, zones), key=str)
        ),
        cells=cells,
    )


def _group(zone: MeasuredZone) -> str:
    return f"{zone.cloud} {zone.region}"


def _label(zone: MeasuredZone) -> str:
    """`site/zone`, and the physical zone where it is known."""
    return f"{zone.name} ({zone.physical_zone})" if zone.physical_zone else zone.name


def _cells(
    measurements: Measurements, row: str, zones: Sequence[MeasuredZone]
) -> Iterator[float | None]:
    for zone in zones:
        pair = measurements.pair_by_ends.get((row, zone.name))
        median = pair.round_trip_us.median if pair else None
        yield None if median is None else median / 1000
