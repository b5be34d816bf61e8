"""Which zones of different accounts are the same physical zone: from the cloud, and from latency.

Where the cloud exposes physical zones (AWS AZ IDs, Azure's physical zones), they decide. Latency
finds the rest, and what contradicts the cloud. Two zones are the same if all of these hold:

1. Both directions were measured, with at least 20 answers each, and both p50 and p90 are under the
   threshold: consistently near.
2. Each is the other's nearest zone in the other's account, and every rival was measured and is
   farther away by at least four standard errors of the difference.
3. The distance plus four standard errors is less than the distance between any two different zones
   of one region (`apart`). Without this, a zone whose counterpart was not measured would be taken
   for its neighbour.
4. No zone is the same as two zones of one account, over any chain of accounts.

Zones that are under the threshold and fail another condition are unsure.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal

from attrs import evolve, frozen

from trunkline.measurements.model import Measurements, Zone
from trunkline.placement.distance import FEWEST_ANSWERS, Distance, distances

THRESHOLD_MS = 2.0
APART_MS = 0.3
ERRORS = 4.0  # exceeded by normal noise in 1 of 30,000 cases, one-sided

Verdict = Literal["same", "unsure", "different"]


@frozen
class Match:
    """Two zones of different accounts, whether they are the same by latency, and why."""

    zones: tuple[Zone, Zone]
    verdict: Verdict
    reason: str
    distance: Distance

    def other(self, zone: Zone) -> Zone:
        """The zone that `zone` is matched with."""
        return self.zones[1] if self.zones[0] == zone else self.zones[0]


@frozen
class Identification:
    """What is known about every zone.

    `physical` holds the physical zones from the clouds, `matches` the zones that are the same or
    unsure by latency, `disagreements` sentences about contradictions between the two.
    """

    zones: tuple[Zone, ...]
    physical: Mapping[Zone, str]
    matches: tuple[Match, ...]
    disagreements: tuple[str, ...]

    def same(self, zone: Zone) -> list[Match]:
        """The matches with zones of other accounts that are the same by latency."""
        return [m for m in self.matches if zone in m.zones and m.verdict == "same"]

    def unsure(self, zone: Zone) -> list[Match]:
        """The matches with zones that may be the same."""
        return [m for m in self.matches if zone in m.zones and m.verdict == "unsure"]

    def physical_zone(self, zone: Zone) -> str | None:
        """The physical zone from the cloud, else from a zone that is the same; None if unknown."""
        if zone in self.physical:
            return self.physical[zone]
        others = [match.other(zone) for match in self.same(zone)]
        known = {self.physical[other] for other in others if other in self.physical}
        return known.pop() if len(known) == 1 else None


def identify(
    files: Sequence[Measurements],
    physical: Mapping[Zone, str] | None = None,
    threshold_ms: float = THRESHOLD_MS,
    apart_ms: float = APART_MS,
) -> Identification:
    """Find the zones of different accounts that are the same physical zone.

    `physical` adds to the physical zones in the files.
    """
    known = {**_physical_zones(files), **(physical or {})}
    zones = sorted({each.identity for file in files for each in file.zones})
    judge = _Judge(distances(files), threshold_ms * 1000, apart_ms * 1000)
    groups: dict[tuple[str, str], dict[str, list[Zone]]] = defaultdict(lambda: defaultdict(list))
    for zone in zones:
        groups[zone.cloud, zone.region][zone.owner].append(zone)
    matches = [
        match
        for accounts in groups.values()
        for left, right in combinations(accounts.values(), 2)
        for match in judge.matches(left, right)
    ]
    matches = list(_without_contradictions(matches))
    disagreements = tuple(_disagreements(known, matches, judge))
    return Identification(tuple(zones), known, tuple(matches), disagreements)


@frozen
class _Judge:
    """Applies conditions 1 to 3 to the distances; limits in microseconds."""

    distances: Mapping[frozenset[Zone], Distance]
    threshold: float
    apart: float

    def matches(self, left: Sequence[Zone], right: Sequence[Zone]) -> Iterator[Match]:
        """The zones of two accounts that are the same, or unsure."""
        for here in left:
            for there in right:
                distance = self.distance(here, there)
                if not distance or distance.median >= self.threshold:
                    continue
                rivals = [(here, other) for other in right if other != there]
                rivals += [(there, other) for other in left if other != here]
                verdict, reason = self._verdict(distance, rivals)
                if verdict != "different":
                    yield Match((here, there), verdict, reason, distance)

    def distance(self, here: Zone, there: Zone) -> Distance | None:
        """The distance between two zones, if it was measured."""
        return self.distances.get(frozenset((here, there)))

    def _verdict(self, near: Distance, rivals: Sequence[tuple[Zone, Zone]]) -> tuple[Verdict, str]:
        """The verdict on two zones that are under the threshold apart, and the reason."""
        for one, other in rivals:
            if _gap(near, self.distance(one, other)) <= -ERRORS:
                return "different", f"{one} is nearer to {other}"
        doubt = self._doubt(near) or next(filter(None, map(self._rivalry(near), rivals)), None)
        if doubt:
            return "unsure", doubt
        measured = [self.distance(one, other) for one, other in rivals]
        farther = min((rival.median - near.median for rival in measured if rival), default=None)
        text = "" if farther is None else f", any other zone {_ms(farther)} farther"
        return "same", f"{_ms(near.median)} apart{text}"

    def _doubt(self, near: Distance) -> str | None:
        """Why conditions 1 and 3 do not hold, which regard the two zones alone; None if they do."""
        highest = near.median + ERRORS * near.error
        if not near.is_enough:
            return f"it takes both directions and {FEWEST_ANSWERS} answers in each"
        if near.highest_p90 >= self.threshold:
            return f"p90 is {_ms(near.highest_p90)}: not consistently near"
        if highest >= self.apart:
            return f"up to {_ms(highest)}: different zones can be as near as {_ms(self.apart)}"
        return None

    def _rivalry(self, near: Distance) -> Callable[[tuple[Zone, Zone]], str | None]:
        """A function that returns why condition 2 does not hold for a rival; None if it does."""

        def doubt(rival: tuple[Zone, Zone]) -> str | None:
            (one, other), distance = rival, self.distance(*rival)
            if distance is None or not distance.is_enough:
                return f"{one} and {other} are not measured well enough to compare"
            if _gap(near, distance) < ERRORS:
                return f"{one} is as near to {other}, {_ms(distance.median)}"
            return None

        return doubt


def _gap(near: Distance, rival: Distance | None) -> float:
    """How many standard errors a rival is farther away; 0 if it is not measured well enough."""
    if rival is None or not (near.is_enough and rival.is_enough):
        return 0.0
    error, gap = math.hypot(near.error, rival.error), rival.median - near.median
    return gap / error if error else math.copysign(math.inf, gap) if gap else 0.0


def _physical_zones(files: Iterable[Measurements]) -> dict[Zone, str]:
    return {
        each.identity: each.physical_zone
        for file in files
        for each in file.zones
        if each.physical_zone
    }


def _without_contradictions(matches: Sequence[Match]) -> Iterator[Match]:
    """Condition 4: make matches unsure that join two zones of one account, over any chain."""
    group = _groups(match.zones for match in matches if match.verdict == "same")
    members: dict[Zone, set[Zone]] = defaultdict(set)
    for zone, first in group.items():
        members[first].add(zone)
    bad = {first for first, zones in members.items() if len({z.owner for z in zones}) < len(zones)}
    for match in matches:
        if match.verdict == "same" and group[match.zones[0]] in bad:
            yield evolve(
                match, verdict="unsure", reason="other accounts join it to two zones of one account"
            )
        else:
            yield match


def _groups(pairs: Iterable[tuple[Zone, Zone]]) -> dict[Zone, Zone]:
    """A representative for each zone, the same one for all zones that pairs join (union-find)."""
    first: dict[Zone, Zone] = {}

    def find(zone: Zone) -> Zone:
        while first.setdefault(zone, zone) != zone:
            zone = first[zone]
        return zone

    for here, there in pairs:
        first[find(here)] = find(there)
    return {zone: find(zone) for zone in list(first)}


def _disagreements(
    physical: Mapping[Zone, str], matches: Iterable[Match], judge: _Judge
) -> Iterator[str]:
    """Sentences about contradictions between the clouds and the latency."""
    same = [match for match in matches if match.verdict == "same"]
    for match in same:
        here, there = match.zones
        if here in physical and there in physical and physical[here] != physical[there]:
            yield (
                f"by the cloud {here} is {physical[here]} and {there} is {physical[there]}; by "
                f"latency they are the same ({match.reason})"
            )
    found = {(zone, match.other(zone).owner): match for match in same for zone in match.zones}
    for here, there in _same_by_cloud(physical):
        text = f"by the cloud {here} and {there} are both {physical[here]}; by latency"
        other = found.get((here, there.owner))
        distance = judge.distance(here, there)
        if other and there not in other.zones:
            yield f"{text} {here} is {other.other(here)} ({other.reason})"
        elif distance and distance.is_enough and distance.median >= judge.threshold:
            yield f"{text} they are {_ms(distance.median)} apart"


def _same_by_cloud(physical: Mapping[Zone, str]) -> Iterator[tuple[Zone, Zone]]:
    """The pairs of zones of different accounts with one physical zone, each pair once."""
    groups: dict[tuple[str, str, str], list[Zone]] = defaultdict(list)
    for zone, name in physical.items():
        groups[zone.cloud, zone.region, name].append(zone)
    for zones in groups.values():
        yield from combinations(sorted(zones), 2)


def _ms(microseconds: float) -> str:
    return f"{microseconds / 1000:.2f} ms"
