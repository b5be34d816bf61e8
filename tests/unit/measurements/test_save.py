"""Measurement files are written whole or not at all, and always in the same way."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.measured import MOMENT, measurements, pair, zone

from trunkline.errors import OutputError
from trunkline.measurements import MeasuredZone, Pair, RoundTrip, TcpConnect, load, save
from trunkline.measurements.save import to_text

ZONES = [zone("google", "x"), zone("aws", "b"), zone("aws", "a", physical_zone="use1-az4")]
PAIRS = [pair("google/x", "aws/b", 500), pair("aws/b", "google/x", 510)]


def test_loading_returns_what_was_saved(tmp_path: Path) -> None:
    full = pair(
        "aws/a",
        "google/x",
        5,
        round_trip_us=RoundTrip(min=1, p50=None, mean=2.5, stddev=0),
        tcp_connect_us=TcpConnect(min=3.5, p50=None),
        throughput_mbit_s=900.5,
        samples=None,
        lost=None,
        sweeps=7,
        jitter_us=None,
    )
    wanted = measurements(ZONES, [*PAIRS, full], complete=False, emulated=True)
    save(wanted, tmp_path / "m.json")
    assert load(tmp_path / "m.json") == wanted


@given(st.permutations(ZONES), st.permutations(PAIRS))
def test_the_order_of_what_was_measured_does_not_matter(
    zones: list[MeasuredZone], pairs: list[Pair]
) -> None:
    assert to_text(measurements(zones, pairs)) == to_text(measurements(ZONES, PAIRS))


def test_each_pair_is_one_line() -> None:
    lines = to_text(measurements(ZONES, PAIRS)).splitlines()
    assert [line.split(",")[0].strip() for line in lines if '"from"' in line] == [
        '{"from": "aws/b"',
        '{"from": "google/x"',
    ]


def test_times_are_written_in_whole_seconds_of_utc() -> None:
    there = timezone(timedelta(hours=2))
    moment = datetime(2026, 11, 24, 9, 42, 19, 999, tzinfo=there)
    made = measurements(ZONES, PAIRS, started_at=moment)
    assert made.started_at == MOMENT.replace(tzinfo=UTC)
    assert '"started_at": "2026-11-24T07:42:19Z"' in to_text(made)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.json"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match=r"cannot write .*m\.json: No space left on device; "):
        save(measurements(ZONES, PAIRS), path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["m.json"]


def test_a_path_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "m.json"):
        with pytest.raises(OutputError, match="choose another file"):
            save(measurements(ZONES, PAIRS), path)


def test_a_link_stays_a_link_and_the_mode_is_kept(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "real.json").chmod(0o640)
    (tmp_path / "link.json").symlink_to("real.json")
    save(measurements(ZONES, PAIRS), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert stat.S_IMODE((tmp_path / "real.json").stat().st_mode) == 0o640
    assert load(tmp_path / "real.json") == measurements(ZONES, PAIRS)
