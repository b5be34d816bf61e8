"""Keeps each sweep of a collection in the history of its measurement file."""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import evolve

from trunkline.measurements import Pair
from trunkline.measurements.history import add_to_history, read_history
from trunkline.model import Topology
from trunkline.probing.client import AgentResults
from trunkline.probing.collect import Collection
from trunkline.probing.document import measurements, pair

CLOCK_SLACK = timedelta(seconds=2)
"""By how much the time of a sweep may differ between two collections."""


def save_sweeps(folder: Path, topology: Topology, collection: Collection) -> list[Path]:
    """Write each sweep to a file of its own, and return the new files.

    A probe keeps its last sweeps and gives them to each collection: what the history holds is left
    out. The rest of a sweep that was fetched in part goes to a further file. Raises OutputError,
    and MeasurementsError for a file of the history that is not valid.
    """
    known = _known(folder, collection)
    parts = [
        measurements(topology, _part(collection, number, known)) for number in _numbers(collection)
    ]
    return [add_to_history(folder, part) for part in parts if part.pairs]


def _known(folder: Path, collection: Collection) -> frozenset[Pair]:
    """The figures of the history that the collection may hold as well."""
    times = [
        datetime.fromtimestamp(sweep["at"] - results.clock_ahead, UTC)
        for _, results, _, sweep in _sweeps(collection)
    ]
    if not times:
        return frozenset()
    sweeps = read_history(folder, min(times) - CLOCK_SLACK)
    return frozenset(known for sweep in sweeps for known in sweep.pairs)


def _sweeps(collection: Collection) -> Iterator[tuple[str, AgentResults, str, dict[str, Any]]]:
    for name, results in collection.results.items():
        for other, peer in results.content["peers"].items():
            for sweep in peer["sweeps"]:
                yield name, results, other, sweep


def _numbers(collection: Collection) -> list[str]:
    return sorted({_number(sweep) for *_, sweep in _sweeps(collection)})


def _number(sweep: dict[str, Any]) -> str:
    return str(sweep.get("sweep"))


def _part(collection: Collection, number: str, known: Container[Pair]) -> Collection:
    """The figures of one sweep that are not known yet."""
    kept: dict[str, dict[str, Any]] = {name: {} for name in collection.results}
    for name, _, other, sweep in _sweeps(collection):
        if _number(sweep) == number and pair(name, other, [sweep]) not in known:
            kept[name][other] = {"sweeps": [sweep]}
    results = {
        name: evolve(each, content={**each.content, "peers": kept[name]})
        for name, each in collection.results.items()
    }
    return evolve(collection, results=results)
