"""The pairs of a measurement file as rows, for a spreadsheet or another tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from trunkline.measurements.model import MeasuredZone, Measurements, Pair, TcpConnect

Cell = str | float | int | None
Column = Callable[[Measurements, Pair], Cell]


def rows(measurements: Measurements) -> list[dict[str, Cell]]:
    """A row for each directed pair, in the order of the file, with the same names in each.

    Units stand in the names; None stands for what the tool does not measure.
    """
    return [
        {name: cell(measurements, pair) for name, cell in COLUMNS.items()}
        for pair in measurements.pairs
    ]


def _from(file: Measurements, pair: Pair) -> MeasuredZone:
    return file.zone_by_name[pair.from_zone]


def _to(file: Measurements, pair: Pair) -> MeasuredZone:
    return file.zone_by_name[pair.to_zone]


def _distances(file: Measurements, _: Pair) -> str:
    return "emulated" if file.method.emulated else "measured"


def _tcp_connect(pair: Pair) -> TcpConnect:
    return pair.tcp_connect_us or TcpConnect()


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "from": lambda _, pair: pair.from_zone,
        "from_cloud": lambda file, pair: _from(file, pair).cloud,
        "from_region": lambda file, pair: _from(file, pair).region,
        "from_physical_zone": lambda file, pair: _from(file, pair).physical_zone,
        "to": lambda _, pair: pair.to_zone,
        "to_cloud": lambda file, pair: _to(file, pair).cloud,
        "to_region": lambda file, pair: _to(file, pair).region,
        "to_physical_zone": lambda file, pair: _to(file, pair).physical_zone,
        "distances": _distances,
        "samples": lambda _, pair: pair.samples,
        "lost": lambda _, pair: pair.lost,
        "sweeps": lambda _, pair: pair.sweeps,
        "round_trip_min_us": lambda _, pair: pair.round_trip_us.min,
        "round_trip_p50_us": lambda _, pair: pair.round_trip_us.p50,
        "round_trip_p90_us": lambda _, pair: pair.round_trip_us.p90,
        "round_trip_p99_us": lambda _, pair: pair.round_trip_us.p99,
        "round_trip_mean_us": lambda _, pair: pair.round_trip_us.mean,
        "round_trip_stddev_us": lambda _, pair: pair.round_trip_us.stddev,
        "jitter_us": lambda _, pair: pair.jitter_us,
        "tcp_connect_min_us": lambda _, pair: _tcp_connect(pair).min,
        "tcp_connect_p50_us": lambda _, pair: _tcp_connect(pair).p50,
        "throughput_mbit_s": lambda _, pair: pair.throughput_mbit_s,
        "addresses": lambda _, pair: pair.addresses,
    }
)
"""What each column holds, by its name."""
