"""The rows of a measurement file name their units, and leave out nothing that was measured."""

from __future__ import annotations

from support.measured import measurements, pair, zone

from trunkline.measurements import RoundTrip, TcpConnect
from trunkline.measurements.table import COLUMNS, rows

ZONES = [zone("aws", "a", physical_zone="use1-az4"), zone("google", "x", region="r2")]


def test_each_figure_of_a_pair_has_a_column() -> None:
    full = pair(
        "aws/a",
        "google/x",
        5,
        round_trip_us=RoundTrip(min=1, p50=2, p90=3, p99=4, mean=5, stddev=6),
        tcp_connect_us=TcpConnect(min=7, p50=8),
        throughput_mbit_s=900.5,
        lost=9,
        sweeps=10,
        jitter_us=11,
        addresses="external",
    )
    [row] = rows(measurements(ZONES, [full]))
    assert row == {
        "from": "aws/a",
        "from_cloud": "aws",
        "from_region": "r1",
        "from_physical_zone": "use1-az4",
        "to": "google/x",
        "to_cloud": "google",
        "to_region": "r2",
        "to_physical_zone": None,
        "distances": "measured",
        "samples": 200,
        "lost": 9,
        "sweeps": 10,
        "round_trip_min_us": 1,
        "round_trip_p50_us": 2,
        "round_trip_p90_us": 3,
        "round_trip_p99_us": 4,
        "round_trip_mean_us": 5,
        "round_trip_stddev_us": 6,
        "jitter_us": 11,
        "tcp_connect_min_us": 7,
        "tcp_connect_p50_us": 8,
        "throughput_mbit_s": 900.5,
        "addresses": "external",
    }


def test_what_was_not_measured_is_none() -> None:
    [row] = rows(measurements(ZONES, [pair("aws/a", "google/x", 5)], emulated=True))
    assert list(row) == list(COLUMNS)
    assert row["distances"] == "emulated"
    assert row["tcp_connect_min_us"] is None
    assert row["round_trip_mean_us"] is None
