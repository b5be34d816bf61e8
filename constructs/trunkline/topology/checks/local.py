"""Sites on this machine: what stands before them, their addresses, the distances they emulate."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.documents.explain import nearest
from trunkline.documents.findings import KeyPath, Problem, shown
from trunkline.model import zone_name
from trunkline.topology.checks.partial import PartialTopology

LATENCY: KeyPath = ("local", "latency_ms")


def ingress_and_sites_are_in_one_place(draft: PartialTopology) -> Iterator[Problem]:
    local_ingress = "local" in draft.data
    if local_ingress == ("cloudflare" in draft.data):
        return  # Neither or both, which is a mistake of its own.
    for name, site in draft.sites.items():
        path = ("sites", name, "cloud")
        if local_ingress and site.get("cloud") and not draft.is_on_loopback(name):
            message = "this machine cannot stand before a site in a cloud"
            yield Problem(path, message, "write cloud: local, or cloudflare in place of local")
        elif not local_ingress and draft.is_on_loopback(name):
            message = "Cloudflare cannot reach a site on this machine"
            yield Problem(path, message, "write local in place of cloudflare, or another cloud")


def local_edges_are_not_public(draft: PartialTopology) -> Iterator[Problem]:
    if "local" in draft.data and draft.text("edge", "exposure") == "public":
        message = "a public edge asks for Cloudflare's certificate, and Cloudflare is not here"
        yield Problem(("edge", "exposure"), message, "delete it")


def local_zones_have_addresses(draft: PartialTopology) -> Iterator[Problem]:
    for name in filter(draft.is_on_loopback, draft.sites):
        first: dict[str, str] = {}
        for path, zone in draft.texts("sites", name, "zones"):
            other = first.setdefault(_index(zone), zone)
            if other != zone:
                message = f"{zone} would have the address of {other}"
                yield Problem(path, message, "end its name with another letter or digit")


def _index(zone: str) -> str:
    """Letters and digits count alike: 1 is a, 2 is b."""
    return zone[-1].translate(str.maketrans("123456789", "abcdefghi"))


def latency_names_zones(draft: PartialTopology) -> Iterator[Problem]:
    known = {zone_name(site, zone) for site in draft.sites for _, zone in draft.zones(site)}
    complete = all(draft.get("sites", site, "zones") for site in draft.sites)
    for zone in draft.mapping(*map(str, LATENCY)) if known and complete else ():
        if zone not in known and "/" in zone:
            match = nearest(zone, sorted(known))
            remedy = f"did you mean {match}?" if match else "write a site and one of its zones"
            message = f"there is no zone {shown(zone)}"
            yield Problem((*LATENCY, zone), message, remedy, at_key=True)


def latency_is_a_triangle(draft: PartialTopology) -> Iterator[Problem]:
    for above, (zone, row) in enumerate(draft.mapping(*map(str, LATENCY)).items()):
        if isinstance(row, list) and len(row) != above:
            message = f"rows above this one: {above}, figures in it: {len(row)}"
            yield Problem((*LATENCY, zone), message, "write one for each row above", at_key=True)


def local_state_is_local(draft: PartialTopology) -> Iterator[Problem]:
    """A run elsewhere would start the site's processes there, and not find those of here."""
    if not any(map(draft.is_on_loopback, draft.sites)):
        return
    for backend, options in draft.mapping("state").items():
        if backend != "local" and options is not None:
            message = (
                "the processes of local sites run here, and this state may be applied elsewhere"
            )
            remedy = "delete state: it lies beside the output then"
            yield Problem(("state", backend), message, remedy, at_key=True)


CHECKS = (
    ingress_and_sites_are_in_one_place,
    local_edges_are_not_public,
    local_zones_have_addresses,
    latency_names_zones,
    latency_is_a_triangle,
    local_state_is_local,
)
