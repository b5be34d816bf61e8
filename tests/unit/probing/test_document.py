"""Measurements of a topology whose zones are probed in batches."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from attrs import evolve
from support.measured import topology, zone

from trunkline.measurements import Measurements
from trunkline.model import Probes, Topology
from trunkline.probing.client import AgentResults
from trunkline.probing.collect import Collection
from trunkline.probing.document import measurements, missing_pairs, without_odd_figures

ZONES = (zone("aws", "a"), zone("aws", "b"), zone("google", "x"))
SWEEP = {
    "min": 400,
    "p50": 500,
    "p90": 510,
    "p99": 520,
    "jitter": 5,
    "sent": 200,
    "lost": 0,
    "tcp": None,
    "at": 1_790_000_000.0,
}


def in_batch(batch: int) -> Topology:
    """One probe of each site at a time."""
    return evolve(topology(*ZONES), probes=Probes(max_parallel=1, batch=batch))


def collected(*names: str) -> Collection:
    """The collection of one batch, whose agents have all measured one another."""
    results: dict[str, dict[str, Any]] = {
        name: {"emulated": False, "samples": 200, "physical_zone": None, "peers": {}}
        for name in names
    }
    for here, there in permutations(names, 2):
        results[here]["peers"][there] = {"sweeps": [SWEEP]}
    return Collection({name: AgentResults(content, 0.0) for name, content in results.items()}, {})


def after(*batches: Collection) -> Measurements:
    """The file after one collection of each batch."""
    found: Measurements | None = None
    for number, collection in enumerate(batches, start=1):
        found = measurements(in_batch(number), collection, found)
    assert found is not None
    return found


def test_a_measurement_is_complete_after_the_last_batch() -> None:
    first, second = collected("aws/a", "google/x"), collected("aws/b", "google/x")
    assert not after(first).complete
    assert after(first, second).complete


@pytest.mark.parametrize(("most", "missing"), [(None, 4), (1, 2)])
def test_a_pair_of_zones_is_missing_only_if_a_batch_measures_it(
    most: int | None, missing: int
) -> None:
    found = after(collected("aws/a", "google/x"))
    wanted = evolve(topology(*ZONES), probes=Probes(max_parallel=most))
    assert missing_pairs(wanted, found.pair_by_ends) == missing


@pytest.mark.parametrize(
    "odd",
    [
        {"min": -1},
        {"min": float("nan")},
        {"p50": "fast"},
        {"p99": 1},  # less than the median
        {"lost": 300},  # more than were sent
        {"at": 1e300},
        {"jitter": None},
    ],
)
def test_an_odd_figure_is_the_failure_of_its_agent_alone(odd: dict[str, Any]) -> None:
    collection = collected("aws/a", "aws/b", "google/x")
    collection.results["aws/b"].content["peers"]["google/x"]["sweeps"] = [{**SWEEP, **odd}]
    sound = without_odd_figures(topology(*ZONES), collection)
    assert set(sound.results) == {"aws/a", "google/x"}
    assert sound.failures["aws/b"].startswith("gave figures that cannot be: ")
    assert len(measurements(topology(*ZONES), sound).pairs) == 4


def test_figures_that_a_file_may_hold_are_kept() -> None:
    collection = collected("aws/a", "google/x")
    assert without_odd_figures(topology(*ZONES), collection) == collection
