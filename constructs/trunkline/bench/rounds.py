"""Measures variants round by round, in the order ABBA, and keeps what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve

from trunkline.bench.compare import METRICS, rounds_asked_for
from trunkline.bench.decide import PILOT
from trunkline.bench.drive import LoadDriver, Variant
from trunkline.bench.results import Results, Run

MOST_ROUNDS = 30
"""Where nothing else is said, a comparison ends here, whatever its pilot asks for."""


def measure_rounds(
    results: Results,
    variants: Sequence[Variant],
    driver: LoadDriver,
    keep: Callable[[Results], None],
    *,
    rounds: int | None = None,
    most: int = MOST_ROUNDS,
    say: Callable[[str], None] = lambda text: None,
    switch: Callable[[Variant], None] = lambda variant: None,
) -> Results:
    """Add rounds to `results` until there are enough, and hand them to `keep` after each.

    - `rounds`: how many; without it, as many as a pilot of six asks for, and `most` at most.
    - `say`: is told what is being done.
    - `switch`: has the world as a variant needs it; it is called before each.

    Variants are measured forwards and backwards in turn, so that what drifts meets each alike.
    """
    for variant in variants:
        switch(variant)
        say(f"warm-up of {variant.name}")
        driver.warm_up(variant)
    while len(results.rounds) < (wanted := rounds or min(_wanted(results), most)):
        number = len(results.rounds)
        runs: list[Run] = []
        for variant in variants if number % 2 == 0 else reversed(variants):
            switch(variant)
            say(f"round {number + 1} of {wanted}: {variant.name}")
            runs += driver.measure(variant)
        results = evolve(results, rounds=(*results.rounds, tuple(runs)))
        keep(results)
    results = evolve(results, complete=True)
    keep(results)
    return results


def _wanted(results: Results) -> int:
    """How many rounds there are to be, by what is known so far."""
    if len(results.rounds) < PILOT or len(results.variants) == 1:
        return PILOT
    return max(rounds_asked_for(results, metric) for metric in METRICS)
