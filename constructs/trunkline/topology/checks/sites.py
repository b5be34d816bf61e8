"""Regions, zones, accounts and machines of the sites, as the facts of their clouds have them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.clouds.facts import CloudFacts
from trunkline.documents.explain import nearest
from trunkline.documents.findings import Problem
from trunkline.topology.checks.partial import PartialTopology


def regions_are_known(draft: PartialTopology) -> Iterator[Problem]:
    for name, facts in draft.facts.items():
        region, known = draft.text("sites", name, "region"), facts.regions
        if known and region and region not in known:
            if meant := _region_of_zones(draft, name, facts):
                message = f"{region} is no region, and the zones are those of {meant}"
                yield Problem(("sites", name, "region"), message, f"did you mean {meant}?")
                continue
            match = nearest(region, sorted(known))
            remedy = f"did you mean {match}?" if match else "check the spelling"
            cloud = draft.text("sites", name, "cloud")
            message = f"{region} is not a region of {cloud} that trunkline knows"
            yield Problem(("sites", name, "region"), message, remedy, "warning")


def _region_of_zones(draft: PartialTopology, name: str, facts: CloudFacts) -> str | None:
    """The region that all zones of a site are named after, where it is one that is known."""
    end = (facts.zone_prefix or "{region}").removeprefix("{region}")
    starts = {zone[:-1] for _, zone in draft.zones(name)}
    found = {start.removesuffix(end) for start in starts if start.endswith(end)} & facts.regions
    return found.pop() if len(starts) == len(found) == 1 else None


def zones_are_of_the_region(draft: PartialTopology) -> Iterator[Problem]:
    for name, facts in draft.facts.items():
        region = draft.text("sites", name, "region")
        if not facts.zone_prefix or not region:
            continue
        if region not in facts.regions and _region_of_zones(draft, name, facts):
            continue  # The region is misspelled, not each of the zones.
        start = facts.zone_prefix.format(region=region)
        for path, zone in draft.zones(name):
            if zone[:-1] != start:
                message = f"the zone {zone} is not in the region {region}"
                yield Problem(path, message, f"write a zone like {start}{zone[-1]}")


def zones_exist(draft: PartialTopology) -> Iterator[Problem]:
    for name, facts in draft.facts.items():
        for path, zone in draft.zones(name) if facts.zones else ():
            if zone not in facts.zones:
                message = f"{facts.title} has no zone {zone}"
                yield Problem(path, message, f"choose from {', '.join(facts.zones)}")
        if (region := draft.text("sites", name, "region")) in facts.regions_without_zones:
            message = f"{region} has no availability zones that trunkline knows of"
            yield Problem(("sites", name, "region"), message, "choose another region", "warning")


def zones_are_known(draft: PartialTopology) -> Iterator[Problem]:
    for name, facts in draft.facts.items():
        region = draft.text("sites", name, "region")
        letters = facts.zone_letters.get(region, "")
        known = [f"{(facts.zone_prefix or '').format(region=region)}{each}" for each in letters]
        for path, zone in draft.zones(name) if known else ():
            if zone[:-1] == known[0][:-1] and zone not in known:
                message = f"{region} had no zone {zone} in {facts.zones_date}"
                yield Problem(path, message, f"choose from {', '.join(known)}", "warning")


def zone_is_a_candidate(draft: PartialTopology) -> Iterator[Problem]:
    for name in draft.sites:
        zone = draft.text("sites", name, "zone")
        candidates = draft.get("sites", name, "zones")
        if zone and candidates and None not in candidates and zone not in candidates:
            message = f"the zone {zone} is not among the candidate zones"
            remedy = f"add it to zones, or choose from {', '.join(candidates)}"
            yield Problem(("sites", name, "zone"), message, remedy)


def spares_are_candidates(draft: PartialTopology) -> Iterator[Problem]:
    for name in draft.sites:
        zone = draft.text("sites", name, "zone")
        candidates = draft.get("sites", name, "zones")
        known = isinstance(candidates, list) and None not in candidates
        for path, spare in draft.texts("sites", name, "spares"):
            if spare == zone:
                yield Problem(path, f"{spare} is the chosen zone itself", "delete it")
            elif known and spare not in candidates:
                message = f"the zone {spare} is not among the candidate zones"
                remedy = f"add it to zones, or choose from {', '.join(candidates)}"
                yield Problem(path, message, remedy)


def replicas_have_zones(draft: PartialTopology) -> Iterator[Problem]:
    """Each edge of a site needs a zone of its own."""
    replicas, path = draft.get("edge", "replicas") or 1, ("edge", "replicas")
    for name, site in draft.sites.items() if replicas > 1 else ():
        if draft.is_on_loopback(name):
            yield Problem(path, "a site of this machine has one edge", "delete it")
            return
        zones, spares = site.get("zones"), site.get("spares")
        there = len(spares) + 1 if isinstance(spares, list) else len(set(zones or ()))
        if zones and there < replicas:
            message = f"{replicas} edges need as many zones, and {name} has {there}"
            key = "spares" if isinstance(spares, list) else "zones"
            yield Problem(path, message, f"add {key} to {name}, or use fewer replicas")


def role_is_of_the_account(draft: PartialTopology) -> Iterator[Problem]:
    for name, facts in draft.facts.items():
        path = ("sites", name, "deploy_as")
        role = re.match(facts.role.pattern, draft.text(*path)) if facts.role else None
        if facts.role is None or role is None:
            continue
        account, region = draft.text("sites", name, "account"), draft.text("sites", name, "region")
        if account and role["account"] != account:
            message = f"the role is of the account {role['account']}, the site is in {account}"
            yield Problem(path, message, "name a role of the site's own account")
        wanted = facts.role.partition_of(region)
        if region and role["partition"] != wanted:
            message = f"the role is in the partition {role['partition']}, the region in {wanted}"
            yield Problem(path, message, f"write {facts.role.example.format(partition=wanted)}")


def machine_is_of_the_cloud(draft: PartialTopology) -> Iterator[Problem]:
    for name, facts in draft.facts.items():
        path = ("sites", name, "machine")
        machine, sizes = draft.text(*path), facts.sizes
        if machine and sizes and not re.fullmatch(sizes.pattern, machine):
            cloud = draft.text("sites", name, "cloud")
            message = f"{machine} is not the name of a size on {cloud}"
            yield Problem(path, message, f"write one like {sizes.example}")
        elif machine and sizes and not re.fullmatch(sizes.usual, machine):
            match = nearest(machine, (s for s in sizes.common if s[0] == machine[0]))
            remedy = f"did you mean {match}?" if match else "check the spelling"
            message = f"{machine} is not a size of {facts.title} that trunkline knows"
            yield Problem(path, message, remedy, "warning")


CHECKS = (
    regions_are_known,
    zones_are_of_the_region,
    zones_exist,
    zones_are_known,
    zone_is_a_candidate,
    spares_are_candidates,
    replicas_have_zones,
    role_is_of_the_account,
    machine_is_of_the_cloud,
)
