"""Saving a collection, and completing the measurements that are already in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from support.measured import measurements, pair, topology, zone

from trunkline.errors import OutputError, TrunklineError
from trunkline.measurements import Measurements, MeasurementsError, load, save
from trunkline.probing.client import AgentResults
from trunkline.probing.collect import Collection
from trunkline.probing.saved import EarlierMeasurementsError, read_earlier, save_collection

ZONES = (zone("aws", "a"), zone("google", "x"))
TOPOLOGY = topology(*ZONES)
EARLIER = measurements(ZONES, [pair("aws/a", "google/x", 500)])
SWEEP = {"min": 400, "p50": 500, "p90": 510, "p99": 520, "jitter": 5, "sent": 200, "lost": 0}


def collected(*, emulated: bool = False) -> Collection:
    """The results of one agent, which measured the other zone."""
    sweep = {**SWEEP, "tcp": {"min": 300, "p50": 350}, "at": 1_790_000_000.0}
    content: dict[str, Any] = {
        "emulated": emulated,
        "samples": 200,
        "physical_zone": None,
        "peers": {"aws/a": {"sweeps": [sweep]}},
    }
    return Collection({"google/x": AgentResults(content, 0.0)}, {})


def written(path: Path, **changes: Any) -> Path:
    save(evolve(EARLIER, **changes), path)
    return path


def test_there_is_nothing_to_complete_without_a_file(tmp_path: Path) -> None:
    assert read_earlier(tmp_path / "m.json", TOPOLOGY) is None


def test_a_file_of_the_topology_is_completed(tmp_path: Path) -> None:
    path = written(tmp_path / "m.json")
    earlier = read_earlier(path, TOPOLOGY)
    saved = save_collection(path, TOPOLOGY, collected(), earlier)
    assert set(saved.pair_by_ends) == {("aws/a", "google/x"), ("google/x", "aws/a")}
    assert saved.pairs[0] == EARLIER.pairs[0]
    assert saved.complete
    assert load(path) == saved


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"topology": "another"}, "holds measurements of another, not of t"),
        ({"method": evolve(EARLIER.method, tool="perfkit-ping")}, "measured with another tool"),
        (
            {"zones": [zone("aws", "a", account="9"), ZONES[1]]},
            "was measured with site aws in aws 9, r1",
        ),
        ({"zones": [zone("aws", "a", account=None), ZONES[1]]}, "with site aws in aws, r1"),
    ],
)
def test_other_measurements_are_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    path = written(tmp_path / "m.json", **changes)
    with pytest.raises(EarlierMeasurementsError, match=rf"{reason}; move it away"):
        read_earlier(path, TOPOLOGY)


def test_a_site_that_left_the_topology_is_not_compared(tmp_path: Path) -> None:
    zones = [*ZONES, zone("azure", "1", account="another")]
    assert read_earlier(written(tmp_path / "m.json", zones=zones), TOPOLOGY) is not None


def test_a_file_that_is_not_valid_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{}")
    with pytest.raises(MeasurementsError):
        read_earlier(tmp_path / "m.json", TOPOLOGY)


def test_emulated_latencies_do_not_complete_measured_ones(tmp_path: Path) -> None:
    path = written(tmp_path / "m.json")
    with pytest.raises(EarlierMeasurementsError, match="would mix emulated with measured"):
        save_collection(path, TOPOLOGY, collected(emulated=True), EARLIER)
    assert load(path) == EARLIER


def test_the_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "measurements" / "m.json"
    save_collection(path, TOPOLOGY, collected(), None)
    assert load(path).pairs[0].from_zone == "google/x"


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match=r"cannot make the folder .*choose another file"):
        save_collection(tmp_path / "taken" / "m.json", TOPOLOGY, collected(), None)


def test_nothing_is_written_if_no_agent_responded(tmp_path: Path) -> None:
    path = tmp_path / "measurements" / "m.json"
    found: Measurements = save_collection(path, TOPOLOGY, Collection({}, {"aws/a": "down"}), None)
    assert found.pairs == ()
    assert not path.parent.exists()


def test_every_refusal_is_an_error_that_a_command_prints() -> None:
    assert issubclass(EarlierMeasurementsError, TrunklineError)
