"""`trunkline report`: the file, what it says of it, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

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
    assert report["absent"] == []
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
