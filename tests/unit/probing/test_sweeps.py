"""Each sweep of a collection goes to the history once, also where it is fetched again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.measured import topology, zone

from trunkline.measurements import load
from trunkline.probing.client import AgentResults
from trunkline.probing.collect import Collection
from trunkline.probing.sweeps import save_sweeps

TOPOLOGY = topology(zone("aws", "a"), zone("google", "x"))
FIRST = 1_790_000_000.0


def sweep(number: int, p50: float) -> dict[str, Any]:
    times = {"min": 400, "p50": p50, "p90": 910, "p99": 920, "jitter": 5, "tcp": None}
    return {**times, "sweep": number, "at": FIRST + 600 * number, "sent": 200, "lost": 0}


def results(peer: str, *sweeps: dict[str, Any], clock_ahead: float = 0) -> AgentResults:
    peers = {peer: {"sweeps": list(sweeps)}}
    content = {"emulated": False, "samples": 200, "physical_zone": None, "peers": peers}
    return AgentResults(content, clock_ahead)


def medians(files: list[Path]) -> list[dict[tuple[str, str], float | None]]:
    return [
        {ends: pair.round_trip_us.p50 for ends, pair in load(file).pair_by_ends.items()}
        for file in files
    ]


def test_each_sweep_has_a_file_of_its_own(tmp_path: Path) -> None:
    both = {
        "aws/a": results("google/x", sweep(1, 500), sweep(2, 510)),
        "google/x": results("aws/a", sweep(1, 505), sweep(2, 515)),
    }
    files = save_sweeps(tmp_path / "h", TOPOLOGY, Collection(both, {}))
    assert medians(files) == [
        {("aws/a", "google/x"): 500, ("google/x", "aws/a"): 505},
        {("aws/a", "google/x"): 510, ("google/x", "aws/a"): 515},
    ]
    assert all(load(file).complete for file in files)


def test_what_is_fetched_again_is_not_kept_again(tmp_path: Path) -> None:
    once = Collection({"aws/a": results("google/x", sweep(1, 500))}, {})
    kept = save_sweeps(tmp_path, TOPOLOGY, once)
    before = kept[0].read_bytes()
    drifted = results("google/x", sweep(1, 500), sweep(2, 510), clock_ahead=1.2)
    late = results("aws/a", sweep(1, 505))
    files = save_sweeps(tmp_path, TOPOLOGY, Collection({"aws/a": drifted, "google/x": late}, {}))
    assert medians(files) == [{("google/x", "aws/a"): 505}, {("aws/a", "google/x"): 510}]
    assert not load(files[0]).complete
    assert kept[0].read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3


def test_no_figures_make_no_folder(tmp_path: Path) -> None:
    empty = Collection({"aws/a": results("google/x")}, {"google/x": "down"})
    assert save_sweeps(tmp_path / "h", TOPOLOGY, empty) == []
    assert not (tmp_path / "h").exists()
