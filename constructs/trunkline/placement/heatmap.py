"""The matrix to look at: zones in rows and columns, those of one place side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from attrs import frozen

from trunkline.measurements.model import MeasuredZone, Measurements


@frozen
class Heatmap:
    """Round trips from row to column in milliseconds; None where there is no figure.

    `groups` names each cloud and region, and counts its zones, in order. Labels are `site/zone`,
    with the physical zone where it is known; they are sorted by it.
    """

    title: str
    subtitle: str
    emulated: bool
    labels: tuple[str, ...]
    groups: tuple[tuple[str, int], ...]
    cells: tuple[tuple[float | None, ...], ...]

    @property
    def figures(self) -> list[float]:
        """Every figure of two different zones."""
        return [value for row in self.cells for value in row if value is not None]

    @property
    def least(self) -> float:
        """The lower end of the scale."""
        return min(self.figures, default=0.0)

    @property
    def most(self) -> float:
        """The upper end of the scale."""
        return max(self.figures, default=0.0)

    def share(self, value: float) -> float:
        """Where a figure stands between the least (0) and the most (1)."""
        width = self.most - self.least
        return (value - self.least) / width if width else 0.0


def heatmap(measurements: Measurements) -> Heatmap:
    """The medians (or means, from tools without medians), zones grouped by physical place."""
    zones = sorted(measurements.zones, key=_order)
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
        groups=tuple(
            (name, len(list(group))) for name, group in groupby(map(_group, zones), key=str)
        ),
        cells=cells,
    )


def _order(zone: MeasuredZone) -> tuple[str, ...]:
    owner = "" if zone.physical_zone else zone.identity.owner
    place = zone.physical_zone or zone.zone
    return (zone.cloud, zone.region, place, owner, zone.site, zone.zone)


def _group(zone: MeasuredZone) -> str:
    return f"{zone.cloud} {zone.region}"


def _label(zone: MeasuredZone) -> str:
    """`site/zone`, and the place behind the name where it is known."""
    return f"{zone.name} ({zone.physical_zone})" if zone.physical_zone else zone.name


def _cells(
    measurements: Measurements, row: str, zones: Sequence[MeasuredZone]
) -> Iterator[float | None]:
    for zone in zones:
        pair = measurements.pair_by_ends.get((row, zone.name))
        typical = pair.round_trip_us.typical if pair else None
        yield None if typical is None else typical / 1000
