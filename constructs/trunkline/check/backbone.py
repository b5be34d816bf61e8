"""What the edges measure of the backbone and of the services, in a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from trunkline.backbone.check import BackboneReport, PathCheck, ServiceCheck, check_backbone
from trunkline.backbone.check_client import CheckClient
from trunkline.check.line import CheckLine, State
from trunkline.model import Topology

ALL = "trunkline backbone check shows all of it"


def backbone(topology: Topology, keys: Sequence[str]) -> list[CheckLine]:
    """A line for each edge that does not answer, each way between two sites, and each service.

    `keys` are the edge keys, the newest first. Throughput is not measured. Raises
    ConfigurationError for a topology without a backbone, or without its keys.
    """
    report = check_backbone(topology, CheckClient(keys), throughput=False)
    return [*_silent(report), *_ways(topology, report), *map(_service, report.services)]


def _silent(report: BackboneReport) -> Iterator[CheckLine]:
    for node, why in report.failures.items():
        yield CheckLine("backbone", node, State.FAILED, f"it does not measure: {why}", ALL)


def _ways(topology: Topology, report: BackboneReport) -> Iterator[CheckLine]:
    sites = {name: site.name for site in topology.sites for name in topology.node_names(site.name)}
    found: dict[tuple[str, str], list[PathCheck]] = {}
    for path in report.paths:
        if path.source not in report.failures:
            found.setdefault((sites[path.source], sites[path.target]), []).append(path)
    for (here, there), paths in found.items():
        yield _way(f"{here} to {there}", paths)


def _way(where: str, paths: Sequence[PathCheck]) -> CheckLine:
    """Well where all paths are, a warning where some are, and a failure where none is."""
    bad = [path for path in paths if path.problem]
    if not bad:
        middle = median(path.round_trip_ms or 0 for path in paths)
        said = f"{len(paths)} of {len(paths)} paths are well, {middle:.1f} ms"
        return CheckLine("backbone", where, State.OK, said)
    first = bad[0]
    state = State.FAILED if len(bad) == len(paths) else State.WARNING
    said = f"{len(paths) - len(bad)} of {len(paths)} paths are well; {first.source} to "
    return CheckLine("backbone", where, state, f"{said}{first.target}: {first.problem}", ALL)


def _service(seen: ServiceCheck) -> CheckLine:
    where = f"{seen.service} at {seen.node}"
    if seen.problem:
        return CheckLine("service", where, State.FAILED, f"{seen.host}: {seen.problem}", ALL)
    way = " > ".join(seen.path)
    time = f", {seen.first_byte_ms:.1f} ms" if seen.first_byte_ms is not None else ""
    return CheckLine("service", where, State.OK, f"{seen.host} answers by {way}{time}")
