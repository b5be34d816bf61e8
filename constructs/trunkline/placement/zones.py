"""Which zones of different accounts are the same place: from the cloud, and from latency.

Where the cloud tells (AWS AZ IDs, Azure's physical zones) its word counts. Latency finds, or
contradicts, by four conditions, all of them needed to call two zones the same:

1. Both directions were measured, with at least 20 answers each, and both p50 and p90 are under the
   threshold: consistently near.
2. Each is the other's nearest zone in the other's account, and every rival was measured and is
   farther away by at least four standard errors of the difference.
3. Even four standard errors above what was measured they are nearer than different zones of one
   region ever are (`apart`). Without this a zone whose counterpart is missing would be taken for
   its neighbour.
4. No zone is the same as two zones of one account, over any chain of accounts.

Zones that are under the threshold and fail another condition are unsure, and are called so.
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
    """What latency says of two zones of different accounts, and why."""

    zones: tuple[Zone, Zone]
    verdict: Verdict
    reason: str
    distance: Distance


@frozen
class Identification:
    """What is known about every zone.

    `physical` holds the cloud's word, `matches` what latency says of zones that are under the
    threshold apart, `disagreements` where the two contradict each other, in words.
    """

    zones: tuple[Zone, ...]
    physical: Mapping[Zone, str]
    matches: tuple[Match, ...]
    disagreements: tuple[str, ...]

    def same(self, zone: Zone) -> list[Match]:
        """The zones of other accounts that latency finds to be the same place."""
        return [m for m in self.matches if zone in m.zones and m.verdict == "same"]

    def unsure(self, zone: Zone) -> list[Match]:
        """Those that may be, or may not."""
        return [m for m in self.matches if zone in m.zones and m.verdict == "unsure"]

    def place(self, zone: Zone) -> str | None:
        """The physical zone: the cloud's word, else that of a zone that is the same place."""
        if zone in self.physical:
            return self.physical[zone]
        others = [_other(match, zone) for match in self.same(zone)]
        known = {self.physical[other] for other in others if other in self.physical}
        return known.pop() if len(known) == 1 else None


def identify(
    files: Sequence[Measurements],
    physical: Mapping[Zone, str] | None = None,
    threshold_ms: float = THRESHOLD_MS,
    apart_ms: float = APART_MS,
) -> Identification:
    """Find the zones of different accounts that are the same place.

    `physical` adds to what the files say about physical zones.
    """
    told = _told(files, physical or {})
    names = {each.identity for file in files for each in file.zones}
    view = _View(distances(files), threshold_ms * 1000, apart_ms * 1000)
    groups: dict[tuple[str, str], dict[str, list[Zone]]] = defaultdict(lambda: defaultdict(list))
    for zone in sorted(names):
        groups[zone.cloud, zone.region][zone.owner].append(zone)
    matches = [
        match
        for accounts in groups.values()
        for left, right in combinations(accounts.values(), 2)
        for match in view.matches(left, right)
    ]
    matches = list(_without_contradictions(matches))
    return Identification(
        tuple(sorted(names)), told, tuple(matches), tuple(_disagreements(told, matches, view))
    )


@frozen
class _View:
    """The distances, and what is judged by them; limits in microseconds."""

    distances: Mapping[frozenset[Zone], Distance]
    threshold: float
    apart: float

    def matches(self, left: Sequence[Zone], right: Sequence[Zone]) -> Iterator[Match]:
        """The pairs of zones of two accounts that are each other's nearest, or nearly so."""
        for here in left:
            for there in right:
                distance = self.distance(here, there)
                if not distance or distance.typical >= self.threshold:
                    continue
                rivals = [(here, other) for other in right if other != there]
                rivals += [(there, other) for other in left if other != here]
                verdict, reason = self._judge(distance, rivals)
                if verdict != "different":
                    yield Match((here, there), verdict, reason, distance)

    def distance(self, here: Zone, there: Zone) -> Distance | None:
        """What was measured between two zones, if anything."""
        return self.distances.get(frozenset((here, there)))

    def _judge(self, near: Distance, rivals: Sequence[tuple[Zone, Zone]]) -> tuple[Verdict, str]:
        """The verdict on two zones that are under the threshold apart, and the reason."""
        for one, other in rivals:
            if _gap(near, self.distance(one, other)) <= -ERRORS:
                return "different", f"{one} is nearer to {other}"
        doubt = self._doubt(near) or next(filter(None, map(self._rivalry(near), rivals)), None)
        if doubt:
            return "unsure", doubt
        known = [self.distance(one, other) for one, other in rivals]
        farther = min((rival.typical - near.typical for rival in known if rival), default=None)
        text = "" if farther is None else f", any other zone {_ms(farther)} farther"
        return "same", f"{_ms(near.typical)} apart{text}"

    def _doubt(self, near: Distance) -> str | None:
        """What speaks against one place without looking at others: conditions 1 and 3."""
        highest = near.typical + ERRORS * near.error
        if not near.is_enough:
            return f"it takes both directions and {FEWEST_ANSWERS} answers in each"
        if near.highest_p90 >= self.threshold:
            return f"p90 is {_ms(near.highest_p90)}: not consistently near"
        if highest >= self.apart:
            return f"up to {_ms(highest)}: different zones can be as near as {_ms(self.apart)}"
        return None

    def _rivalry(self, near: Distance) -> Callable[[tuple[Zone, Zone]], str | None]:
        """Condition 2: what leaves a doubt about one rival, if anything."""

        def doubt(rival: tuple[Zone, Zone]) -> str | None:
            (one, other), distance = rival, self.distance(*rival)
            if distance is None or not distance.is_enough:
                return f"{one} and {other} are not measured well enough to compare"
            if _gap(near, distance) < ERRORS:
                return f"{one} is as near to {other}, {_ms(distance.typical)}"
            return None

        return doubt


def _gap(near: Distance, rival: Distance | None) -> float:
    """How many standard errors a rival is farther away; 0 where it is not measured well enough."""
    if rival is None or not (near.is_enough and rival.is_enough):
        return 0.0
    error, gap = math.hypot(near.error, rival.error), rival.typical - near.typical
    return gap / error if error else math.copysign(math.inf, gap) if gap else 0.0


def _told(files: Iterable[Measurements], physical: Mapping[Zone, str]) -> dict[Zone, str]:
    told = {
        each.identity: each.physical_zone
        for file in files
        for each in file.zones
        if each.physical_zone
    }
    return {**told, **physical}


def _other(match: Match, zone: Zone) -> Zone:
    return match.zones[1] if match.zones[0] == zone else match.zones[0]


def _without_contradictions(matches: Sequence[Match]) -> Iterator[Match]:
    """Make unsure what, over a chain of accounts, is the same as two zones of one account."""
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
    """A representative for each zone, the same one for zones that pairs join."""
    first: dict[Zone, Zone] = {}

    def find(zone: Zone) -> Zone:
        while first.setdefault(zone, zone) != zone:
            zone = first[zone]
        return zone

    for here, there in pairs:
        first[find(here)] = find(there)
    return {zone: find(zone) for zone in list(first)}


def _disagreements(
    told: Mapping[Zone, str], matches: Iterable[Match], view: _View
) -> Iterator[str]:
    """Where the cloud and the latency contradict each other."""
    same = [match for match in matches if match.verdict == "same"]
    for match in same:
        here, there = match.zones
        if here in told and there in told and told[here] != told[there]:
            yield (
                f"{here} is {told[here]} and {there} is {told[there]}, says the cloud; by latency "
                f"they are one place ({match.reason})"
            )
    found = {(zone, _other(match, zone).owner): match for match in same for zone in match.zones}
    for here, there in _told_the_same(told):
        text = f"{here} and {there} are both {told[here]}, says the cloud; by latency"
        other = found.get((here, there.owner))
        distance = view.distance(here, there)
        if other and there not in other.zones:
            yield f"{text} {here} is {_other(other, here)} ({other.reason})"
        elif distance and distance.is_enough and distance.typical >= view.threshold:
            yield f"{text} they are {_ms(distance.typical)} apart"


def _told_the_same(told: Mapping[Zone, str]) -> Iterator[tuple[Zone, Zone]]:
    """The zones of different accounts that the cloud calls one place, each two once."""
    places: dict[tuple[str, str, str], list[Zone]] = defaultdict(list)
    for zone, physical in told.items():
        places[zone.cloud, zone.region, physical].append(zone)
    for zones in places.values():
        yield from combinations(sorted(zones), 2)


def _ms(microseconds: float) -> str:
    return f"{microseconds / 1000:.2f} ms"
