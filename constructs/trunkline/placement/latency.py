"""The latency between two zones, from the measurements of one or both directions."""

from __future__ import annotations

import math
from collections.abc import Iterable

from attrs import frozen

from trunkline.measurements.model import Pair

UNKNOWN_NS = 10_000_000_000
"""The value of a p99 or a jitter that was not measured, for a tie-break: the worst one, 10 s."""

_NORMAL_P90 = 1.2816  # the 90th percentile of the standard normal distribution
_MEDIAN = math.sqrt(math.pi / 2)  # standard error of a median over that of a mean, normal samples
_JITTER = math.sqrt(math.pi) / 2  # the mean |difference| of two normal samples is 2 sigma/sqrt(pi)


@frozen
class LinkLatency:
    """Round trips between two zones: the mean of both directions, in whole nanoseconds.

    `median_ns` is the mean of medians, or of means where the tool gives no medians (`by_mean`).
    `error_ns` is its standard error, None where spread or number of samples is not known.
    """

    median_ns: int
    p99_ns: int | None
    jitter_ns: int | None
    error_ns: float | None
    directions: int
    by_mean: bool


def link_latency(pairs: Iterable[Pair]) -> LinkLatency | None:
    """The latency by one or both directions; None where neither has a median or a mean."""
    known = [pair for pair in pairs if pair.round_trip_us.median is not None]
    median = _mean(pair.round_trip_us.median for pair in known)
    if median is None:
        return None
    return LinkLatency(
        median_ns=median,
        p99_ns=_mean(pair.round_trip_us.p99 for pair in known),
        jitter_ns=_mean(pair.jitter_us for pair in known),
        error_ns=_error(known),
        directions=len(known),
        by_mean=any(pair.round_trip_us.p50 is None for pair in known),
    )


def standard_error_us(pair: Pair) -> float | None:
    """The standard error of a pair's median (or mean) in microseconds; None where not known.

    The spread sigma is the largest of: the difference of p90 and p50 over 1.2816, jitter times
    sqrt(pi)/2, and the standard deviation where nothing else is known. A mean of n samples has the
    error sigma/sqrt(n), a median sqrt(pi/2) times that. All hold for normal samples. Round trips
    have a longer upper tail, so the estimate is rather too large than too small.
    """
    trip, samples = pair.round_trip_us, pair.answered
    spreads = []
    if trip.p50 is not None and trip.p90 is not None:
        spreads.append((trip.p90 - trip.p50) / _NORMAL_P90)
    if pair.jitter_us is not None:
        spreads.append(pair.jitter_us * _JITTER)
    if not spreads and trip.stddev is not None:
        spreads.append(trip.stddev)
    if not spreads or not samples:
        return None
    factor = 1.0 if trip.p50 is None else _MEDIAN
    return factor * max(spreads) / math.sqrt(samples)


def _error(pairs: list[Pair]) -> float | None:
    errors = [standard_error_us(pair) for pair in pairs]
    known = [error for error in errors if error is not None]
    if len(known) < len(errors):
        return None
    return 1000 * math.hypot(*known) / len(known)


def _mean(values: Iterable[float | None]) -> int | None:
    """The mean of microseconds, in nanoseconds; None where one is not known, or there is none."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    if not known or len(known) < len(listed):
        return None
    return round(1000 * sum(known) / len(known))
