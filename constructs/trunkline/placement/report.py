"""A solution as data, with warnings for its reader."""

from __future__ import annotations

import math
from typing import Any

from trunkline.measurements.model import Measurements
from trunkline.model import zone_name
from trunkline.placement.latency import LinkLatency
from trunkline.placement.matrix import Matrix
from trunkline.placement.relay import Relay, relays
from trunkline.placement.solve import Link, Placement, Solution, present


def report(measurements: Measurements, matrix: Matrix, solution: Solution) -> dict[str, Any]:
    """For tools; `zones` comes first. Times are in microseconds, null where not known."""
    certainty = solution.certainty
    return {
        "zones": solution.best[0].zones,
        "topology": measurements.topology,
        "objective": solution.objective,
        "emulated": measurements.method.emulated,
        "exact": solution.exact,
        "certainty": {
            "verdict": certainty.verdict,
            "distance_us": certainty.distance_us,
            "standard_errors": _finite(certainty.errors),
            "reason": certainty.reason,
        },
        "spares": {site: list(zones) for site, zones in solution.spares.items()},
        "best": [_placement(placement) for placement in solution.best],
        "present": _placement(present(matrix)),
        "relays": [_relay(each) for each in relays(solution.best[0])],
        "unmeasured_zones": {each.name: each.reason for each in matrix.unmeasured},
        "pairs_without_figures": [list(pair) for pair in matrix.pairs_without_figures],
        "warnings": warnings(measurements, matrix, solution),
    }


def warnings(measurements: Measurements, matrix: Matrix, solution: Solution) -> list[str]:
    """Sentences about what is missing, and what limits the solution."""
    best, notes = solution.best[0], []
    for each in matrix.unmeasured:
        notes.append(f"{each.name} is not measured: {each.reason}")
    for here, there in matrix.pairs_without_figures:
        notes.append(f"nothing was measured between {here} and {there}: this pair does not count")
    notes += [
        _one_way(each) for each in best.links if each.latency and each.latency.directions == 1
    ]
    notes += [_missing(link) for link in best.links if link.latency is None]
    if any(latency.by_mean for latency in best.latencies):
        notes.append("means are used in place of medians: the tool gives no medians")
    if not measurements.complete:
        notes.append(f"the measurements lack zones; {measurements.method.again}")
    if not solution.exact:
        notes.append(
            "there are too many sites to prove that no placement is better; this is the best found"
        )
    return notes


def _finite(errors: float | None) -> float | None:
    return None if errors is None or math.isinf(errors) else errors


def _ends(link: Link) -> str:
    return " and ".join(map(zone_name, link.sites, link.zones))


def _one_way(link: Link) -> str:
    return f"{_ends(link)} were measured in one direction only; it is used for both"


def _missing(link: Link) -> str:
    return f"{_ends(link)} have no figure; no placement has fewer such pairs"


def _placement(placement: Placement) -> dict[str, Any]:
    return {
        "zones": placement.zones,
        "sum_us": placement.sum_ns / 1000,
        "max_us": placement.max_ns / 1000,
        "p99_sum_us": _microseconds(placement.total_ns("p99_ns")),
        "jitter_sum_us": _microseconds(placement.total_ns("jitter_ns")),
        "unmeasured_pairs": placement.missing,
        "pairs": [_link(link) for link in placement.links],
    }


def _link(link: Link) -> dict[str, Any]:
    return {"sites": list(link.sites), "zones": list(link.zones), **_latency(link.latency)}


def _latency(latency: LinkLatency | None) -> dict[str, Any]:
    if latency is None:
        return {"p50_us": None, "p99_us": None, "jitter_us": None, "directions": 0}
    return {
        "p50_us": latency.median_ns / 1000,
        "p99_us": _microseconds(latency.p99_ns),
        "jitter_us": _microseconds(latency.jitter_ns),
        "directions": latency.directions,
    }


def _microseconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1000


def _relay(relay: Relay) -> dict[str, Any]:
    return {
        "sites": list(relay.sites),
        "by": relay.by,
        "direct_us": relay.direct_us,
        "relayed_us": relay.relayed_us,
    }
