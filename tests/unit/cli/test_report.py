"""`trunkline report`: the file, what it says of it, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.bench import results
from support.command import trunkline
from support.examples import ROOT
from support.measured import all_pairs, measurements, zone

from trunkline.measurements import save

THREE = str(ROOT / "topologies" / "three-clouds.yaml")
ZONES = (
    zone("aws", "us-east-1a", region="us-east-1"),
    zone("google", "us-east4-a", region="us-east4"),
)


def test_it_writes_one_file_and_says_what_is_left_out(tmp_path: Path) -> None:
    done = trunkline("report", THREE, folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("report.html: ")
    assert done.stderr.startswith("left out: Latency between zones: ")
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_what_was_measured_for_the_topology_is_taken(tmp_path: Path) -> None:
    found = measurements(ZONES, all_pairs(ZONES, lambda *_: 700.0), topology="three-clouds")
    (tmp_path / "measurements").mkdir()
    save(found, tmp_path / "measurements" / "three-clouds.json")
    (tmp_path / "bench").mkdir()
    results(8).save(tmp_path / "bench" / "three-clouds.json")
    done = trunkline("report", THREE, "--format", "json", folder=tmp_path)
    report = json.loads(done.stdout)
    assert report["sections"] == [
        "Topology",
        "Routes and who answers",
        "Latency between zones",
        "Choice of zones",
        "Load test of /api/v5",
        "Costs",
    ]
    assert [each.split(":")[0] for each in report["absent"]] == ["Checks", "Traffic"]
    assert report["bytes"] == (tmp_path / "report.html").stat().st_size


def test_traffic_is_in_the_costs(tmp_path: Path) -> None:
    trunkline("report", THREE, "--traffic", "aws-google=500GB", folder=tmp_path)
    assert "80.89 $ a month" in (tmp_path / "report.html").read_text()


def test_a_wrong_file_of_measurements_leaves_no_report(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{")
    done = trunkline("report", THREE, "--measurements", "m.json", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("m.json:1:")
    assert not (tmp_path / "report.html").exists()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = trunkline("report", THREE, "--output", "no/report.html", folder=tmp_path)
    assert (done.returncode, "no" in done.stderr) == (2, True)


LINE = {"what": "origin", "where": "edge", "state": "ok", "said": "answers", "remedy": ""}
FAILED = {**LINE, "where": "<b>azure</b>", "state": "failed", "remedy": "apply its stack"}


def test_checks_are_shown_the_worst_first(tmp_path: Path) -> None:
    checks = {"topology": "three-clouds", "up": False, "checks": [LINE, FAILED]}
    (tmp_path / "checks.json").write_text(json.dumps(checks))
    done = trunkline("report", THREE, "--checks", "checks.json", folder=tmp_path)
    assert done.returncode == 0
    text = (tmp_path / "report.html").read_text()
    assert "2 checks of three-clouds: 1 failed, 1 ok." in text
    assert text.index("&lt;b&gt;azure&lt;/b&gt;") < text.index("<td>answers</td><td></td>")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"topology": "a"}, "it has no list of checks"),
        ({"topology": 1, "checks": []}, "it has no list of checks"),
        ([], "it has no list of checks"),
        ({"topology": "a", "checks": [{}]}, "one of its checks has other keys"),
        ({"topology": "a", "checks": [{**LINE, "said": 1}]}, "a value that is no text"),
        ({"topology": "a", "checks": [{**LINE, "state": "x"}]}, "'x' is not a state"),
    ],
)
def test_a_file_that_is_no_result_of_a_check_is_refused(
    tmp_path: Path, given: object, why: str
) -> None:
    (tmp_path / "checks.json").write_text(json.dumps(given))
    done = trunkline("report", THREE, "--checks", "checks.json", folder=tmp_path)
    assert done.returncode == 2
    assert why in done.stderr
    assert "run trunkline check --format json again" in done.stderr
    assert not (tmp_path / "report.html").exists()


FIGURES: dict[str, Any] = {
    "requests": 7,
    "errors": 1,
    "failovers": 2,
    "p50_ms": 10.0,
    "p95_ms": 20.5,
    "p99_ms": None,
}
COUNTED: dict[str, Any] = {
    "topology": "three-clouds",
    "asked_at": "2026-11-28T09:00:00Z",
    "since": "24h",
    "every": "1h",
    "by": ["site"],
    "only": {},
    "total": FIGURES,
    "groups": [{"time": "2026-11-28 08:00:00", "site": "<i>", **FIGURES}],
}


def test_what_the_worker_counted_has_a_section_for_each_file(tmp_path: Path) -> None:
    whole = {**COUNTED, "every": "", "groups": [{"site": "aws", **FIGURES}]}
    for name, data in (("a", COUNTED), ("b", whole)):
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
    done = trunkline(
        "report", THREE, "--requests", "a.json", "--requests", "b.json", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "Traffic:" not in done.stderr
    text = (tmp_path / "report.html").read_text()
    assert text.count("7 requests in the 24h before 2026-11-28T09:00:00Z: 1 errors (14.29%)") == 2
    assert "&lt;i&gt;" in text and "<i>" not in text
    assert 'id="traffic-2"' in text


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {},
        {**COUNTED, "since": 24},
        {**COUNTED, "every": "hourly"},
        {**COUNTED, "by": [1]},
        {**COUNTED, "groups": [{"site": "aws", **FIGURES}]},
        {**COUNTED, "groups": [{"time": "8 o'clock", "site": "aws", **FIGURES}]},
        {**COUNTED, "total": {**FIGURES, "requests": -1}},
        {**COUNTED, "total": {**FIGURES, "p50_ms": "fast"}},
        {**COUNTED, "only": ["aws"]},
    ],
)
def test_a_file_that_is_no_result_of_trunkline_traffic_is_refused(
    tmp_path: Path, wrong: object
) -> None:
    (tmp_path / "a.json").write_text(json.dumps(wrong))
    done = trunkline("report", THREE, "--requests", "a.json", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("a.json: not the result of trunkline traffic; run trunkline")
    assert not (tmp_path / "report.html").exists()
