"""The pairs of sites that a link of their clouds joins beside the overlay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from trunkline.clouds.facts import CloudFacts, Interconnect, interconnect_of
from trunkline.documents.findings import KeyPath, Level, Problem, show_path
from trunkline.topology.checks.backbone import KIND, NETWORKS, joins
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.checks.routing import no_such_site

PAIRS = ("backbone", "pairs")


@frozen
class DraftPair:
    """A pair whose two sites are known, and stand in different clouds of others' machines."""

    path: KeyPath
    first: str
    second: str
    existing: bool

    @property
    def sites(self) -> tuple[str, str]:
        return self.first, self.second


def pairs_name_sites(draft: PartialTopology) -> Iterator[Problem]:
    for path, said in _said(draft):
        for number, site in enumerate(said):
            if site not in draft.sites:
                yield no_such_site(draft, (*path, "sites", number), site)
        if len(said) == 2 and len(clouds := {_cloud(draft, site) for site in said}) == 1:
            facts = draft.facts.get(said[0])
            if facts and None not in clouds:
                message = f"both sites are in {facts.title}, and a link joins two clouds"
                yield Problem((*path, "sites"), message, "name sites in two clouds", at_key=True)


def kind_takes_links(draft: PartialTopology) -> Iterator[Problem]:
    from trunkline.backbone import DRIVERS  # only those need it that have pairs

    driver = DRIVERS.get(draft.get(*KIND))
    if not draft.get(*PAIRS) or not joins(draft) or driver is None:
        return
    declaration = driver.declaration
    if not declaration.links:
        takes = ", ".join(name for name, each in DRIVERS.items() if each.declaration.links)
        message = f"{declaration.title} takes no links between clouds"
        yield Problem(PAIRS, message, f"delete them, or choose the kind {takes}", at_key=True)
    if draft.get(*NETWORKS) is True:
        message = (
            "a link between clouds and whole networks over the overlay exclude one another: what "
            "is for the other site would take one way alone"
        )
        yield Problem(PAIRS, message, f"delete them, or {show_path(NETWORKS)}", at_key=True)


def clouds_sell_the_link(draft: PartialTopology) -> Iterator[Problem]:
    for pair in _pairs(draft):
        first, second = (draft.facts[site].title for site in pair.sites)
        link = _link(draft, pair)
        path = (*pair.path, "sites")
        if link is None:
            message = f"{first} and {second} sell no link to one another"
            yield Problem(
                path, message, "delete the pair: the overlay joins its sites", at_key=True
            )
            continue
        if not link.resources and not pair.existing:
            message = f"no stack makes the link between {first} and {second}, which is a preview"
            remedy = "make it yourself (docs/guides/backbone.md), and write existing: true"
            yield Problem(pair.path, message, remedy, at_key=True)
        yield from _regions_fit(draft, pair, link)


def _regions_fit(draft: PartialTopology, pair: DraftPair, link: Interconnect) -> Iterator[Problem]:
    """Clouds add regions, so that a link which is there already may be one that we do not know."""
    offers, other = _offering_first(draft, pair)
    regions = [draft.text("sites", site, "region") for site in (offers, other)]
    if all(regions) and link.regions.get(regions[0]) != regions[1]:
        known = ", ".join(f"{there} with {here}" for here, there in link.regions.items())
        message = f"no link leads from {regions[1]} to {regions[0]}"
        remedy = f"choose from: {known} ({link.source}, {link.date})"
        level: Level = "warning" if pair.existing else "error"
        yield Problem((*pair.path, "sites"), message, remedy, level, at_key=True)


def made_links_fit(draft: PartialTopology) -> Iterator[Problem]:
    """What a link takes that a stack makes, and what is not known of it."""
    used: dict[str, str] = {}
    for pair in _pairs(draft):
        link = _link(draft, pair)
        if pair.existing or link is None or not link.resources:
            continue
        for site in pair.sites:
            yield from _network_is_known(draft, site)
            if (before := used.setdefault(site, show_path(pair.path))) != show_path(pair.path):
                message = f"the network of {site} has one way to links, which {before} takes"
                remedy = "delete one of them, or make the second yourself and write existing: true"
                yield Problem((*pair.path, "sites"), message, remedy, at_key=True)
        message = "the resources of this link were never run against the clouds"
        remedy = "read its plan before you apply it (docs/guides/backbone.md)"
        yield Problem(pair.path, message, remedy, "warning", at_key=True)


def _network_is_known(draft: PartialTopology, site: str) -> Iterator[Problem]:
    existing = ("sites", site, "network", "existing")
    if not draft.is_existing(site):
        return
    if draft.network(site) is None:
        message = "a link needs the range of this network"
        yield Problem(existing, message, "write it beside existing, as cidr", at_key=True)
    if draft.facts[site].names_route_tables and not draft.mapping(*existing, "route_tables"):
        message = "a link adds routes to this network's route tables"
        yield Problem(existing, message, "name them in route_tables", at_key=True)


def pairs_are_named_once(draft: PartialTopology) -> Iterator[Problem]:
    seen: dict[str, KeyPath] = {}
    for pair in _pairs(draft):
        first = seen.setdefault("-".join(sorted(pair.sites)), pair.path)
        if first != pair.path:
            message = f"these sites are a pair already, at {draft.where(first)}"
            yield Problem((*pair.path, "sites"), message, "delete one of them", at_key=True)


def _said(draft: PartialTopology) -> Iterator[tuple[KeyPath, list[str]]]:
    """The path of each pair, and the names that stand in it."""
    if not joins(draft) or "local" in draft.data:
        return
    pairs: list[Any] = draft.get(*PAIRS) or []
    for number, pair in enumerate(pairs):
        named = (pair or {}).get("sites") or ()
        yield (*PAIRS, number), [site for site in named if isinstance(site, str)]


def _pairs(draft: PartialTopology) -> Iterator[DraftPair]:
    for path, said in _said(draft):
        clouds = {_cloud(draft, site) for site in said} - {None}
        if len(said) == len(clouds) == 2:
            existing = draft.get(*PAIRS)[path[-1]].get("existing") is True
            yield DraftPair(path, said[0], said[1], existing)


def _cloud(draft: PartialTopology, site: str) -> str | None:
    return draft.text("sites", site, "cloud") if site in draft.facts else None


def _link(draft: PartialTopology, pair: DraftPair) -> Interconnect | None:
    first, second = (draft.text("sites", site, "cloud") for site in pair.sites)
    return interconnect_of(first, second)


def _offering_first(draft: PartialTopology, pair: DraftPair) -> tuple[str, str]:
    """The site whose cloud has the link among its facts, and the other one."""
    facts: CloudFacts = draft.facts[pair.first]
    offers = draft.text("sites", pair.second, "cloud") in facts.interconnects
    return pair.sites if offers else (pair.second, pair.first)


CHECKS = (
    pairs_name_sites,
    kind_takes_links,
    clouds_sell_the_link,
    made_links_fit,
    pairs_are_named_once,
)
