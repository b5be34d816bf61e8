"""How often `bench compare` is wrong, and how often it finds a true 10 %, on simulated rounds."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator

from benchmarks.measure import Report, Target, parser, progress, show
from trunkline.bench.decide import PILOT, decide, first_look, rounds_needed

COMPARISONS = 250
MOST_FALSE, LEAST_FOUND = 5.0, 90.0
NOISES = (0.02, 0.05, 0.08)

Noise = Callable[[random.Random, float], Iterator[float]]
"""The logarithms of latencies, one measurement after another, at a noise per measurement."""


def _independent(draw: random.Random, noise: float) -> Iterator[float]:
    while True:
        yield draw.gauss(0, noise)


def _drifting(draw: random.Random, noise: float) -> Iterator[float]:
    """A machine or a path that gets slower and faster over the rounds, and steadily slower too."""
    level, slope = 0.0, draw.gauss(0, noise / 4)
    while True:
        level += slope + draw.gauss(0, noise / 3)
        yield level + draw.gauss(0, noise / 2)


def _spiky(draw: random.Random, noise: float) -> Iterator[float]:
    """One measurement of ten meets something else at work, and is up to a third slower."""
    while True:
        spike = draw.uniform(0.05, 0.3) if draw.random() < 0.1 else 0.0
        yield draw.gauss(0, noise) + spike


KINDS: dict[str, Noise] = {
    "independent": _independent,
    "drifting": _drifting,
    "spiky": _spiky,
}


def ratios(latencies: Iterator[float], true: float) -> Iterator[float]:
    """The ratio of each round, measured in the order ABBA; `true` is the second variant's."""
    forward = True
    while True:
        one, other = next(latencies), next(latencies)
        first, second = (one, other) if forward else (other, one)
        yield math.exp(second - first) * true
        forward = not forward


def compare(rounds: Iterator[float]) -> tuple[bool, int]:
    """Whether a difference is found, and after how many rounds, as `trunkline bench` does it."""
    seen = [next(rounds) for _ in range(PILOT)]
    needed = rounds_needed(seen)
    for stop in (first_look(needed), needed):
        if stop is not None:
            seen += [next(rounds) for _ in range(stop - len(seen))]
            if (decision := decide(seen)).verdict == "different":
                return True, decision.rounds
    return False, len(seen)


def run(runs: int) -> Report:
    """Simulate comparisons of each kind of noise, without a difference and with one of 10 %."""
    rows, targets = [], []
    for kind, noise in KINDS.items():
        alarms, hits = list[bool](), list[bool]()
        for amount in NOISES:
            progress(f"comparison: {runs} x {COMPARISONS} x 2 {kind}, noise {amount:.0%}")
            draw = random.Random(f"{kind} {amount}")
            count = range(runs * COMPARISONS)
            none = [compare(ratios(noise(draw, amount), 1.0)) for _ in count]
            true = [compare(ratios(noise(draw, amount), 1.1)) for _ in count]
            false, found = ([yes for yes, _ in made] for made in (none, true))
            took = statistics.median(rounds for _, rounds in true)
            rows.append((kind, f"{amount:.0%}", _percent(false), _percent(found), took))
            alarms += false
            hits += found
        targets.append(Target(f"{kind} rounds: false alarms", _percent(alarms), MOST_FALSE, " %"))
        found_name = f"{kind} rounds: a true 10 % found"
        targets.append(Target(found_name, _percent(hits), LEAST_FOUND, " %", True))
    columns = ("rounds", "noise", "false alarms, %", "10 % found, %", "rounds until found")
    return Report("Comparing load tests", columns, rows, targets)


def _percent(found: list[bool]) -> float:
    return 100 * statistics.mean(found)


if __name__ == "__main__":
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)
