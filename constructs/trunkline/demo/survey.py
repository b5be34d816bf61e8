"""The part of the demo that measures every pair of zones and chooses zones."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from trunkline.deploy.progress import Step
from trunkline.deploy.workspace import Workspace
from trunkline.documents.write import write_whole
from trunkline.errors import TrunklineError
from trunkline.measurements import Measurements, load
from trunkline.model import Topology
from trunkline.placement.heatmap import heatmap
from trunkline.placement.heatmap_svg import to_svg
from trunkline.placement.matrix import matrix
from trunkline.placement.solve import present, solve
from trunkline.placement.zones import identify
from trunkline.probing.addresses import probe_addresses
from trunkline.probing.collect import Collection, CollectionProgress, collect
from trunkline.probing.key import parse_key
from trunkline.probing.saved import save_collection
from trunkline.report import write
from trunkline.report.build import Known
from trunkline.report.costs import costs_of
from trunkline.report.pictures import write_pictures
from trunkline.topology.edit import choose_zones

# A sweep over twelve zones takes about ten seconds, and longer on a busy machine.
WAIT_SECONDS = 60.0


class SurveyError(TrunklineError):
    """Probes that have not measured every pair in time."""


def is_possible(topology: Topology) -> bool:
    """Whether there are probes, and zones of different sites to choose from."""
    return topology.probes is not None and len(topology.sites) > 1


def measure(topology: Topology, workspace: Workspace, step: Step) -> Measurements:
    """Save the measurements when each probe has completed a sweep, and return them.

    Raises SurveyError if a probe has not, after WAIT_SECONDS.
    """
    collection = collect(
        probe_addresses(topology),
        parse_key(workspace.key(), "the workspace's key"),
        wait_seconds=WAIT_SECONDS,
        report=lambda progress: step.update(_progress(progress)),
    )
    _refuse_partial(collection)
    return save_collection(measurement_file(topology, workspace), topology, collection, None)


def measurement_file(topology: Topology, workspace: Workspace) -> Path:
    """The path of the measurements."""
    return workspace.folder / "measurements" / f"{topology.name}.json"


def _progress(progress: CollectionProgress) -> str:
    return f"measure every pair of zones: {progress.ready} of {progress.total} probes are ready"


def _refuse_partial(collection: Collection) -> None:
    if collection.interrupted:
        raise KeyboardInterrupt
    if not collection.ready:
        reasons = "".join(f"\n  {zone}: {why}" for zone, why in collection.failures.items())
        raise SurveyError(
            f"the probes have not measured every pair within {WAIT_SECONDS:.0f} s; "
            f"see trunkline local logs{reasons}"
        )


@frozen
class PlacementChange:
    """The chosen zones, the sum of the latencies with them and before, and the certainty."""

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


def choose(topology: Topology, measurements: Measurements) -> PlacementChange:
    """The zone of each site with the lowest latency between all, compared with the present ones."""
    view = matrix(topology, measurements)
    solution = solve(view)
    best = solution.best[0]
    now = present(view)
    verdict = solution.certainty.verdict
    return PlacementChange(best.zones, best.sum_ns / 1000, now.sum_ns / 1000, verdict)


def draw(topology: Topology, measured: Measurements, workspace: Workspace) -> Path:
    """Write the heatmap, with the chosen zones of `topology` marked; returns its path."""
    path = measurement_file(topology, workspace).with_suffix(".svg")
    write_whole(path, to_svg(heatmap(measured, topology)).encode())
    return path


def write_topology(file: Path, change: PlacementChange, workspace: Workspace) -> Path:
    """Write a copy of the topology with the chosen zones to the workspace, comments included."""
    copy = workspace.folder / "topology.yaml"
    shutil.copyfile(file, copy)
    choose_zones(copy, change.zones)
    return copy


def write_report(topology: Topology, file: Path, workspace: Workspace, path: Path) -> int:
    """Write the report of a topology and its drawings; returns the report's size in bytes."""
    measured = [load(measurement_file(topology, workspace))] if is_possible(topology) else []
    known = Known(
        topology=topology, file=str(file), measurements=measured, costs=costs_of(topology)
    )
    page, size = write.write_report(known, path)
    write_pictures(page, pictures_folder(workspace))
    return size


def pictures_folder(workspace: Workspace) -> Path:
    """Where the drawings of the report are."""
    return workspace.folder / "pictures"


def summary(measured: Measurements) -> str:
    """One line about the measurements."""
    label = ", latencies emulated" if measured.method.emulated else ""
    samples = sorted({pair.samples or 0 for pair in measured.pairs})
    return (
        f"{len(measured.pairs) // 2} pairs both ways, {samples[0]} to {samples[-1]} round trips "
        f"each{label}"
    )


def same_zones(measured: Measurements) -> str:
    """One line about the zones of different sites that are the same, or may be; nearest first."""
    found = identify([measured])
    verdicts = {"same": "are the same", "unsure": "may be the same"}
    near = sorted(
        (match for match in found.matches if match.verdict in verdicts),
        key=lambda match: (match.verdict, match.distance.median),
    )
    known = f"{len(found.physical)} of {len(found.zones)} physical zones are known from their cloud"
    if not near:
        return f"{known}; no two zones of different sites are near enough to be the same"
    zones, verdict = near[0].zones, verdicts[near[0].verdict]
    more = f", and {len(near) - 1} more pairs" if len(near) > 1 else ""
    return f"{known}; {zones[0].name} and {zones[1].name} {verdict}{more}"
