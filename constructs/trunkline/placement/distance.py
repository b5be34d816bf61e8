"""How far zones of different accounts are apart, over all files that measured them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from attrs import frozen

from trunkline.measurements.model import Measurements, Pair, Zone
from trunkline.placement.figure import standard_error_us

FEWEST_ANSWERS = 20


@frozen
class Distance:
    """What was measured between two zones, both directions: microseconds."""

    typical: float
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
    """What all files know about each two zones of one cloud and region, in different accounts."""
    ways: dict[tuple[Zone, Zone], list[Pair]] = defaultdict(list)
    for file in files:
        zones = {name: each.identity for name, each in file.zone_by_name.items()}
        for pair in file.pairs:
            here, there = zones[pair.from_zone], zones[pair.to_zone]
            near = (here.cloud, here.region) == (there.cloud, there.region)
            if near and here.owner != there.owner and pair.round_trip_us.typical is not None:
                ways[here, there].append(pair)
    best = {ends: max(pairs, key=lambda each: each.answered or 0) for ends, pairs in ways.items()}
    both: dict[frozenset[Zone], list[Pair]] = defaultdict(list)
    for ends, pair in best.items():
        both[frozenset(ends)].append(pair)
    return {ends: _distance(pairs) for ends, pairs in both.items()}


def _distance(pairs: Sequence[Pair]) -> Distance:
    typical = [pair.round_trip_us.typical or math.inf for pair in pairs]
    errors = [standard_error_us(pair) for pair in pairs]
    known = [math.inf if error is None else error for error in errors]
    # Without a p90 nothing says that they are near most of the time.
    p90 = [pair.round_trip_us.p90 or math.inf for pair in pairs]
    return Distance(
        typical=sum(typical) / len(typical),
        error=math.hypot(*known) / len(known),
        highest_p90=max(p90),
        answers=min(pair.answered or 0 for pair in pairs),
        directions=len(pairs),
    )
