"""The part of the journey that measures: every pair of zones, and which zones to choose."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from attrs import evolve, frozen

from trunkline.deploy.progress import Step
from trunkline.deploy.workspace import Workspace
from trunkline.documents.write import write_whole
from trunkline.errors import TrunklineError
from trunkline.measurements import Measurements
from trunkline.model import Topology
from trunkline.placement.heatmap import heatmap
from trunkline.placement.heatmap_svg import to_svg
from trunkline.placement.matrix import matrix
from trunkline.placement.solve import solve
from trunkline.placement.zones import identify
from trunkline.probing.addresses import probe_addresses
from trunkline.probing.collect import Collection, CollectionProgress, collect
from trunkline.probing.key import parse_key
from trunkline.probing.saved import save_collection
from trunkline.topology.edit import choose_zones

# A sweep over twelve zones takes about ten seconds; machines that are busy take longer.
PATIENCE_SECONDS = 60.0


class SurveyError(TrunklineError):
    """Probes that have not measured every pair in time."""


def is_possible(topology: Topology) -> bool:
    """Whether there are probes, and zones of different sites to choose from."""
    return topology.probes is not None and len(topology.sites) > 1


def measure(topology: Topology, workspace: Workspace, step: Step) -> Measurements:
    """What the probes have measured, once each has gone through a sweep; saved in the workspace.

    SurveyError where one of them has not, within PATIENCE_SECONDS.
    """
    collection = collect(
        probe_addresses(topology),
        parse_key(workspace.key(), "the workspace's key"),
        wait_seconds=PATIENCE_SECONDS,
        report=lambda done: step.update(_progress(done)),
    )
    _refuse_partial(collection)
    measured = save_collection(measurement_file(topology, workspace), topology, collection, None)
    write_whole(heatmap_file(topology, workspace), to_svg(heatmap(measured)).encode())
    return measured


def measurement_file(topology: Topology, workspace: Workspace) -> Path:
    """Where the measurements of a journey lie."""
    return workspace.folder / "measurements" / f"{topology.name}.json"


def heatmap_file(topology: Topology, workspace: Workspace) -> Path:
    """Where the picture of them lies."""
    return measurement_file(topology, workspace).with_suffix(".svg")


def _progress(done: CollectionProgress) -> str:
    return f"measure every pair of zones: {done.ready} of {done.total} probes are through"


def _refuse_partial(collection: Collection) -> None:
    if collection.interrupted:
        raise KeyboardInterrupt
    if not collection.ready:
        reasons = "".join(f"\n  {zone}: {why}" for zone, why in collection.failures.items())
        raise SurveyError(
            f"the probes have not measured every pair within {PATIENCE_SECONDS:.0f} s; "
            f"trunkline local logs says more{reasons}"
        )


@frozen
class Choice:
    """The zones that were chosen, what that gains in microseconds, and how sure it is."""

    zones: Mapping[str, str]
    sum_us: float
    before_us: float
    certainty: str

    def __str__(self) -> str:
        zones = ", ".join(f"{site} {zone}" for site, zone in self.zones.items())
        return (
            f"{zones}: {self.sum_us / 1000:.2f} ms in all, {self.before_us / 1000:.2f} ms before"
            f" ({self.certainty})"
        )


def choose(topology: Topology, measurements: Measurements) -> Choice:
    """The zone of each site with the least latency between all, beside what the file says now."""
    table = matrix(topology, measurements)
    solution = solve(table)
    best = solution.best[0]
    now = solve(matrix(_fixed(topology), measurements)).best[0]
    return Choice(best.zones, best.sum_ns / 1000, now.sum_ns / 1000, solution.certainty.verdict)


def _fixed(topology: Topology) -> Topology:
    """The topology with no choice left: each site's zone as it stands."""
    return evolve(
        topology, sites=tuple(evolve(site, zones=(site.zone,)) for site in topology.sites)
    )


def place(file: Path, choice: Choice, workspace: Workspace) -> Path:
    """A copy of the topology with the chosen zones, in the workspace; its comments stay."""
    copy = workspace.folder / "topology.yaml"
    shutil.copyfile(file, copy)
    choose_zones(copy, choice.zones)
    return copy


def summary(measured: Measurements) -> str:
    """What was measured, in a line."""
    label = ", distances emulated" if measured.method.emulated else ""
    samples = sorted({pair.samples or 0 for pair in measured.pairs})
    return (
        f"{len(measured.pairs) // 2} pairs both ways, {samples[0]} to {samples[-1]} round trips "
        f"each{label}"
    )


def places(measured: Measurements) -> str:
    """Which zones of different sites are one place, or may be; the nearest first."""
    found = identify([measured])
    verdicts = {"same": "are one place", "unsure": "may be one place"}
    near = sorted(
        (match for match in found.matches if match.verdict in verdicts),
        key=lambda match: (match.verdict, match.distance.median),
    )
    told = f"{len(found.physical)} of {len(found.zones)} zones are named by their cloud"
    if not near:
        return f"{told}; no two of different sites are near enough to be one place"
    zones, verdict = near[0].zones, verdicts[near[0].verdict]
    more = f", and {len(near) - 1} more pairs" if len(near) > 1 else ""
    return f"{told}; {zones[0].name} and {zones[1].name} {verdict}{more}"
