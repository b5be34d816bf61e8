"""The best placement, exactly, by the declared order: missing, latency, p99, jitter, names."""

from __future__ import annotations

import random
from itertools import combinations, product
from typing import Any

import pytest
from support.measured import all_pairs, measurements, pair, topology, zone

from trunkline.measurements import MeasuredZone, Pair, RoundTrip
from trunkline.placement.matrix import Matrix, matrix
from trunkline.placement.search import Costs, best_choices
from trunkline.placement.solve import Objective, PlacementError, Solution, solve

Pairs = list[Pair]


def solved(zones: list[MeasuredZone], pairs: Pairs, objective: Objective = "sum") -> Solution:
    return solve(matrix(topology(*zones), measurements(zones, pairs)), objective)


def random_case(draw: random.Random, sites: int, zones: int) -> Matrix:
    """Few distinct figures, so that there are ties at every level; and some are missing."""
    steps = draw.choice([2, 5, 1000])
    missing = draw.choice([0.0, 0.0, 0.1, 0.6])
    listed = [zone(f"s{s}", f"z{z}", cloud="aws") for s in range(sites) for z in range(zones)]
    pairs = []
    for here, there in combinations(listed, 2):
        if here.site != there.site and draw.random() >= missing:
            p50 = draw.randrange(steps) + 1.0
            tail = p50 + draw.randrange(2)
            trip = RoundTrip(min=p50, p50=p50, p90=tail, p99=tail)
            fields: dict[str, Any] = {"jitter_us": float(draw.randrange(2))}
            ways = [(here, there), (there, here)][: draw.choice([1, 2, 2])]
            pairs += [pair(a.name, b.name, 1, round_trip_us=trip, **fields) for a, b in ways]
    return matrix(topology(*listed), measurements(listed, pairs))


def every_placement(found: Matrix, objective: Objective) -> list[tuple[Any, ...]]:
    """All placements by the declared order, the slow way."""
    ranked = []
    for choice in product(*[range(len(zones)) for zones in found.candidates]):
        ends = combinations(range(len(choice)), 2)
        latencies = [
            found.between(i, choice[i], j, choice[j]) for i, j in ends if (i, j) in found.latencies
        ]
        known = [latency for latency in latencies if latency]
        p50 = [latency.median_ns for latency in known]
        cost = sum(p50) if objective == "sum" else max(p50, default=0)
        p99, jitter = sum(f.p99_ns or 0 for f in known), sum(f.jitter_ns or 0 for f in known)
        names = [found.candidates[site][zone].zone for site, zone in enumerate(choice)]
        ranked.append((latencies.count(None), cost, p99, jitter, names))
    return sorted(ranked)


def compare_with_every_placement(seed: int, sites: int, zones: int) -> None:
    draw = random.Random(seed)
    found = random_case(draw, sites, zones)
    objectives: tuple[Objective, ...] = ("sum", "max")
    for objective in objectives:
        wanted = every_placement(found, objective)[:5]
        best = solve(found, objective).best
        assert [list(placement.zones.values()) for placement in best] == [w[-1] for w in wanted]
        assert [placement.missing for placement in best] == [w[0] for w in wanted]


@pytest.mark.parametrize("seed", range(60))
def test_the_best_five_are_those_of_trying_everything(seed: int) -> None:
    compare_with_every_placement(seed, sites=4, zones=4)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_4_sites_of_6_zones_equal_trying_everything_on_1000_matrices(block: int) -> None:
    for seed in range(100):
        compare_with_every_placement(1000 + block * 100 + seed, sites=4, zones=6)


A, B = [zone("aws", name) for name in "ab"], [zone("google", name) for name in "xy"]
ZONES = [*A, *B]


def by(table: dict[str, float | None]) -> Pairs:
    """Pairs by both zones' names: `{"ax": 500}`."""
    return all_pairs(ZONES, lambda one, two: table["".join(sorted((one.zone, two.zone)))])


def test_the_nearest_zones_are_chosen() -> None:
    found = solved(ZONES, by({"ax": 900, "ay": 700, "bx": 500, "by": 800}))
    assert found.best[0].zones == {"aws": "b", "google": "x"}
    assert [placement.sum_ns for placement in found.best] == [500_000, 700_000, 800_000, 900_000]
    assert found.exact


def test_sum_and_max_may_choose_differently() -> None:
    zones = [*ZONES, zone("azure", "1")]
    figures = {"ax": 100.0, "ay": 600.0, "bx": 600.0, "by": 500.0}
    to_azure = {"a": 900.0, "x": 100.0, "b": 600.0, "y": 100.0}
    table = {**figures, **{"".join(sorted("1" + name)): us for name, us in to_azure.items()}}
    pairs = all_pairs(zones, lambda one, two: table["".join(sorted((one.zone, two.zone)))])
    assert solved(zones, pairs, "sum").best[0].zones == {"aws": "a", "google": "x", "azure": "1"}
    assert solved(zones, pairs, "max").best[0].zones["aws"] == "b"


def test_a_zone_does_not_win_because_less_of_it_was_measured() -> None:
    zones = [*ZONES, zone("azure", "1")]
    near = {("a", "x"), ("a", "1")}

    def p50(one: MeasuredZone, two: MeasuredZone) -> float | None:
        ends = tuple(sorted((one.zone, two.zone), reverse=True))
        if set(ends) == {"a", "1"}:
            return None
        return 10 if set(ends) in [set(each) for each in near] else 900

    assert solved(zones, all_pairs(zones, p50)).best[0].zones["aws"] == "b"
    assert solved(zones, all_pairs(zones, p50), "max").best[0].zones["aws"] == "b"


def test_the_mean_of_both_directions_counts_and_one_serves_for_both() -> None:
    pairs = [pair("aws/a", "google/x", 400), pair("google/x", "aws/a", 600)]
    pairs += [pair("aws/b", "google/y", 501)]
    best = solved(ZONES, pairs).best
    assert [(p.zones["aws"], p.sum_ns, p.latencies[0].directions) for p in best[:2]] == [
        ("a", 500_000, 2),
        ("b", 501_000, 1),
    ]


def test_a_pair_of_sites_without_a_figure_does_not_count_and_the_lone_site_stays() -> None:
    lone = [zone("azure", "2"), zone("azure", "1")]
    found = matrix(
        topology(*ZONES, *lone),
        measurements([*ZONES, *lone], by({"ax": 9, "ay": 7, "bx": 5, "by": 8})),
    )
    assert found.pairs_without_figures == [("aws", "azure"), ("google", "azure")]
    assert solve(found).best[0].zones == {"aws": "b", "google": "x", "azure": "2"}


def test_nothing_measured_is_an_error_with_the_reason() -> None:
    mars = zone("azure", "1", account="other")
    with pytest.raises(PlacementError, match=r"aws/a: nothing was measured in aws r1; measure it"):
        solve(matrix(topology(*ZONES), measurements([mars], [])))


def test_a_topology_of_one_site_is_an_error() -> None:
    with pytest.raises(PlacementError, match="one site only"):
        solved(A, [])


def test_spares_are_the_next_best_zones() -> None:
    three = [zone("aws", "a"), zone("aws", "b"), zone("aws", "c"), zone("google", "x")]
    table = {"ax": 100.0, "bx": 300.0, "cx": 200.0}
    pairs = all_pairs(three, lambda one, two: table["".join(sorted((one.zone, two.zone)))])
    found = matrix(topology(*three), measurements(three, pairs))
    assert solve(found, spares=1).spares == {"aws": ("c",), "google": ()}
    assert solve(found, spares=5).spares["aws"] == ("c", "b")


@pytest.mark.parametrize(
    ("second", "samples", "verdict"),
    [
        (500.0, 200, "undecided"),
        (501.0, 200, "undecided"),
        (503.0, 200, "likely"),
        (600.0, 200, "sure"),
        (600.0, None, "unknown"),
        (503.0, 20_000, "sure"),
    ],
)
def test_the_verdict_follows_from_spread_and_samples(
    second: float, samples: int | None, verdict: str
) -> None:
    zones = [*A, B[0]]
    table = {"ax": 500.0, "bx": second}
    pairs = [
        pair(*ends, table[ends[0][-1] + "x" if ends[0][0] == "a" else ends[1][-1] + "x"], 20)
        for a in A
        for ends in [(a.name, "google/x"), ("google/x", a.name)]
    ]
    pairs = [pair(p.from_zone, p.to_zone, p.round_trip_us.p50 or 0, samples=samples) for p in pairs]
    found = solved(zones, pairs)
    assert found.best[0].zones["aws"] == "a"
    assert found.certainty.verdict == verdict


def test_the_only_placement_is_sure() -> None:
    found = solved([A[0], B[0]], [pair("aws/a", "google/x", 500)])
    assert (found.certainty.verdict, found.certainty.errors) == ("sure", None)


def test_the_certainty_is_unknown_if_more_of_the_next_placement_is_missing() -> None:
    found = solved([*A, B[0], zone("azure", "1")], [pair("aws/a", "google/x", 500)])
    assert found.certainty.verdict == "unknown"
    assert found.certainty.reason == "1 pairs of the next placement were not measured"


def test_a_search_that_is_too_large_ends_without_proof() -> None:
    draw = random.Random(1)
    sites, options = 10, 12
    pairs = {
        (i, j): [[draw.randrange(1000) for _ in range(options)] for _ in range(options)]
        for i, j in combinations(range(sites), 2)
    }
    costs = Costs(pairs, [[0] * options for _ in range(sites)])
    found = best_choices(costs, 5, most_steps=50)
    assert not found.exact
    assert len(set(found.choices)) == 5


@pytest.mark.parametrize(("sites", "count"), [(4, 6), pytest.param(8, 24, marks=pytest.mark.slow)])
def test_all_equal_figures_are_placed_by_name(sites: int, count: int) -> None:
    zones = [zone(f"s{s}", f"z{z:02}", cloud="aws") for s in range(sites) for z in range(count)]
    found = solved(zones, all_pairs(zones, lambda one, two: 500))
    assert set(found.best[0].zones.values()) == {"z00"}
    assert list(found.best[1].zones.values()) == ["z00"] * (sites - 1) + ["z01"]
    assert found.certainty.verdict == "undecided"
