"""A history keeps every file, and gives each pair its medians in the order of time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.measured import MOMENT, measurements, pair, zone

from trunkline.errors import OutputError
from trunkline.measurements import Measurements, MeasurementsError, RoundTrip, load
from trunkline.measurements.history import (
    HistoryError,
    add_to_history,
    history_folder,
    pair_histories,
    read_history,
)

ZONES = [zone("aws", "a"), zone("google", "x")]


def sweep(value: float, hours: float = 0, **fields: bool) -> Measurements:
    at = MOMENT + timedelta(hours=hours)
    pairs = [pair("aws/a", "google/x", value)]
    return measurements(ZONES, pairs, started_at=at, finished_at=at, **fields)


def test_the_folder_stands_beside_the_file() -> None:
    assert history_folder(Path("m/acme.json")) == Path("m/acme.json.history")


def test_a_file_is_named_by_its_time_and_never_replaced(tmp_path: Path) -> None:
    kept = [add_to_history(tmp_path / "h", sweep(value)) for value in (1, 2, 3)]
    assert [path.name for path in kept] == [
        "20261124T074219Z.json",
        "20261124T074219Z-2.json",
        "20261124T074219Z-3.json",
    ]
    assert [load(path).pairs[0].round_trip_us.p50 for path in kept] == [1, 2, 3]


def test_sweeps_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    for hours in (2, 0, 1):
        add_to_history(tmp_path, sweep(500 + hours, hours))
    [found] = pair_histories(read_history(tmp_path))
    assert [median.us for median in found.medians] == [500, 501, 502]
    assert (found.lowest, found.highest) == (500, 502)
    since = MOMENT + timedelta(hours=1)
    assert [each.finished_at for each in read_history(tmp_path, since)] == [
        since,
        since + timedelta(hours=1),
    ]


def test_a_pair_without_a_median_has_no_history() -> None:
    lone = pair("aws/a", "google/x", 5, round_trip_us=RoundTrip(min=1))
    assert pair_histories([measurements(ZONES, [lone])]) == []


def test_there_may_be_no_folder(tmp_path: Path) -> None:
    assert read_history(tmp_path / "none") == []


def test_emulated_distances_are_not_mixed_with_measured_ones(tmp_path: Path) -> None:
    add_to_history(tmp_path, sweep(500))
    add_to_history(tmp_path, sweep(500, 1, emulated=True))
    with pytest.raises(HistoryError, match="move one kind away"):
        read_history(tmp_path)


def test_a_file_that_is_not_valid_is_named(tmp_path: Path) -> None:
    (tmp_path / "20261124T074219Z.json").write_text("{}")
    with pytest.raises(MeasurementsError, match=r"20261124T074219Z\.json"):
        read_history(tmp_path)


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match=r"cannot make the folder .*; .* use --no-history"):
        add_to_history(tmp_path / "taken" / "h", sweep(500))
