"""A measurement file is read, or every mistake in it is reported with its line and column."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.measured import measurements, pair, zone

from trunkline.documents.findings import Finding
from trunkline.measurements import MeasurementsError, check_file, load
from trunkline.measurements.save import to_text

ZONES = [zone("aws", "a", physical_zone="use1-az4"), zone("aws", "b"), zone("google", "x")]
GOOD = measurements(
    ZONES,
    [
        pair(here, there, 500)
        for here, there in [
            ("aws/a", "google/x"),
            ("google/x", "aws/a"),
            ("aws/b", "google/x"),
            ("google/x", "aws/b"),
        ]
    ],
)

Change = Callable[[dict[str, Any]], object]


def data() -> dict[str, Any]:
    """The good file as plain data."""
    content: dict[str, Any] = json.loads(to_text(GOOD))
    return content


def check(tmp_path: Path, text: str | bytes) -> tuple[Any, list[Finding]]:
    path = tmp_path / "m.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found, findings = check_file(path)
    assert all(finding.file == str(path) for finding in findings)
    return found, findings


def errors_of(tmp_path: Path, change: Change) -> list[Finding]:
    changed = data()
    change(changed)
    found, findings = check(tmp_path, json.dumps(changed, indent=1))
    assert found is None
    return findings


def test_a_valid_file_has_no_findings(tmp_path: Path) -> None:
    assert check(tmp_path, to_text(GOOD)) == (GOOD, [])


def test_a_byte_order_mark_and_other_layout_do_not_matter(tmp_path: Path) -> None:
    text = "\ufeff" + json.dumps(data()).replace(", ", " ,\r\n\t")
    assert check(tmp_path, text) == (GOOD, [])


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (lambda d: d.update(version=2), "version", "version 2, and version 1 is read here"),
        (lambda d: d.update(version=0), "version", "measure again"),
        (lambda d: d.pop("pairs"), "measurements", "the key pairs is missing"),
        (lambda d: d.update(colour=1), "colour", 'the key "colour" is unknown'),
        (lambda d: d.update(zones=[]), "zones", "this is empty; measure again, or repair the file"),
        (lambda d: d.update(started_at="yesterday"), "started_at", "must be a time of UTC"),
        (
            lambda d: d.update(started_at="2026-11-24T07:42:19+00:00"),
            "started_at",
            "must be a time of UTC",
        ),
        (lambda d: d.update(finished_at="2026-12-31T23:59:60Z"), "finished_at", "no such time"),
        (lambda d: d["zones"][0].update(cloud="Oracle"), "zones[0].cloud", "does not fit"),
        (lambda d: d["zones"][1].update(zone="../b"), "zones[1].zone", "must hold only"),
        (lambda d: d["pairs"][2].update(samples="many"), "pairs[2].samples", "a whole number"),
        (
            lambda d: d["pairs"][2].update(lost=-1),
            "pairs[2].lost",
            "-1 is out of range; it must be from 0",
        ),
        (lambda d: d.update(complete=1), "complete", "true or false"),
    ],
)
def test_what_does_not_fit_the_schema_is_named(
    tmp_path: Path, change: Change, path: str, message: str
) -> None:
    [finding] = errors_of(tmp_path, change)
    assert finding.path == path
    assert message in str(finding)


@pytest.mark.parametrize("value", [0, -3.5, 10_000_001, math.nan, math.inf, -math.inf, "5", True])
@pytest.mark.parametrize("key", ["min", "p50", "p90", "p99"])
def test_absurd_figures_are_named(tmp_path: Path, key: str, value: Any) -> None:
    [finding] = errors_of(tmp_path, lambda d: d["pairs"][1]["round_trip_us"].update({key: value}))
    assert finding.path == f"pairs[1].round_trip_us.{key}"


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (
            lambda d: d["pairs"][0].update(to="google/y"),
            "pairs[0].to",
            "not in the list of zones",
        ),
        (lambda d: d["pairs"][0].update({"from": "google/x"}), "pairs[0]", "paired with itself"),
        (lambda d: d["pairs"].append(d["pairs"][0]), "pairs[4]", "again, after pairs[0]"),
        (lambda d: d["zones"].append(d["zones"][0]), "zones[3]", "again, after zones[0]"),
        (lambda d: d["zones"][1].update(region="r2"), "zones[1].region", "give all zones"),
        (
            lambda d: d["zones"][1].update(physical_zone="use1-az4"),
            "zones[1].physical_zone",
            'is already the physical zone of "a"',
        ),
        (lambda d: d["pairs"][0].update(lost=200), "pairs[0].lost", "200 of 200"),
        (
            lambda d: d["pairs"][0]["round_trip_us"].update(p90=499),
            "pairs[0].round_trip_us.p50",
            "p50 is 500 us, more than p90",
        ),
        (lambda d: d.update(finished_at="2020-01-01T00:00:00Z"), "finished_at", "before it"),
    ],
)
def test_what_cannot_be_true_is_named(
    tmp_path: Path, change: Change, path: str, message: str
) -> None:
    [finding] = [each for each in errors_of(tmp_path, change) if each.level == "error"]
    assert finding.path == path
    assert message in str(finding)


def test_a_missing_zone_with_figures_is_named(tmp_path: Path) -> None:
    found = errors_of(tmp_path, lambda d: d["zones"][2].update(status="missing"))
    assert [(each.path, each.level) for each in found[:2]] == [
        ("pairs[2].from", "error"),
        ("pairs[3].from", "error"),
    ]


def test_a_place_is_line_and_column_of_the_value(tmp_path: Path) -> None:
    text = to_text(GOOD).replace('"p50": 500', '"p50": -500', 1)
    _, [finding] = check(tmp_path, text)
    line = text.splitlines()[finding.line - 1]
    assert line[finding.column - 1 :].startswith("-500")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_says_so(tmp_path: Path, share: float) -> None:
    text = to_text(GOOD)
    found, [finding] = check(tmp_path, text[: int(len(text) * share)])
    assert found is None
    assert finding.line > 1
    assert "cut short" in finding.message or "not JSON" in finding.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "name: yaml",
        "[]",
        "null",
        "5",
        '"text"',
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5000,
        '{"version": 1}',
        '{"version": 1, "version": 1}',
        b"\xff\xfe",
        b"\x00",
        '{"version": true}',
        '{"version": 1.0}',
        '{"version": [1]}',
        '{"version": 1, "zones": {"a": 1}, "pairs": 5}',
        '"\\ud800"',
    ],
)
def test_any_other_content_is_a_finding(tmp_path: Path, text: str | bytes) -> None:
    found, findings = check(tmp_path, text)
    assert found is None
    assert findings


def test_a_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    text = to_text(GOOD).replace('"lost": 0', '"lost": 0, "lost": 1', 1)
    _, [finding] = check(tmp_path, text)
    assert finding.path == "pairs[0]"
    assert 'the key "lost" stands here twice' in finding.message


@pytest.mark.parametrize("name", ["nowhere.json", "."])
def test_a_path_without_a_file_is_a_finding(tmp_path: Path, name: str) -> None:
    with pytest.raises(MeasurementsError, match=r":1:1: measurements: .+; .+"):
        load(tmp_path / name)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(MeasurementsError, match="is larger than 64 MiB"):
        load(path)


def test_only_the_first_fifty_mistakes_are_reported(tmp_path: Path) -> None:
    found = errors_of(tmp_path, lambda d: d.update(pairs=[{}] * 100))
    assert len(found) == 51
    assert "more than 50 mistakes" in found[-1].message


def test_one_direction_only_is_a_warning(tmp_path: Path) -> None:
    found, [finding] = check(
        tmp_path, to_text(measurements(ZONES[1:], [pair("aws/b", "google/x", 500)]))
    )
    assert found is not None
    assert finding.level == "warning"
    assert "1 of 1 directed pairs were measured in one direction only" in finding.message


def test_missing_pairs_are_a_warning(tmp_path: Path) -> None:
    pairs = [each for each in GOOD.pairs if "aws/b" not in (each.from_zone, each.to_zone)]
    found, findings = check(tmp_path, to_text(measurements(ZONES, pairs)))
    assert found is not None
    assert "1 of 2 pairs of zones have no figure" in str(findings)


def test_an_incomplete_file_and_missing_zones_are_warnings(tmp_path: Path) -> None:
    zones = [*ZONES, zone("azure", "1", status="missing")]
    found, findings = check(tmp_path, to_text(measurements(zones, GOOD.pairs, complete=False)))
    assert found is not None
    assert {finding.level for finding in findings} == {"warning"}
    assert "azure/1" in str(findings)
    assert "not complete" in str(findings)


def test_a_complete_file_may_lack_a_zone(tmp_path: Path) -> None:
    """With two zones per batch, the third zone of the only site shares no batch with another."""
    zones = [zone("aws", "a"), zone("aws", "b"), zone("aws", "c", status="missing")]
    pairs = [pair("aws/a", "aws/b", 500), pair("aws/b", "aws/a", 500)]
    assert check(tmp_path, to_text(measurements(zones, pairs)))[1] == []
    _, findings = check(tmp_path, to_text(measurements(zones, pairs, complete=False)))
    assert "aws/c; collect again" in str(findings[0])


def _mutations() -> list[tuple[str, Any]]:
    values: list[Any] = [None, 0, -1, 1.0, 1.5, 10**9 + 1, "x", "a/b", "", "a\n", True, [], {}]
    paths = ["topology", "complete", "started_at", "zones", "pairs", "method"]
    paths += [f"method.{key}" for key in data()["method"]]
    paths += [f"zones.0.{key}" for key in data()["zones"][0]]
    paths += [f"pairs.0.{key}" for key in data()["pairs"][0]]
    paths += [f"pairs.0.round_trip_us.{key}" for key in ("min", "p50", "stddev")]
    return [(path, value) for path in paths for value in values]


def test_any_value_anywhere_gives_measurements_or_an_error(tmp_path: Path) -> None:
    for path, value in _mutations():
        changed: Any = data()
        *steps, last = path.split(".")
        parent: Any = changed
        for step in steps:
            parent = parent[int(step) if step.isdecimal() else step]
        parent[last] = value
        found, findings = check(tmp_path, json.dumps(changed))
        errors = [finding for finding in findings if finding.level == "error"]
        assert (found is None) == bool(errors), (path, value)
