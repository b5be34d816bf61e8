"""Wilcoxon's signed-rank test, exact, and the Hodges-Lehmann estimate that goes with it.

Both read differences of pairs: here the logarithms of the ratios of two variants, round by round.
The test asks only that they lie as far above as below zero where the variants are the same, so
neither spikes nor a skewed latency give a false alarm.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations_with_replacement, groupby


def p_value(differences: Sequence[float]) -> float:
    """The exact two-sided probability of differences as far from zero as these, if there is none.

    Equal sizes share their mean rank; what is zero is left out.
    """
    ranks = _doubled_ranks([each for each in differences if each])
    counts = _counts(tuple(rank for rank, _ in ranks))
    positive = sum(rank for rank, is_positive in ranks if is_positive)
    extreme = min(positive, len(counts) - 1 - positive)
    return min(1.0, 2 * sum(counts[: extreme + 1]) / sum(counts))


def estimate(differences: Sequence[float]) -> float:
    """The Hodges-Lehmann estimate of the middle: the median of the means of all pairs."""
    return statistics.median(_means(differences))


def interval(differences: Sequence[float], level: float) -> tuple[float, float] | None:
    """The exact interval of the middle that leaves out zero where the test rejects at `level`.

    None where there are too few differences for any.
    """
    means = sorted(_means(differences))
    counts = _counts(tuple(2 * rank for rank in range(1, len(differences) + 1)))
    total, below, left_out = sum(counts), 0, 0
    for count in counts[::2]:
        below += count
        if 2 * below > level * total:
            break
        left_out += 1
    return (means[left_out - 1], means[-left_out]) if left_out else None


def fewest(level: float) -> int:
    """How many differences the test needs before it can reject at `level` at all."""
    count = 1
    while 2 / 2**count > level:
        count += 1
    return count


def _doubled_ranks(differences: Sequence[float]) -> list[tuple[int, bool]]:
    """Twice the rank of each size, which is whole with ties too, and whether it is above zero."""
    ranks, place = [], 0
    for _, group in groupby(sorted(differences, key=abs), key=abs):
        tied = list(group)
        ranks += [(2 * place + len(tied) + 1, each > 0) for each in tied]
        place += len(tied)
    return ranks


@lru_cache(maxsize=128)
def _counts(ranks: tuple[int, ...]) -> Sequence[int]:
    """In how many ways the signs give each sum of the positive ranks.

    It is a product of polynomials 1 + x^rank, as one large number with so many bytes for each sum.
    """
    width = len(ranks) // 8 + 1
    product = 1
    for rank in ranks:
        product += product << (8 * width * rank)
    data = product.to_bytes(width * (sum(ranks) + 1), "little")
    return [int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)]


def _means(differences: Sequence[float]) -> list[float]:
    return [(one + other) / 2 for one, other in combinations_with_replacement(differences, 2)]
