"""Regions, zones, accounts and machines of the sites."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.documents.explain import nearest
from trunkline.documents.findings import Problem
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.checks.regions import AZURE_WITHOUT_ZONES, REGIONS, aws_partition

AZURE_ZONES = ("1", "2", "3")
_MACHINES = {
    "aws": (re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+\Z"), "t4g.small"),
    "google": (re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+\Z"), "e2-small"),
    "azure": (re.compile(r"(Standard|Basic)_[A-Za-z0-9_-]+\Z"), "Standard_B2pls_v2"),
}


def regions_are_known(draft: PartialTopology) -> Iterator[Problem]:
    for name, site in draft.sites.items():
        cloud, region = site.get("cloud"), site.get("region")
        known = REGIONS.get(str(cloud), frozenset())
        if known and region and region not in known:
            match = nearest(region, sorted(known))
            remedy = f"did you mean {match}?" if match else "check the spelling"
            message = f"{region} is no region of {cloud} that trunkline knows"
            yield Problem(("sites", name, "region"), message, remedy, "warning")


def zones_are_of_the_region(draft: PartialTopology) -> Iterator[Problem]:
    separators = {"aws": "", "google": "-"}
    for name, site in draft.sites.items():
        cloud, region = site.get("cloud"), site.get("region")
        if cloud not in separators or not region:
            continue
        start = f"{region}{separators[cloud]}"
        for path, zone in draft.zones(name):
            if zone[:-1] != start:
                message = f"the zone {zone} is not in the region {region}"
                yield Problem(path, message, f"write a zone like {start}{zone[-1]}")


def azure_zones_exist(draft: PartialTopology) -> Iterator[Problem]:
    for name, site in draft.sites.items():
        if site.get("cloud") != "azure":
            continue
        for path, zone in draft.zones(name):
            if zone not in AZURE_ZONES:
                message = f"Azure has no zone {zone}"
                yield Problem(path, message, f"choose from {', '.join(AZURE_ZONES)}")
        if (region := site.get("region")) in AZURE_WITHOUT_ZONES:
            message = f"{region} has no availability zones that trunkline knows of"
            yield Problem(("sites", name, "region"), message, "choose another region", "warning")


def zone_is_a_candidate(draft: PartialTopology) -> Iterator[Problem]:
    for name in draft.sites:
        zone = draft.text("sites", name, "zone")
        candidates = draft.get("sites", name, "zones")
        if zone and candidates and None not in candidates and zone not in candidates:
            message = f"the zone {zone} is not among the candidate zones"
            remedy = f"add it to zones, or choose from {', '.join(candidates)}"
            yield Problem(("sites", name, "zone"), message, remedy)


def role_is_of_the_account(draft: PartialTopology) -> Iterator[Problem]:
    for name, site in draft.sites.items():
        role, account = site.get("deploy_as"), site.get("account")
        if site.get("cloud") != "aws" or not role:
            continue
        path = ("sites", name, "deploy_as")
        _, partition, _, _, owner, _ = role.split(":", 5)
        if account and owner != account:
            message = f"the role is of the account {owner}, the site is in {account}"
            yield Problem(path, message, "name a role of the site's own account")
        wanted = aws_partition(site.get("region") or "")
        if site.get("region") and partition != wanted:
            message = f"the role is in the partition {partition}, the region in {wanted}"
            yield Problem(path, message, f"write arn:{wanted}:iam::…")


def machine_is_of_the_cloud(draft: PartialTopology) -> Iterator[Problem]:
    for name, site in draft.sites.items():
        machine, cloud = site.get("machine"), site.get("cloud")
        shape, example = _MACHINES.get(str(cloud), (None, ""))
        if machine and shape and not shape.match(machine):
            message = f"{machine} is not the name of a size on {cloud}"
            yield Problem(("sites", name, "machine"), message, f"write one like {example}")


CHECKS = (
    regions_are_known,
    zones_are_of_the_region,
    azure_zones_exist,
    zone_is_a_candidate,
    role_is_of_the_account,
    machine_is_of_the_cloud,
)
