"""The part of the demo that measures and chooses zones."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve
from support.examples import ROOT
from support.measured import all_pairs, measurements, topology, zone

from trunkline.demo import survey
from trunkline.deploy.workspace import Workspace
from trunkline.measurements import MeasuredZone
from trunkline.probing.collect import Collection, CollectionProgress
from trunkline.topology import load

ZONES = [zone("aws", "a"), zone("aws", "b"), zone("google", "x"), zone("google", "y")]
TOPOLOGY = topology(*ZONES)


def between(one: MeasuredZone, two: MeasuredZone) -> float:
    return 500 if {one.zone, two.zone} == {"b", "x"} else 900


MEASURED = measurements(ZONES, all_pairs(ZONES, between))


def test_a_survey_needs_probes_and_two_sites() -> None:
    assert survey.is_possible(TOPOLOGY)
    assert not survey.is_possible(evolve(TOPOLOGY, probes=None))
    assert not survey.is_possible(topology(*ZONES[:2]))


def test_the_change_compares_the_chosen_zones_with_the_present_ones() -> None:
    change = survey.choose(TOPOLOGY, MEASURED)
    assert change.zones == {"aws": "b", "google": "x"}
    assert (change.sum_us, change.before_us, change.certainty) == (500, 900, "sure")
    assert str(change) == "aws b, google x: 0.50 ms in all, 0.90 ms before (sure)"


def test_the_chosen_zones_are_written_to_a_copy(tmp_path: Path) -> None:
    source = ROOT / "topologies" / "three-clouds.yaml"
    before = source.read_text()
    zones = {"aws": "us-east-1b", "google": "us-east4-c", "azure": "3"}
    change = survey.PlacementChange(zones, 1, 2, "sure")
    copy = survey.write_topology(source, change, Workspace(tmp_path))
    assert {site.name: site.zone for site in load(copy).sites} == zones
    assert source.read_text() == before


@pytest.mark.parametrize("emulated", [False, True])
def test_the_summary_counts_pairs_and_marks_emulated_latencies(emulated: bool) -> None:
    made = measurements(ZONES, MEASURED.pairs, emulated=emulated)
    text = "4 pairs both ways, 200 to 200 round trips each"
    assert survey.summary(made) == (f"{text}, latencies emulated" if emulated else text)


def test_zones_that_are_the_same_are_named_nearest_first() -> None:
    zones = [zone(site, "a", cloud="aws", account=site, physical_zone="p") for site in ("s", "t")]
    zones += [zone("u", "b", cloud="aws", account="u")]
    made = measurements(zones, all_pairs(zones, lambda one, two: 100))
    assert survey.same_zones(made) == (
        "2 of 3 physical zones are known from their cloud; a and a are the same, and 2 more pairs"
    )
    assert survey.same_zones(MEASURED).endswith("are near enough to be the same")


def measure(monkeypatch: pytest.MonkeyPatch, folder: Path, collection: Collection) -> Any:
    """Measure, where the agents give this collection."""
    updates: list[str] = []

    def collect(zones: Any, key: bytes, *, wait_seconds: float, report: Any) -> Collection:
        report(CollectionProgress(2, 2, 1))
        return collection

    monkeypatch.setattr(survey, "collect", collect)
    step: Any = SimpleNamespace(update=updates.append)
    try:
        survey.measure(TOPOLOGY, Workspace(folder), step)
    finally:
        assert updates == ["measure every pair of zones: 1 of 2 probes are ready"]


def test_probes_that_are_not_ready_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(survey.SurveyError, match=r"see trunkline local logs\n  aws/a: is down"):
        measure(monkeypatch, tmp_path, Collection({}, {"aws/a": "is down"}))


def test_ctrl_c_ends_the_survey(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        measure(monkeypatch, tmp_path, Collection({}, {}, interrupted=True))


def test_measurements_and_heatmap_are_saved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(survey, "save_collection", lambda *_: MEASURED)
    (tmp_path / "measurements").mkdir()
    measure(monkeypatch, tmp_path, Collection({}, {}))
    heatmap = survey.draw(TOPOLOGY, MEASURED, Workspace(tmp_path))
    assert heatmap.read_text().startswith("<svg")
    assert survey.measurement_file(TOPOLOGY, Workspace(tmp_path)) == heatmap.with_suffix(".json")
