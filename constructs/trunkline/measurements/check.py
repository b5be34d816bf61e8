"""The mistakes of a measurement file that the schema cannot find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from trunkline.documents.findings import Problem, shown
from trunkline.model import zone_name, zone_owner

Data = Mapping[str, Any]

REPAIR = "measure again, or repair the file"

_PERFKIT_AGAIN = "run PerfKit for the rest, and import all runs again,"
_AGAIN = {"trunkline": "collect again", "published": "import more, or measure the rest,"}

_RANKS = ("min", "p50", "p90", "p99")


def check_meaning(data: Data) -> Iterator[Problem]:
    """The mistakes of data that fits the schema, then warnings about what is missing."""
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
            message = f"the zone {shown(name)} is listed again, after zones[{seen[name]}]"
            yield Problem(("zones", index), message, "keep one of them")
        seen.setdefault(name, index)


def _one_account_for_each_site(data: Data) -> Iterator[Problem]:
    first: dict[str, Data] = {}
    for index, zone in enumerate(data["zones"]):
        other = first.setdefault(zone["site"], zone)
        for key in ("cloud", "account", "region"):
            if zone[key] != other[key]:
                message = f"{shown(zone[key])} differs from {shown(other[key])} in another zone"
                remedy = f"give all zones of the site {zone['site']} one {key}"
                yield Problem(("zones", index, key), message, remedy)


def _physical_zones_once(data: Data) -> Iterator[Problem]:
    """Two zones of one account are two physical zones; two of its sites may use the same zone."""
    seen: dict[tuple[str, ...], str] = {}
    for index, zone in enumerate(data["zones"]):
        if not zone["physical_zone"]:
            continue
        owner = zone_owner(zone["site"], zone["account"])
        key = (zone["cloud"], owner, zone["region"], zone["physical_zone"])
        other = seen.setdefault(key, zone["zone"])
        if other != zone["zone"]:
            message = f"{shown(key[-1])} is already the physical zone of {shown(other)}"
            remedy = "correct one of the two: an account names no physical zone twice"
            yield Problem(("zones", index, "physical_zone"), message, remedy)


def _known_ends(data: Data) -> Iterator[Problem]:
    status = {_name(zone): zone["status"] for zone in data["zones"]}
    for index, pair in enumerate(data["pairs"]):
        for key in ("from", "to"):
            if pair[key] not in status:
                message = f"the zone {shown(pair[key])} is not in the list of zones"
                yield Problem(("pairs", index, key), message, "correct the name, or add the zone")
            elif key == "from" and status[pair[key]] == "missing":
                message = f"{shown(pair[key])} has figures, although its status is missing"
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
            message = f"the pair {text} is listed again, after pairs[{seen[ends]}]"
            yield Problem(("pairs", index), message, "keep one of them")
        seen.setdefault(ends, index)


def _figures_in_order(data: Data) -> Iterator[Problem]:
    for index, pair in enumerate(data["pairs"]):
        trip = pair["round_trip_us"]
        known = [(rank, trip[rank]) for rank in _RANKS if trip[rank] is not None]
        for (low, less), (high, more) in pairwise(known):
            if less > more:
                message = f"{low} is {less} us, more than {high}, {more} us"
                yield Problem(("pairs", index, "round_trip_us", low), message, REPAIR)


def _losses(data: Data) -> Iterator[Problem]:
    for index, pair in enumerate(data["pairs"]):
        samples, lost = pair["samples"], pair["lost"]
        if samples is not None and lost is not None and lost >= samples:
            message = f"{lost} of {samples} round trips are lost, so there can be no figures"
            yield Problem(("pairs", index, "lost"), message, "delete the entry")


def _missing_pairs(data: Data) -> Iterator[Problem]:
    """One warning for all missing pairs: place names them where they matter."""
    site_of = {_name(zone): zone["site"] for zone in data["zones"]}
    measured = {(pair["from"], pair["to"]) for pair in data["pairs"]}
    one_way = sum((there, here) not in measured for here, there in measured)
    if one_way:
        message = f"{one_way} of {len(measured)} directed pairs were measured in one direction only"
        yield Problem(("pairs",), message, "it is used for both directions", "warning", True)
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
        yield Problem(
            ("pairs",), message, "place uses the pairs that were measured", "warning", True
        )


def _complete(data: Data) -> Iterator[Problem]:
    """A warning that another collection may add pairs; a complete file has all of them.

    A complete file may lack a zone that shares no batch with another (`Topology.measurable_pairs`).
    """
    if data["complete"]:
        return
    again = _AGAIN.get(data["method"]["tool"], _PERFKIT_AGAIN)
    missing = [_name(zone) for zone in data["zones"] if zone["status"] == "missing"]
    if missing:
        text = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        message = f"{len(missing)} of {len(data['zones'])} zones are missing: {text}"
        yield Problem(("zones",), message, f"{again} when they are up", "warning", True)
    message = "the measurement is not complete"
    yield Problem(("complete",), message, f"{again} to complete it", "warning")


def _name(zone: Data) -> str:
    return zone_name(zone["site"], zone["zone"])


CHECKS: tuple[Callable[[Data], Iterator[Problem]], ...] = (
    _times,
    _zones_once,
    _one_account_for_each_site,
    _physical_zones_once,
    _known_ends,
    _pairs_once,
    _figures_in_order,
    _losses,
    _missing_pairs,
    _complete,
)
