"""How certain it is that the best placement is better than the second best."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from attrs import frozen

from trunkline.placement.latency import LinkLatency

Verdict = Literal["sure", "likely", "undecided", "unknown"]

# Standard errors of a difference that normal noise alone exceeds in 1 of 1,000 and 1 of 10 cases.
SURE = 3.09
LIKELY = 1.28


@frozen
class Certainty:
    """A verdict; how far the runner-up is behind in microseconds, and in standard errors."""

    verdict: Verdict
    distance_us: float | None
    errors: float | None
    reason: str


def certainty(best: Iterable[LinkLatency], second: Iterable[LinkLatency]) -> Certainty:
    """Compare two placements by the links that they do not share.

    The distance is the difference of the sums of their medians. Its standard error is the root of
    the sum of the squared errors of all these links, as for independent normal errors. Placements
    with equal sums are undecided, although the tie-breakers put them in an order.
    """
    first, other = list(best), list(second)
    distance = sum(f.median_ns for f in other) - sum(f.median_ns for f in first)
    known = [f.error_ns for f in (*first, *other)]
    if distance == 0:
        return Certainty("undecided", 0.0, 0.0, "the next placement is as good")
    if None in known:
        reason = "the number of samples or their spread is not known"
        return Certainty("unknown", distance / 1000, None, reason)
    error = math.hypot(*(e for e in known if e is not None))
    errors = distance / error if error else math.inf
    reason = f"the next placement is {_shown(errors)} standard errors away"
    return Certainty(_verdict(errors), distance / 1000, errors, reason)


def _verdict(errors: float) -> Verdict:
    if errors >= SURE:
        return "sure"
    return "likely" if errors >= LIKELY else "undecided"


def _shown(errors: float) -> str:
    return f"{errors:.1f}" if errors < 100 else "over 100"
