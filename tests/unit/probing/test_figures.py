"""The figures that the agent computes from round trips."""

from __future__ import annotations

import random

from trunkline.probing.agent import figures, settled


def test_figures_are_in_microseconds_by_nearest_rank() -> None:
    times = [number * 1000 for number in range(100, 0, -1)]
    found = figures(times, lost=3)
    assert (found["min"], found["p50"], found["p90"], found["p99"]) == (1, 50, 90, 99)
    assert (found["sent"], found["lost"]) == (103, 3)


def test_jitter_is_the_mean_step_between_consecutive_round_trips() -> None:
    assert figures([1000, 4000, 2000], lost=0)["jitter"] == 2.5
    assert figures([1000], lost=0)["jitter"] == 0


def test_a_steady_median_settles_at_fifty_samples() -> None:
    times = [1_000_000 + number for number in range(60)]
    assert not settled(times[:49])
    assert settled(times[:50])
    assert not settled(times[:51])  # checked every ten


def test_a_noisy_median_does_not_settle_early() -> None:
    draw = random.Random(1)
    times = [draw.randrange(500_000, 1_500_000) for _ in range(200)]
    assert not any(settled(times[:count]) for count in range(200))


def test_a_settled_median_is_within_its_interval_of_the_true_one() -> None:
    draw = random.Random(2)
    for _ in range(50):
        times = [int(draw.lognormvariate(0, 0.05) * 1_000_000) for _ in range(400)]
        stop = next((count for count in range(401) if settled(times[:count])), 400)
        assert abs(sorted(times[:stop])[stop // 2] - 1_000_000) < 30_000
