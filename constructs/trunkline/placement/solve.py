"""Chooses one zone for each site: the lowest latency between all of them, exactly.

The cost of a placement is the sum of the median round trips over all pairs of sites (objective
"sum"), or that of the slowest pair ("max"). Ties are broken by the sum of p99, then of jitter, then
by the names of the zones.

Placements with fewer unmeasured pairs of zones rank first, before any latency: otherwise a zone
could win because less of it was measured. A pair of sites of which nothing was measured does not
count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal

from attrs import frozen

from trunkline.errors import TrunklineError
from trunkline.placement.certainty import Certainty, certainty
from trunkline.placement.latency import UNKNOWN_NS, LinkLatency
from trunkline.placement.matrix import Candidate, Matrix
from trunkline.placement.search import Choice, Costs, PairCosts, best_choices

Objective = Literal["sum", "max"]

SHOWN = 5
_DIGITS = 52  # bits for a sum of nanoseconds: 10 s for each of 400,000 pairs


class PlacementError(TrunklineError):
    """Measurements that hold nothing about a topology; the text says why, and what to do."""


@frozen
class Link:
    """Two sites of a placement and their zones; `latency` is None if it was not measured."""

    sites: tuple[str, str]
    zones: tuple[str, str]
    latency: LinkLatency | None


@frozen
class Placement:
    """One zone for each site, in the topology's order, and the link of each pair of sites."""

    zones: dict[str, str]
    links: tuple[Link, ...]

    @property
    def latencies(self) -> list[LinkLatency]:
        """The latencies of the measured links."""
        return [link.latency for link in self.links if link.latency]

    @property
    def missing(self) -> int:
        """The number of links that were not measured."""
        return sum(link.latency is None for link in self.links)

    @property
    def sum_ns(self) -> int:
        """The sum of the medians, in nanoseconds."""
        return sum(latency.median_ns for latency in self.latencies)

    @property
    def max_ns(self) -> int:
        """The largest of the medians, in nanoseconds."""
        return max((latency.median_ns for latency in self.latencies), default=0)

    def total_ns(self, part: Literal["p99_ns", "jitter_ns"]) -> int | None:
        """The sum of p99 or of jitter; None if a measured link lacks it."""
        values = [getattr(latency, part) for latency in self.latencies]
        return None if None in values else sum(values)


@frozen
class Solution:
    """The best placements in order, how certain the first is, and spare zones for each site.

    `exact` is False if the search was cut short: the first is good then, but not proven the best.
    """

    objective: Objective
    best: tuple[Placement, ...]
    certainty: Certainty
    spares: dict[str, tuple[str, ...]]
    exact: bool

    def spares_for(self, count: int) -> dict[str, tuple[str, ...]]:
        """The best `count` spares of each site; PlacementError where a site has fewer."""
        for site, zones in self.spares.items():
            if len(zones) < count:
                raise PlacementError(
                    f"{site}: edge.replicas needs {count} measured zones beside the chosen one, "
                    f"and there are {len(zones)}; measure more zones, or use fewer replicas"
                )
        return {site: zones[:count] for site, zones in self.spares.items()}


def solve(matrix: Matrix, objective: Objective = "sum", spares: int = 1) -> Solution:
    """The best placements; PlacementError if nothing was measured between two sites."""
    if not matrix.latencies:
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


def present(matrix: Matrix) -> Placement:
    """The placement that the topology has now."""
    pairs = zip(matrix.sites, matrix.candidates, strict=True)
    choice = [[each.zone for each in zones].index(site.zone) for site, zones in pairs]
    return _placement(matrix, tuple(choice))


def _nothing(matrix: Matrix) -> str:
    if len(matrix.sites) == 1:
        return "the topology has one site only, so there is no latency to choose its zone by"
    reasons = [f"{each.name}: {each.reason}" for each in matrix.unmeasured]
    return "\n".join(["no pair of sites has a figure; measure them together", *reasons])


def _costs(matrix: Matrix, objective: Objective) -> Costs:
    """The costs of pairs in one number each: missing, median, p99, jitter, then names."""
    names, bits = _name_costs(matrix)
    low = 2 * _DIGITS + bits

    def tail(latency: LinkLatency) -> int:
        return ((_known(latency.p99_ns) << _DIGITS) + _known(latency.jitter_ns)) << bits

    def median(latency: LinkLatency) -> int:
        return latency.median_ns

    def both(latency: LinkLatency) -> int:
        return (latency.median_ns << low) + tail(latency)

    if objective == "max":
        summed = _pair_costs(matrix, tail, missing=1 << low)
        return Costs(summed, names, _pair_costs(matrix, median, missing=0), split=low)
    return Costs(_pair_costs(matrix, both, missing=1 << low + _DIGITS), names)


def _known(value: int | None) -> int:
    return UNKNOWN_NS if value is None else value


def _name_costs(matrix: Matrix) -> tuple[list[list[int]], int]:
    """A cost for each candidate that orders placements by the names of zones, and its bits.

    A site in no measured pair keeps its present zone.
    """
    measured = {site for pair in matrix.latencies for site in pair}
    costs: list[list[int]] = []
    bits = 0
    for index in reversed(range(len(matrix.candidates))):
        zones = [each.zone for each in matrix.candidates[index]]
        if index not in measured:
            zones = _first(zones, matrix.sites[index].zone)
        ranks = {zone: rank for rank, zone in enumerate(zones)}
        costs.append([ranks[each.zone] << bits for each in matrix.candidates[index]])
        bits += len(zones).bit_length()
    return costs[::-1], bits


def _first(zones: Sequence[str], chosen: str) -> list[str]:
    return sorted(zones, key=lambda zone: zone != chosen)


def _pair_costs(matrix: Matrix, cost: Callable[[LinkLatency], int], missing: int) -> PairCosts:
    return {
        pair: [[cost(latency) if latency else missing for latency in row] for row in rows]
        for pair, rows in matrix.latencies.items()
    }


def _placement(matrix: Matrix, choice: Choice) -> Placement:
    chosen = [zones[index] for zones, index in zip(matrix.candidates, choice, strict=True)]
    links = [
        _link(chosen[i], chosen[j], matrix.between(i, choice[i], j, choice[j]))
        for i, j in combinations(range(len(choice)), 2)
        if (i, j) in matrix.latencies
    ]
    return Placement({each.site: each.zone for each in chosen}, tuple(links))


def _link(here: Candidate, there: Candidate, latency: LinkLatency | None) -> Link:
    return Link((here.site, there.site), (here.zone, there.zone), latency)


def _certainty(best: Sequence[Placement], objective: Objective) -> Certainty:
    if len(best) == 1:
        return Certainty("sure", None, None, "there is no other placement")
    first, second = best[0], best[1]
    if first.missing != second.missing:
        reason = f"{second.missing} pairs of the next placement were not measured"
        return Certainty("unknown", None, None, reason)
    if objective == "max":
        return certainty([_slowest(first)], [_slowest(second)])
    return certainty(_unshared(first, second), _unshared(second, first))


def _unshared(placement: Placement, other: Placement) -> list[LinkLatency]:
    """The latencies of the links that the other placement does not have."""
    shared = {(link.sites, link.zones) for link in other.links}
    own = [link for link in placement.links if (link.sites, link.zones) not in shared]
    return [link.latency for link in own if link.latency]


def _slowest(placement: Placement) -> LinkLatency:
    return max(placement.latencies, key=lambda latency: latency.median_ns)


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
    """The next best zones of a site, while the other sites keep theirs.

    Each spare has a physical zone of its own: an account names no physical zone twice.
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
    measured = [o for o in others if (min(o, site), max(o, site)) in matrix.latencies]
    latencies = [matrix.between(site, option, other, choice[other]) for other in measured]
    medians = [latency.median_ns for latency in latencies if latency]
    cost = sum(medians) if objective == "sum" else max(medians, default=0)
    return latencies.count(None), cost, matrix.candidates[site][option].zone
