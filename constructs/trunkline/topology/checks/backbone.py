"""The backbone: an overlay of its own, edges that can join it, and keys for them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from trunkline.documents.findings import Problem
from trunkline.model import DEFAULT_OVERLAY, node_name
from trunkline.topology.checks.networks import CLOUDFLARE_MESH, PRIVATE
from trunkline.topology.checks.partial import PartialTopology

PATH = ("backbone",)
CIDR = (*PATH, "cidr")


def overlay(draft: PartialTopology) -> IPv4Network | None:
    """The range of the overlay; None without a backbone, or where the range was refused."""
    if not draft.mapping("backbone"):
        return None
    cidr = draft.get(*CIDR) if "cidr" in draft.mapping("backbone") else DEFAULT_OVERLAY
    return IPv4Network(cidr) if cidr else None


def overlay_is_apart(draft: PartialTopology) -> Iterator[Problem]:
    if (range_ := overlay(draft)) is None:
        return
    default = "" if draft.get(*CIDR) else " (the default)"
    if not any(range_.subnet_of(block) for block in PRIVATE):
        message = f"{range_} is public, and the edges would lose sight of its real owners"
        yield Problem(CIDR, message, f"use a private range, like {DEFAULT_OVERLAY}")
    elif range_.overlaps(CLOUDFLARE_MESH):
        message = f"{range_} overlaps {CLOUDFLARE_MESH}, the addresses of Cloudflare Mesh"
        yield Problem(CIDR, message, "choose another range if you may use the Mesh", "warning")
    for site in draft.sites:
        network = draft.network(site)
        if network is not None and network.overlaps(range_):
            where = draft.where(("sites", site, "network", "cidr"))
            message = f"{range_}{default} overlaps {network} of {where}"
            yield Problem(CIDR, message, "choose a range that no site has")


def overlay_has_room(draft: PartialTopology) -> Iterator[Problem]:
    if (range_ := overlay(draft)) is None:
        return
    room = range_.num_addresses - 2
    wanted = len(draft.sites) * _replicas(draft)
    if wanted > room:
        message = f"{range_} has {max(room, 0)} addresses, and there are {wanted} edges"
        yield Problem(CIDR, message, "use a larger range")


def edges_can_join(draft: PartialTopology) -> Iterator[Problem]:
    if not draft.mapping("backbone"):
        return
    if "local" in draft.data:
        message = "the sites of this machine reach one another without a backbone"
        yield Problem(PATH, message, "delete it", at_key=True)
    elif draft.mapping("edge", "control_plane"):
        message = "an edge with a control plane does not read how it joins the backbone"
        yield Problem(PATH, message, "delete it, or edge.control_plane", at_key=True)
    elif len(draft.sites) == 1:
        message = "a backbone joins sites, and there is one only"
        yield Problem(PATH, message, "add another site, or delete it", at_key=True)


def nodes_have_keys(draft: PartialTopology) -> Iterator[Problem]:
    """The keys are made after the topology, by a command that reads it: hence a warning."""
    if "local" in draft.data or not draft.mapping("backbone"):
        return
    known = draft.mapping("backbone", "nodes")
    numbers = range(1, _replicas(draft) + 1)
    names = [node_name(site, number) for site in draft.sites for number in numbers]
    if missing := [name for name in names if name not in known]:
        message = f"there are no keys yet for {', '.join(missing)}"
        yield Problem(PATH, message, "run trunkline keys", "warning", at_key=True)


def _replicas(draft: PartialTopology) -> int:
    return int(draft.get("edge", "replicas") or 1)


CHECKS = (overlay_is_apart, overlay_has_room, edges_can_join, nodes_have_keys)
