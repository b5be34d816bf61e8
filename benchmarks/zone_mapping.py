"""Whether zones of simulated accounts are ever taken for a place that they are not."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise

from attrs import frozen

from benchmarks.measure import Report, Target, parser, progress, show
from trunkline.measurements import MeasuredZone, Measurements, Method, Pair, RoundTrip
from trunkline.placement.zones import identify

ACCOUNTS = 1000
SAMPLES = 200
LOSS = 0.02

Spot = tuple[str, int]
"""A zone of an account: the account and the physical place."""


@frozen
class World:
    """A region of 3 to 6 places, and two accounts that see 2 or more of them, by other names.

    Different places are 0.3 to 1.5 ms apart, and two machines of one place 0.1 to 0.3 ms.
    """

    places: Mapping[str, tuple[int, ...]]
    between: Mapping[tuple[int, int], float]
    within: Mapping[int, float]

    def distance(self, one: int, two: int) -> float:
        """The true round trip in microseconds."""
        return self.within[one] if one == two else self.between[min(one, two), max(one, two)]


def run(runs: int) -> Report:
    """Identify the zones of a thousand accounts; once, for the draw is always the same."""
    progress(f"zone mapping: {ACCOUNTS} simulated accounts")
    counts: Counter[str] = Counter()
    start = time.process_time()
    for seed in range(ACCOUNTS):
        counts.update(_outcomes(random.Random(seed)))
    seconds = time.process_time() - start
    twins = counts["found"] + counts["unsure"] + counts["missed"]
    return Report(
        f"Zones of {ACCOUNTS} simulated accounts: permuted names, jitter, 2 % loss",
        ("zones", "number"),
        [
            ("with a counterpart", twins),
            ("  found", counts["found"]),
            ("  called unsure", counts["unsure"]),
            ("  neither", counts["missed"]),
            ("without a counterpart", counts["lone"]),
            ("  called unsure", counts["lone unsure"]),
            ("taken for another place", counts["wrong"]),
        ],
        [
            Target("wrong identifications", counts["wrong"], 0),
            Target("counterparts neither found nor called unsure", counts["missed"], 0),
            Target("counterparts found", 100 * counts["found"] / twins, 50, " %", at_least=True),
        ],
        [f"{1000 * seconds / ACCOUNTS:.3g} ms an account, the simulation included."],
    )


def _outcomes(draw: random.Random) -> Iterator[str]:
    """What became of every zone of the second account."""
    world = _world(draw)
    zones, place_of = _zones(world, draw)
    found = identify([_measured(world, zones, place_of, draw)])
    for zone in found.zones:
        if zone.owner != "second":
            continue
        place = place_of["second", zone.name]
        same = [match.other(zone) for match in found.same(zone)]
        has_twin = place in world.places["first"]
        if any(place_of["first", other.name] != place for other in same):
            yield "wrong"
        if has_twin:
            yield "found" if same else "unsure" if found.unsure(zone) else "missed"
        else:
            yield "lone"
            if found.unsure(zone):
                yield "lone unsure"


def _world(draw: random.Random) -> World:
    count = draw.randrange(3, 7)
    spots = range(count)
    return World(
        {
            account: tuple(draw.sample(spots, draw.randrange(2, count + 1)))
            for account in ("first", "second")
        },
        {(i, j): draw.uniform(300, 1500) for i in spots for j in range(i + 1, count)},
        {spot: draw.uniform(100, 300) for spot in spots},
    )


def _zones(
    world: World, draw: random.Random
) -> tuple[list[MeasuredZone], dict[tuple[str, str], int]]:
    """The zones under names that say nothing, and their true places by account and name."""
    zones, place_of = [], {}
    for account, places in world.places.items():
        names = draw.sample("abcdefgh", len(places))
        for name, place in zip(names, places, strict=True):
            place_of[account, name] = place
            zones.append(
                MeasuredZone(site=account, cloud="google", account=account, region="r", zone=name)
            )
    return zones, place_of


def _measured(
    world: World,
    zones: list[MeasuredZone],
    place_of: Mapping[tuple[str, str], int],
    draw: random.Random,
) -> Measurements:
    pairs = []
    for here in zones:
        for there in zones:
            if here.site != there.site:
                ends = place_of[here.site, here.zone], place_of[there.site, there.zone]
                pairs.append(_pair(here.name, there.name, world.distance(*ends), draw))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Measurements(
        topology="simulated",
        method=Method(tool="trunkline", protocol="udp", samples_per_pair=SAMPLES),
        started_at=moment,
        finished_at=moment,
        complete=True,
        zones=zones,
        pairs=pairs,
    )


def _pair(here: str, there: str, base: float, draw: random.Random) -> Pair:
    """Samples with a long tail: a few to a hundred microseconds of queueing, and some lost."""
    scale = draw.choice([5.0, 20.0, 60.0])
    answered = sum(draw.random() >= LOSS for _ in range(SAMPLES))
    # Centred, so that the true median is the base: the median of an exponential is scale ln 2.
    times = [base + scale * (draw.expovariate(1) - 0.6931) for _ in range(answered)]
    jitter = sum(abs(a - b) for a, b in pairwise(times)) / (answered - 1)
    ordered = sorted(times)
    ranks = {f"p{rank}": ordered[-(-rank * answered // 100) - 1] for rank in (50, 90, 99)}
    return Pair(
        from_zone=here,
        to_zone=there,
        samples=SAMPLES,
        lost=SAMPLES - answered,
        round_trip_us=RoundTrip(min=ordered[0], **ranks),
        jitter_us=jitter,
    )


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
