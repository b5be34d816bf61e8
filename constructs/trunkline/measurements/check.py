"""What a measurement file that fits the schema can still get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from trunkline.documents.findings import Problem, shown
from trunkline.measurements.schema import AGAIN
from trunkline.model import zone_name, zone_owner

Data = Mapping[str, Any]

_RANKS = ("min", "p50", "p90", "p99")


def check_meaning(data: Data) -> Iterator[Problem]:
    """The mistakes of data that fits the schema, then what is missing, as warnings."""
    for check in CHECKS:
        yield from check(data)


def _times(data: Data) -> Iterator[Problem]:
    if data["finished_at"] < data["started_at"]:
        message = "the measurement ends before it starts"
        yield Problem(("finished_at",), message, "correct one of the two times")


def _zones_once(data: Data) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, zone in enumerate(data["zones"]):
        name = _name(zone)
        if name in seen:
            message = f"the zone {shown(name)} stands here again, after zones[{seen[name]}]"
            yield Problem(("zones", index), message, "keep one of them")
        seen.setdefault(name, index)


def _one_home_for_each_site(data: Data) -> Iterator[Problem]:
    homes: dict[str, Data] = {}
    for index, zone in enumerate(data["zones"]):
        home = homes.setdefault(zone["site"], zone)
        for key in ("cloud", "account", "region"):
            if zone[key] != home[key]:
                message = f"{shown(zone[key])} differs from {shown(home[key])} in another zone"
                remedy = f"give all zones of the site {zone['site']} one {key}"
                yield Problem(("zones", index, key), message, remedy)


def _physical_zones_once(data: Data) -> Iterator[Problem]:
    """Two zones of one account are two places; two sites of it may name the same zone."""
    seen: dict[tuple[str, ...], str] = {}
    for index, zone in enumerate(data["zones"]):
        if not zone["physical_zone"]:
            continue
        account = zone_owner(zone["site"], zone["account"])
        place = (zone["cloud"], account, zone["region"], zone["physical_zone"])
        other = seen.setdefault(place, zone["zone"])
        if other != zone["zone"]:
            message = f"{shown(place[-1])} is the physical zone of {shown(other)} already"
            remedy = "correct one of the two: no account has two zones in one place"
            yield Problem(("zones", index, "physical_zone"), message, remedy)


def _known_ends(data: Data) -> Iterator[Problem]:
    status = {_name(zone): zone["status"] for zone in data["zones"]}
    for index, pair in enumerate(data["pairs"]):
        for key in ("from", "to"):
            if pair[key] not in status:
                message = f"the zone {shown(pair[key])} is not in the list of zones"
                yield Problem(("pairs", index, key), message, "correct the name, or add the zone")
            elif key == "from" and status[pair[key]] == "missing":
                message = f"{shown(pair[key])} gave figures, though its status is missing"
                yield Problem(("pairs", index, key), message, "make its status measured")


def _pairs_once(data: Data) -> Iterator[Problem]:
    seen: dict[tuple[str, str], int] = {}
    for index, pair in enumerate(data["pairs"]):
        ends = (pair["from"], pair["to"])
        if ends[0] == ends[1]:
            message = f"the zone {shown(ends[0])} is paired with itself"
            yield Problem(("pairs", index), message, "delete the entry")
        elif ends in seen:
            text = f"{shown(ends[0])} to {shown(ends[1])}"
            message = f"the pair {text} stands here again, after pairs[{seen[ends]}]"
            yield Problem(("pairs", index), message, "keep one of them")
        seen.setdefault(ends, index)


def _figures_in_order(data: Data) -> Iterator[Problem]:
    for index, pair in enumerate(data["pairs"]):
        trip = pair["round_trip_us"]
        known = [(rank, trip[rank]) for rank in _RANKS if trip[rank] is not None]
        for (low, less), (high, more) in pairwise(known):
            if less > more:
                message = f"{low} is {less} us and more than {high}, {more} us"
                yield Problem(("pairs", index, "round_trip_us", low), message, AGAIN)


def _losses(data: Data) -> Iterator[Problem]:
    for index, pair in enumerate(data["pairs"]):
        samples, lost = pair["samples"], pair["lost"]
        if samples is not None and lost is not None and lost >= samples:
            message = f"{lost} of {samples} round trips are lost, so there can be no figures"
            yield Problem(("pairs", index, "lost"), message, "delete the entry")


def _holes(data: Data) -> Iterator[Problem]:
    """Warnings, one for all: what is missing is shown in full where it is used."""
    site_of = {_name(zone): zone["site"] for zone in data["zones"]}
    measured = {(pair["from"], pair["to"]) for pair in data["pairs"]}
    one_way = sum((there, here) not in measured for here, there in measured)
    if one_way:
        message = f"{one_way} of {len(measured)} directed pairs have no figure for the way back"
        yield Problem(("pairs",), message, "the one direction is used for both", "warning", True)
    either = {frozenset(pair) for pair in measured}
    names = sorted(site_of)
    wanted = [
        frozenset((a, b))
        for i, a in enumerate(names)
        for b in names[i + 1 :]
        if site_of[a] != site_of[b]
    ]
    missing = sum(pair not in either for pair in wanted)
    if missing:
        message = f"{missing} of {len(wanted)} pairs of zones have no figure"
        yield Problem(("pairs",), message, "place works with what is there", "warning", True)


def _complete(data: Data) -> Iterator[Problem]:
    """What another collection may bring; a complete file says that there is nothing more.

    A complete file may lack zones of which no batch holds two (see `Topology.measurable_pairs`).
    """
    if data["complete"]:
        return
    missing = [_name(zone) for zone in data["zones"] if zone["status"] == "missing"]
    if missing:
        text = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        message = f"{len(missing)} of {len(data['zones'])} zones are missing: {text}"
        yield Problem(("zones",), message, "collect again when they are up", "warning", True)
    message = "the measurement is not complete"
    yield Problem(("complete",), message, "collect again to complete it", "warning")


def _name(zone: Data) -> str:
    return zone_name(zone["site"], zone["zone"])


CHECKS: tuple[Callable[[Data], Iterator[Problem]], ...] = (
    _times,
    _zones_once,
    _one_home_for_each_site,
    _physical_zones_once,
    _known_ends,
    _pairs_once,
    _figures_in_order,
    _losses,
    _holes,
    _complete,
)
