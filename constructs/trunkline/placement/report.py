"""A solution as data, and what its reader must know besides."""

from __future__ import annotations

import math
from typing import Any

from trunkline.measurements.model import Measurements
from trunkline.model import zone_name
from trunkline.placement.figure import Figure
from trunkline.placement.matrix import Matrix
from trunkline.placement.solve import Leg, Placement, Solution


def report(measurements: Measurements, matrix: Matrix, solution: Solution) -> dict[str, Any]:
    """For tools; `zones` comes first. Times are in microseconds, null where not known."""
    sure = solution.certainty
    return {
        "zones": solution.best[0].zones,
        "topology": measurements.topology,
        "objective": solution.objective,
        "emulated": measurements.method.emulated,
        "exact": solution.exact,
        "certainty": {
            "verdict": sure.verdict,
            "distance_us": sure.distance_us,
            "standard_errors": None if _endless(sure.errors) else sure.errors,
            "reason": sure.reason,
        },
        "spares": {site: list(zones) for site, zones in solution.spares.items()},
        "best": [_placement(placement) for placement in solution.best],
        "unmeasured_zones": {each.name: each.reason for each in matrix.unmeasured},
        "pairs_without_figures": [list(pair) for pair in matrix.pairs_without_figures],
        "warnings": warnings(measurements, matrix, solution),
    }


def warnings(measurements: Measurements, matrix: Matrix, solution: Solution) -> list[str]:
    """Sentences about what was missing, and what the figures are not."""
    best, notes = solution.best[0], []
    for each in matrix.unmeasured:
        notes.append(f"{each.name} is not measured: {each.reason}")
    for here, there in matrix.pairs_without_figures:
        notes.append(f"{here} and {there} have no figure together: their distance does not count")
    notes += [_one_way(leg) for leg in best.legs if leg.figure and leg.figure.directions == 1]
    notes += [_hole(leg) for leg in best.legs if leg.figure is None]
    if any(figure.by_mean for figure in best.figures):
        notes.append("means stand for medians: the tool gives no medians")
    if not measurements.complete:
        notes.append("the measurements are not complete; collect again")
    if not solution.exact:
        notes.append(
            "there are too many sites to prove that no placement is better; this is the best found"
        )
    return notes


def _endless(errors: float | None) -> bool:
    return errors is not None and math.isinf(errors)


def _ends(leg: Leg) -> str:
    return " and ".join(map(zone_name, leg.sites, leg.zones))


def _one_way(leg: Leg) -> str:
    return f"{_ends(leg)} were measured in one direction only; it is used for both"


def _hole(leg: Leg) -> str:
    return f"{_ends(leg)} have no figure; no placement has fewer such pairs"


def _placement(placement: Placement) -> dict[str, Any]:
    return {
        "zones": placement.zones,
        "sum_us": placement.sum_ns / 1000,
        "max_us": placement.max_ns / 1000,
        "p99_sum_us": _microseconds(placement.total_ns("p99_ns")),
        "jitter_sum_us": _microseconds(placement.total_ns("jitter_ns")),
        "unmeasured_pairs": placement.holes,
        "pairs": [_leg(leg) for leg in placement.legs],
    }


def _leg(leg: Leg) -> dict[str, Any]:
    return {"sites": list(leg.sites), "zones": list(leg.zones), **_figure(leg.figure)}


def _figure(figure: Figure | None) -> dict[str, Any]:
    if figure is None:
        return {"p50_us": None, "p99_us": None, "jitter_us": None, "directions": 0}
    return {
        "p50_us": figure.typical_ns / 1000,
        "p99_us": _microseconds(figure.p99_ns),
        "jitter_us": _microseconds(figure.jitter_ns),
        "directions": figure.directions,
    }


def _microseconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1000
