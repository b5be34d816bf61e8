"""The physical zones of an account's zones, in the file that `physical-zones` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

from trunkline.clouds.facts import facts_of
from trunkline.documents.findings import FindingsError, Problem, shown
from trunkline.documents.json import parse_json
from trunkline.documents.source import FileKind, UnreadableError, read_source
from trunkline.model import Site, Topology

PhysicalZones = Mapping[str, Mapping[str, str]]
"""By site and by zone: `{"aws": {"us-east-1a": "use1-az4"}}`."""

PHYSICAL_ZONES_FILE = FileKind(
    "physical zones",
    max_bytes=1024 * 1024,
    remedy='write {"site": {"zone": "physical zone"}}',
)


class PhysicalZonesError(FindingsError):
    """A file of physical zones that cannot be used; `findings` names every mistake."""


def load_physical_zones(path: str | PathLike[str], topology: Topology) -> PhysicalZones:
    """The physical zones in a JSON file for sites of `topology`; PhysicalZonesError otherwise."""
    try:
        document = parse_json(read_source(path, PHYSICAL_ZONES_FILE))
    except UnreadableError as unreadable:
        raise PhysicalZonesError(unreadable.findings) from unreadable
    problems = list(_problems(document.data, topology))
    if problems:
        raise PhysicalZonesError(document.finding(problem) for problem in problems)
    zones: PhysicalZones = document.data
    return zones


def _problems(data: Any, topology: Topology) -> Iterator[Problem]:
    sites = {site.name: site for site in topology.sites}
    if not isinstance(data, dict):
        yield Problem(
            (), f"{shown(data)} stands where a mapping by site belongs", PHYSICAL_ZONES_FILE.remedy
        )
        return
    for name, zones in data.items():
        if name not in sites:
            remedy = f"the sites are: {', '.join(sites)}"
            message = f"the topology has no site {shown(name)}"
            yield Problem((name,), message, remedy, at_key=True)
        elif not isinstance(zones, dict):
            yield Problem(
                (name,), f"{shown(zones)} stands where zones belong", PHYSICAL_ZONES_FILE.remedy
            )
        else:
            yield from _in_site(sites[name], zones)


def _in_site(site: Site, zones: Mapping[str, Any]) -> Iterator[Problem]:
    facts = facts_of(site.cloud)
    if not facts.exposes_physical_zones and zones:
        message = f"a site of cloud {site.cloud} has no physical zones"
        remedy = "delete it: the cloud does not expose them"
        yield Problem((site.name,), message, remedy, at_key=True)
        return
    seen: dict[str, str] = {}
    for zone, physical in zones.items():
        if not isinstance(physical, str) or not physical:
            message = f"{shown(physical)} is not a physical zone"
            yield Problem((site.name, zone), message, f"write {facts.physical_zone_example}")
        elif physical in seen:
            message = f"{shown(physical)} is the physical zone of {shown(seen[physical])} already"
            yield Problem((site.name, zone), message, "correct one of the two")
        else:
            seen[physical] = zone
