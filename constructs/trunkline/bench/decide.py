"""Whether two variants differ: a pilot says how many rounds that takes, and two looks decide.

The first look, half-way, ends a comparison early at 2 %; the last one decides at 3.5 %. Together
they keep false alarms below 5 %.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from trunkline.bench.signed_rank import estimate, fewest, interval, p_value

PILOT = 6
FIRST_LOOK, LAST_LOOK = 0.02, 0.035
EFFECT = 0.10
POWER = 0.90
# Six rounds may show less noise than there is: so much more of it is assumed.
DOUBT = 1.3
# Without their signs, normal differences around zero deviate so much less from their mean.
SIZES_DEVIATE = math.sqrt(1 - 2 / math.pi)
# What the signed-rank test needs more than a t test of normal noise: 1 / its efficiency, pi / 3.
PRICE_OF_RANKS = math.pi / 3

Verdict = Literal["different", "no difference found", "not enough rounds"]


@frozen
class Decision:
    """What the rounds say of a variant against another.

    - `verdict`: the answer.
    - `rounds`: how many rounds the answer stands on.
    - `needed`: how many the pilot asks for; without a pilot, how many a pilot has.
    - `ratio`: the second variant's figure as a part of the first one's; None without a round.
    - `low`, `high`: the interval of the ratio; None with too few rounds for any.
    - `p`: the exact two-sided probability of such rounds if nothing differs.
    - `level`: below which `p` means a difference; 1 minus the interval's confidence.
    """

    verdict: Verdict
    rounds: int
    needed: int
    ratio: float | None
    low: float | None
    high: float | None
    p: float
    level: float


def decide(ratios: Sequence[float], effect: float = EFFECT, comparisons: int = 1) -> Decision:
    """Decide from one ratio for each round, in the order of the rounds.

    - `effect`: the difference that is to be found, as a part: 0.10 is 10 %.
    - `comparisons`: how many are made side by side; together they keep the 5 %.
    """
    logs = [math.log(ratio) for ratio in ratios]
    first, last = FIRST_LOOK / comparisons, LAST_LOOK / comparisons
    if len(logs) < PILOT:
        return _decision("not enough rounds", logs, PILOT, last)
    needed = rounds_needed(ratios, effect, comparisons)
    half = first_look(needed, comparisons)
    if half is not None and len(logs) >= half and p_value(logs[:half]) <= first:
        return _decision("different", logs[:half], needed, first)
    if len(logs) < needed:
        return _decision("not enough rounds", logs, needed, last)
    found = p_value(logs) <= last
    return _decision("different" if found else "no difference found", logs, needed, last)


def rounds_needed(ratios: Sequence[float], effect: float = EFFECT, comparisons: int = 1) -> int:
    """How many rounds find `effect` in nine of ten comparisons, by the noise of the pilot.

    The noise is read from the sizes of the logarithms without their signs: a deviation from their
    mean is small where all lie on one side by chance, and fewer rounds would mean false alarms.
    """
    level = LAST_LOOK / comparisons
    noise = DOUBT * _noise([abs(math.log(ratio)) for ratio in ratios[:PILOT]])
    normal = statistics.NormalDist()
    factor = normal.inv_cdf(1 - level / 2) + normal.inv_cdf(POWER)
    enough = PRICE_OF_RANKS * (factor * noise / math.log1p(effect)) ** 2
    return max(PILOT, fewest(level), math.ceil(enough) + 1)


def _noise(sizes: Sequence[float]) -> float:
    """The deviation by the sizes: their root mean square, or where all are large, their own."""
    around_zero = math.sqrt(sum(size**2 for size in sizes) / (PILOT - 1))
    return min(around_zero, statistics.stdev(sizes) / SIZES_DEVIATE)


def first_look(needed: int, comparisons: int = 1) -> int | None:
    """After how many rounds the first look is; None where the last one comes as soon."""
    half = max(math.ceil(needed / 2), fewest(FIRST_LOOK / comparisons))
    return half if half < needed else None


def _decision(verdict: Verdict, logs: Sequence[float], needed: int, level: float) -> Decision:
    if not logs:
        return Decision(verdict, 0, needed, None, None, None, 1.0, level)
    low, high = interval(logs, level) or (None, None)
    return Decision(
        verdict,
        len(logs),
        needed,
        math.exp(estimate(logs)),
        None if low is None else math.exp(low),
        None if high is None else math.exp(high),
        p_value(logs),
        level,
    )
