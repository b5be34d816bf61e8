"""Chooses one zone for each site: the lowest latency between all of them, exactly.

A placement costs the sum over all pairs of sites of the median round trip (objective "sum"), or
that of its slowest pair ("max"). Ties are broken by the sum of p99, then of jitter, then by the
zones' names.

Where a pair of zones was not measured, placements are first compared by how many of their pairs
lack a figure, fewer before more: no zone wins by having less measured. A pair of sites without any
figure counts for no placement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal

from attrs import frozen

from trunkline.errors import TrunklineError
from trunkline.placement.certainty import Certainty, certainty
from trunkline.placement.figure import UNKNOWN_NS, Figure
from trunkline.placement.matrix import Candidate, Matrix
from trunkline.placement.search import Choice, Costs, PairCosts, best_choices

Objective = Literal["sum", "max"]

SHOWN = 5
_DIGITS = 52  # bits for a sum of nanoseconds: 10 s for each of 400,000 pairs


class PlacementError(TrunklineError):
    """Measurements that say nothing about a topology; the text says why, and what to do."""


@frozen
class Leg:
    """The way between two sites of a placement; `figure` is None where it was not measured."""

    sites: tuple[str, str]
    zones: tuple[str, str]
    figure: Figure | None


@frozen
class Placement:
    """One zone for each site, in the topology's order, and the way between each two of them."""

    zones: dict[str, str]
    legs: tuple[Leg, ...]

    @property
    def figures(self) -> list[Figure]:
        """What was measured."""
        return [leg.figure for leg in self.legs if leg.figure]

    @property
    def holes(self) -> int:
        """How many legs have no figure."""
        return sum(leg.figure is None for leg in self.legs)

    @property
    def sum_ns(self) -> int:
        """The sum of the medians, in nanoseconds."""
        return sum(figure.typical_ns for figure in self.figures)

    @property
    def max_ns(self) -> int:
        """The largest of the medians, in nanoseconds."""
        return max((figure.typical_ns for figure in self.figures), default=0)

    def total_ns(self, part: Literal["p99_ns", "jitter_ns"]) -> int | None:
        """The sum of p99 or of jitter; None where a leg lacks it."""
        values = [getattr(figure, part) for figure in self.figures]
        return None if None in values else sum(values)


@frozen
class Solution:
    """The best placements in order, how sure the first is, and spare zones for each site.

    `exact` is False where the search was ended: the first is good then, and not proven the best.
    """

    objective: Objective
    best: tuple[Placement, ...]
    certainty: Certainty
    spares: dict[str, tuple[str, ...]]
    exact: bool


def solve(matrix: Matrix, objective: Objective = "sum", spares: int = 1) -> Solution:
    """The best placement and its rivals; PlacementError where nothing was measured."""
    if not matrix.tables:
        raise PlacementError(_nothing(matrix))
    found = best_choices(_costs(matrix, objective), SHOWN)
    best = tuple(_placement(matrix, choice) for choice in found.choices)
    return Solution(
        objective,
        best,
        _certainty(best, objective),
        _spares(matrix, found.choices[0], objective, spares),
        found.exact,
    )


def _nothing(matrix: Matrix) -> str:
    if len(matrix.sites) == 1:
        return "the topology has one site only; there is nothing to choose its zone by"
    reasons = [f"{each.name}: {each.reason}" for each in matrix.unmeasured]
    return "\n".join(["no pair of sites has a figure; measure them together", *reasons])


def _costs(matrix: Matrix, objective: Objective) -> Costs:
    """Every figure of a pair in one number: holes, median, p99, jitter; names below them all."""
    names, bits = _name_costs(matrix)
    low = 2 * _DIGITS + bits

    def tail(figure: Figure) -> int:
        return ((_known(figure.p99_ns) << _DIGITS) + _known(figure.jitter_ns)) << bits

    def median(figure: Figure) -> int:
        return figure.typical_ns

    def both(figure: Figure) -> int:
        return (figure.typical_ns << low) + tail(figure)

    if objective == "max":
        summed = _pair_costs(matrix, tail, hole=1 << low)
        return Costs(summed, names, _pair_costs(matrix, median, hole=0), split=low)
    return Costs(_pair_costs(matrix, both, hole=1 << low + _DIGITS), names)


def _known(value: int | None) -> int:
    return UNKNOWN_NS if value is None else value


def _name_costs(matrix: Matrix) -> tuple[list[list[int]], int]:
    """A cost for each candidate that orders placements by their zones' names, and its bits.

    A site that no table counts keeps the zone it has.
    """
    counted = {site for pair in matrix.tables for site in pair}
    costs: list[list[int]] = []
    bits = 0
    for index in reversed(range(len(matrix.candidates))):
        zones = [each.zone for each in matrix.candidates[index]]
        if index not in counted:
            zones = _first(zones, matrix.sites[index].zone)
        ranks = {zone: rank for rank, zone in enumerate(zones)}
        costs.append([ranks[each.zone] << bits for each in matrix.candidates[index]])
        bits += len(zones).bit_length()
    return costs[::-1], bits


def _first(zones: Sequence[str], chosen: str) -> list[str]:
    return sorted(zones, key=lambda zone: zone != chosen)


def _pair_costs(matrix: Matrix, cost: Callable[[Figure], int], hole: int) -> PairCosts:
    return {
        pair: [[cost(cell) if cell else hole for cell in row] for row in table]
        for pair, table in matrix.tables.items()
    }


def _placement(matrix: Matrix, choice: Choice) -> Placement:
    chosen = [zones[index] for zones, index in zip(matrix.candidates, choice, strict=True)]
    legs = [
        _leg(chosen[i], chosen[j], matrix.between(i, choice[i], j, choice[j]))
        for i, j in combinations(range(len(choice)), 2)
        if (i, j) in matrix.tables
    ]
    return Placement({each.site: each.zone for each in chosen}, tuple(legs))


def _leg(here: Candidate, there: Candidate, figure: Figure | None) -> Leg:
    return Leg((here.site, there.site), (here.zone, there.zone), figure)


def _certainty(best: Sequence[Placement], objective: Objective) -> Certainty:
    if len(best) == 1:
        return Certainty("sure", None, None, "there is no other placement")
    first, second = best[0], best[1]
    if first.holes != second.holes:
        return Certainty(
            "unknown", None, None, f"{second.holes} pairs of the runner-up were not measured"
        )
    legs = {leg.zones + leg.sites: leg for leg in second.legs}
    own = {leg.zones + leg.sites: leg for leg in first.legs}
    if objective == "max":
        return certainty([_slowest(first)], [_slowest(second)])
    return certainty(
        [leg.figure for key, leg in own.items() if key not in legs and leg.figure],
        [leg.figure for key, leg in legs.items() if key not in own and leg.figure],
    )


def _slowest(placement: Placement) -> Figure:
    return max(placement.figures, key=lambda figure: figure.typical_ns)


def _spares(
    matrix: Matrix, choice: Choice, objective: Objective, count: int
) -> dict[str, tuple[str, ...]]:
    return {
        site.name: _spares_of(matrix, choice, index, objective, count)
        for index, site in enumerate(matrix.sites)
    }


def _spares_of(
    matrix: Matrix, choice: Choice, site: int, objective: Objective, count: int
) -> tuple[str, ...]:
    """The next best zones of a site, with the others where they are.

    No account has two zones in one place, so that every spare is in a place of its own.
    """
    candidates = matrix.candidates[site]
    left = [each for each in range(len(candidates)) if each != choice[site]]
    left = [each for each in left if candidates[each].measured]
    left.sort(key=lambda option: _rank(matrix, choice, site, option, objective))
    return tuple(candidates[option].zone for option in left[:count])


def _rank(
    matrix: Matrix, choice: Choice, site: int, option: int, objective: Objective
) -> tuple[int, int, str]:
    others = [other for other in range(len(choice)) if other != site]
    counted = [o for o in others if (min(o, site), max(o, site)) in matrix.tables]
    figures = [matrix.between(site, option, other, choice[other]) for other in counted]
    typical = [figure.typical_ns for figure in figures if figure]
    cost = sum(typical) if objective == "sum" else max(typical, default=0)
    return figures.count(None), cost, matrix.candidates[site][option].zone
