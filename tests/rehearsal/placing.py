"""The first half of the journey: probes measure all zones, and the nearest are chosen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from ruamel.yaml import YAML

from rehearsal.distances import Distances
from rehearsal.stage import Stage
from trunkline.measurements import Pair
from trunkline.measurements import load as load_measurements
from trunkline.model import Site, Topology, zone_name
from trunkline.topology import load


def place(stage: Stage, file: Path, topology: Topology) -> Topology:
    """Measure all zones of a topology's file, choose the nearest, and take the probes away again.

    What was measured is held against the matrix of distances. The choice is the exact optimum of
    what was measured; on a busy machine that may be another one than the optimum of the matrix.
    """
    pairs = _measure_all(stage, file, topology)
    with stage.printer.step("place the edges") as step:
        stage.operator.trunkline("place", "measured.json", "--topology", str(file), "--write")
        placed = load(file)
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


def _measure_all(stage: Stage, file: Path, topology: Topology) -> Sequence[Pair]:
    """The pairs of all batches, one batch of probes after another."""
    batches, seconds = topology.probe_batches, 0.0
    names: list[str] = []
    for batch in range(1, batches + 1):
        if batches > 1:
            _set_batch(file, batch)
        names, spent = _measure(stage, file, f" of batch {batch}" if batches > 1 else "")
        seconds += spent
    with stage.printer.step("destroy the probes"):
        stage.stacks.destroy(names)
    measured = load_measurements(stage.folder / "measured.json")
    assert measured.complete, "some pairs are missing"
    worst = _worst(stage.apart, topology, measured.pairs)
    how = f"{len(measured.pairs)} ({seconds:.0f} s{f', {batches} batches' if batches > 1 else ''})"
    stage.report.add("pairs of zones measured", how)
    stage.report.add("worst median, in parts of 0.5 ms + 3 %", f"{worst:.2f}", worst, 1.0, "of it")
    return measured.pairs


def _set_batch(file: Path, number: int) -> None:
    """Write which probes stand now into a topology's file, as its user does."""
    yaml = YAML()
    data = yaml.load(file.read_text())
    data["probes"]["batch"] = number
    with file.open("w") as stream:
        yaml.dump(data, stream)


def _measure(stage: Stage, file: Path, which: str) -> tuple[list[str], float]:
    """Apply the probes of a file and collect; the stacks, and the seconds of collecting."""
    with stage.printer.step(f"apply the probes{which}") as step:
        names = stage.stacks.apply(stage.synthesize(load(file)), "probes-*")
        step.result = f"{len(stage.sky.running)} machines"
    with stage.printer.step("collect what they measure") as step:
        stage.operator.trunkline("collect", str(file), "--output", "measured.json")
        measured = load_measurements(stage.folder / "measured.json")
        step.result = f"{len(measured.pairs)} directed pairs"
    return names, step.seconds


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
