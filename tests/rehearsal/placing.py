"""The first half of the journey: probes measure all zones, and the nearest are chosen."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rehearsal.distances import Distances
from rehearsal.stage import Stage, edited
from trunkline.measurements import Pair
from trunkline.measurements import load as load_measurements
from trunkline.model import Site, Topology, zone_name
from trunkline.topology import load

MEASURED = "measured.json"


def place(stage: Stage, topology: Topology) -> Topology:
    """Measure all zones of the topology's file, choose the nearest, and take the probes away again.

    What was measured is held against the matrix of distances. The choice is the exact optimum of
    what was measured; on a busy machine that may be another one than the optimum of the matrix.
    """
    pairs = _measure_all(stage, topology)
    with stage.printer.step("place the edges") as step:
        stage.operator.trunkline("place", MEASURED, "--topology", str(stage.file), "--write")
        placed = load(stage.file)
        step.result = ", ".join(f"{site.name} {site.zone}" for site in placed.sites)
        chosen = [site.zone for site in placed.sites]
        best = _nearest(topology, lambda zones: _measured(pairs, topology, zones))
        # The tool counts in whole nanoseconds.
        least = _measured(pairs, topology, best) + 0.01
        assert _measured(pairs, topology, chosen) <= least, f"{', '.join(best)} are nearer"
    nearest = _nearest(topology, lambda zones: _total(stage.apart, topology, zones))
    of = "and of the matrix" if chosen == list(nearest) else f"of the matrix {', '.join(nearest)}"
    stage.report.add("placed", f"{step.result}: the exact optimum of what was measured, {of}")
    return placed


def _measure_all(stage: Stage, topology: Topology) -> Sequence[Pair]:
    """The pairs of all batches, one batch of probes after another."""
    batches, seconds = topology.probe_batches, 0.0
    for batch in range(1, batches + 1):
        if batches > 1:
            edited(stage.file, partial(_set_batch, batch))
        seconds += _measure(stage, f" of batch {batch}" if batches > 1 else "")
    with stage.printer.step("destroy the probes"):
        stage.destroy("probes")
    measured = load_measurements(stage.folder / MEASURED)
    assert measured.complete, "some pairs are missing"
    worst = _worst(stage.apart, topology, measured.pairs)
    how = f"{len(measured.pairs)} ({seconds:.0f} s{f', {batches} batches' if batches > 1 else ''})"
    stage.report.add("pairs of zones measured", how)
    stage.report.add("worst median, in parts of 0.5 ms + 3 %", f"{worst:.2f}", worst, 1.0, "of it")
    return measured.pairs


def _set_batch(number: int, data: Any) -> None:
    data["probes"]["batch"] = number


def _measure(stage: Stage, which: str) -> float:
    """Apply the probes of the file and collect; returns the seconds of collecting."""
    with stage.printer.step(f"apply the probes{which}") as step:
        stage.apply("probes")
        step.result = f"{len(stage.sky.running)} machines"
    with stage.printer.step("collect what they measure") as step:
        loaded = ("sh", "-ec", '. ./keys.env; exec "$@"', "sh")
        command = (sys.executable, "-m", "trunkline", "collect", str(stage.file))
        stage.operator.run(*loaded, *command, "--output", MEASURED)
        measured = load_measurements(stage.folder / MEASURED)
        step.result = f"{len(measured.pairs)} directed pairs"
    return step.seconds


def _worst(apart: Distances, topology: Topology, pairs: Sequence[Pair]) -> float:
    """How far the worst median is from the matrix, in parts of 0.5 ms and 3 % of it.

    The same measure as in `make bench`: the hub itself takes a tenth of a millisecond.
    """
    places = {
        zone_name(site.name, zone): _place_of(site, zone)
        for site in topology.sites
        for zone in site.zones
    }
    off = []
    for pair in pairs:
        wanted = apart.milliseconds(places[pair.from_zone], places[pair.to_zone])
        found = (pair.round_trip_us.median or 0) / 1000
        off.append(abs(found - wanted) / (0.5 + 0.03 * wanted))
    return max(off, default=0.0)


def _nearest(topology: Topology, total: Callable[[Sequence[str]], float]) -> Sequence[str]:
    """The zone of each site with the least total, by trying every choice."""
    return min(itertools.product(*(site.zones for site in topology.sites)), key=total)


def _measured(pairs: Sequence[Pair], topology: Topology, zones: Sequence[str]) -> float:
    """The sum over all sites of the medians of both directions, in microseconds."""
    medians = {(each.from_zone, each.to_zone): each.round_trip_us.median or 0 for each in pairs}
    names = [zone_name(*each) for each in zip((s.name for s in topology.sites), zones, strict=True)]
    both = itertools.combinations(names, 2)
    return sum((medians[here, there] + medians[there, here]) / 2 for here, there in both)


def _total(apart: Distances, topology: Topology, zones: Sequence[str]) -> float:
    places = [_place_of(*each) for each in zip(topology.sites, zones, strict=True)]
    return sum(itertools.starmap(apart.milliseconds, itertools.combinations(places, 2)))


def _place_of(site: Site, zone: str) -> str:
    """A zone as distances.yaml names it."""
    return f"{site.cloud} {site.region}-{zone}" if zone.isdigit() else f"{site.cloud} {zone}"
