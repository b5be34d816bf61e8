"""The distance between zones of different accounts, from all files that measured them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from attrs import frozen

from trunkline.measurements.model import Measurements, Pair, Zone
from trunkline.placement.latency import standard_error_us

FEWEST_ANSWERS = 20


@frozen
class Distance:
    """What was measured between two zones, in both directions: microseconds."""

    median: float
    error: float
    highest_p90: float
    answers: int
    directions: int

    @property
    def is_enough(self) -> bool:
        """Whether there are both directions and enough answers, and the spread is known."""
        enough = self.directions == 2 and self.answers >= FEWEST_ANSWERS
        return enough and math.isfinite(self.error)


def distances(files: Iterable[Measurements]) -> dict[frozenset[Zone], Distance]:
    """The distance of each two zones of different accounts in one cloud and region.

    Where several files measured a direction, the one with the most answers counts.
    """
    found: dict[tuple[Zone, Zone], list[Pair]] = defaultdict(list)
    for file in files:
        zones = {name: each.identity for name, each in file.zone_by_name.items()}
        for pair in file.pairs:
            ends = zones[pair.from_zone], zones[pair.to_zone]
            if _is_compared(*ends) and pair.round_trip_us.median is not None:
                found[ends].append(pair)
    directions: dict[frozenset[Zone], list[Pair]] = defaultdict(list)
    for ends, pairs in found.items():
        directions[frozenset(ends)].append(max(pairs, key=lambda each: each.answered or 0))
    return {zones: _distance(pairs) for zones, pairs in directions.items()}


def _is_compared(here: Zone, there: Zone) -> bool:
    same_region = (here.cloud, here.region) == (there.cloud, there.region)
    return same_region and here.owner != there.owner


def _distance(pairs: Sequence[Pair]) -> Distance:
    medians = [pair.round_trip_us.median or math.inf for pair in pairs]
    errors = [standard_error_us(pair) for pair in pairs]
    known = [math.inf if error is None else error for error in errors]
    # Without a p90 it is not known whether they are near most of the time.
    p90 = [pair.round_trip_us.p90 or math.inf for pair in pairs]
    return Distance(
        median=sum(medians) / len(medians),
        error=math.hypot(*known) / len(known),
        highest_p90=max(p90),
        answers=min(pair.answered or 0 for pair in pairs),
        directions=len(pairs),
    )
