"""The backbone: an overlay of its own, edges that can join it, and keys for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trunkline.backbone import Driver

from trunkline.documents.findings import Problem, show_path
from trunkline.model import DEFAULT_OVERLAY, NO_BACKBONE, RENEW_DAYS, node_name
from trunkline.topology.checks.networks import CLOUDFLARE_MESH, PRIVATE, same_network
from trunkline.topology.checks.partial import PartialTopology

PATH = ("backbone",)
CIDR = (*PATH, "cidr")
KIND = (*PATH, "kind")
NETWORKS = (*PATH, "networks")
# What every IPv4 network must carry whole: https://www.rfc-editor.org/rfc/rfc791
SMALLEST_MTU = 576


def joins(draft: PartialTopology) -> bool:
    """Whether there is to be a backbone."""
    return bool(draft.mapping("backbone")) and draft.get("backbone", "kind") != NO_BACKBONE


def overlay(draft: PartialTopology) -> IPv4Network | None:
    """The range of the overlay; None without a backbone, or where the range was refused."""
    if not joins(draft):
        return None
    cidr = draft.get(*CIDR) if "cidr" in draft.mapping("backbone") else DEFAULT_OVERLAY
    return IPv4Network(cidr) if cidr else None


def none_joins_nothing(draft: PartialTopology) -> Iterator[Problem]:
    said = draft.mapping("backbone")
    if not said or joins(draft):
        return
    for name in ("cidr", "networks", "pairs"):
        if said.get(name):
            message = f"the kind {NO_BACKBONE} joins nothing"
            yield Problem((*PATH, name), message, "delete it, or choose another kind", at_key=True)


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
    if not joins(draft):
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
    if "local" in draft.data or not joins(draft):
        return
    known = draft.mapping("backbone", "nodes")
    numbers = range(1, _replicas(draft) + 1)
    names = [node_name(site, number) for site in draft.sites for number in numbers]
    driver = _driver(draft)
    made = driver is None or driver().makes_keys
    if missing := [name for name in names if not _is_known(known.get(name), made)]:
        what = "keys" if made else "addresses"
        message = f"there are no {what} yet for {', '.join(missing)}"
        yield Problem(PATH, message, "run trunkline keys", "warning", at_key=True)


def networks_can_be_routed(draft: PartialTopology) -> Iterator[Problem]:
    if draft.get(*NETWORKS) is not True or "local" in draft.data or not joins(draft):
        return
    yield from _kind_carries(draft)
    for site in draft.sites:
        if draft.is_existing(site):
            yield from _existing_is_known(draft, site)
    yield from _networks_are_apart(draft)


def _existing_is_known(draft: PartialTopology, site: str) -> Iterator[Problem]:
    existing = ("sites", site, "network", "existing")
    if not draft.get(*existing[:-1], "cidr"):
        message = f"{show_path(NETWORKS)} needs the range of this network"
        yield Problem(existing, message, "write it beside existing, as cidr", at_key=True)
    facts = draft.facts.get(site)
    if facts and facts.names_route_tables and not draft.mapping(*existing, "route_tables"):
        message = f"{show_path(NETWORKS)} adds routes to this network's route tables"
        yield Problem(existing, message, "name them in route_tables", at_key=True)


def _kind_carries(draft: PartialTopology) -> Iterator[Problem]:
    from trunkline.backbone import DRIVERS  # only those need it that route networks

    kind = draft.get("backbone", "kind")
    driver = DRIVERS.get(kind) if kind else None
    if driver is None:
        return
    if not driver.declaration.networks:
        message = f"{driver.declaration.title} carries no whole networks"
        remedy = f"choose another kind, or delete {show_path(NETWORKS)}"
        yield Problem(NETWORKS, message, remedy)
        return
    for facts in {facts.title: facts for facts in draft.facts.values()}.values():
        mtu = driver().mtu(facts.packet_bytes)
        if mtu < SMALLEST_MTU:
            message = (
                f"{facts.title} leaves {mtu} bytes for a packet, and IPv4 takes {SMALLEST_MTU}"
            )
            yield Problem(NETWORKS, message, "choose another kind")


def _networks_are_apart(draft: PartialTopology) -> Iterator[Problem]:
    """Sites may stand in one network, but then nobody knows whose edge leads to it."""
    seen: dict[IPv4Network, str] = {}
    for site in draft.sites:
        if (range_ := draft.network(site)) is None:
            continue
        if (first := seen.setdefault(range_, site)) != site and same_network(draft, site, first):
            message = f"the site stands in the network of {first}, which has one way to others"
            remedy = f"make them one site, or delete {show_path(NETWORKS)}"
            yield Problem(("sites", site, "network"), message, remedy, at_key=True)


def certificates_last(draft: PartialTopology) -> Iterator[Problem]:
    """A command that reads the topology makes new ones: hence warnings."""
    known = draft.mapping("backbone", "nodes")
    dates = [
        (date.fromisoformat(key["expires"]), name)
        for name, node in known.items()
        for key in node.get("keys", ())
        if "expires" in key
    ]
    today = datetime.now(UTC).date()
    remedy = "run trunkline keys, which makes new ones, and apply the edges"
    for end, name in dates:
        if end <= today:
            message = f"the certificate of {name} has ended, on {end}: others refuse it"
            yield Problem(PATH, message, remedy, "warning", at_key=True)
        elif end - today < timedelta(days=RENEW_DAYS):
            message = f"the certificate of {name} ends on {end}"
            yield Problem(PATH, message, remedy, "warning", at_key=True)


def certificates_name_networks(draft: PartialTopology) -> Iterator[Problem]:
    """Those that were made before whole networks were asked for, or for another range, do not."""
    if draft.get(*NETWORKS) is not True:
        return
    from trunkline.backbone.certificates import subnets  # few topologies have certificates

    known = draft.mapping("backbone", "nodes")
    for site in draft.sites:
        wanted = str(draft.network(site))
        names = [node_name(site, number) for number in range(1, _replicas(draft) + 1)]
        keys = [(name, key) for name in names for key in known.get(name, {}).get("keys", ())]
        for name in dict.fromkeys(
            name
            for name, key in keys
            if "certificate" in key and wanted not in subnets(key["certificate"])
        ):
            message = f"the certificate of {name} does not name {wanted}, which it is to carry"
            remedy = "run trunkline keys, which makes a new one"
            yield Problem(NETWORKS, message, remedy, "warning")


def settings_are_of_the_kind(draft: PartialTopology) -> Iterator[Problem]:
    """What one kind alone reads: an auth key's version, and a Zero Trust organization."""
    said, kind, driver = draft.mapping("backbone"), draft.text(*KIND), _driver(draft)
    if not kind:
        return
    takes = {
        "auth_key_version": (bool(driver and driver.credential), "auth key"),
        "team": (bool(driver and driver.has_connectors), "team"),
        "precedence": (bool(driver and driver.has_connectors), "device profile"),
    }
    for name, (taken, what) in takes.items():
        if name in said and not taken:
            message = f"the kind {kind} takes no {what}"
            yield Problem((*PATH, name), message, "delete it", at_key=True)
    if driver and driver.has_connectors and "team" not in said:
        message = f"the kind {kind} needs the name of your Zero Trust organization"
        remedy = "write it as team: the dashboard shows it in the settings of Zero Trust"
        yield Problem(PATH, message, remedy, at_key=True)


def networks_are_named(draft: PartialTopology) -> Iterator[Problem]:
    kind = draft.text(*KIND)
    if not kind:
        return
    driver = _driver(draft)
    said = "network_id" in draft.mapping("backbone")
    if driver is not None and driver.has_network_id:
        if not said:
            message = f"{driver.declaration.title} joins edges by a network of yours"
            yield Problem(KIND, message, "name it beside this, as network_id")
    elif said:
        message = f"the kind {kind} takes no ID of a network"
        yield Problem((*PATH, "network_id"), message, "delete it", at_key=True)


def edges_fit_a_plan(draft: PartialTopology) -> Iterator[Problem]:
    """A vendor may sell more than its plans say: hence a warning."""
    driver = _driver(draft)
    if driver is None or not (plans := driver.declaration.plans):
        return
    most = max(plans, key=lambda plan: plan.nodes or float("inf"))
    wanted = len(draft.sites) * _replicas(draft)
    if most.nodes is not None and wanted > most.nodes:
        title = driver.declaration.title
        message = f"{most.title} of {title} has {most.nodes} devices, and there are {wanted} edges"
        yield Problem(KIND, message, "ask there for more, or choose another kind", "warning")


def _is_known(node: Mapping[str, Any] | None, made: bool) -> bool:
    """Whether the nodes file has a node, with its keys where `trunkline keys` has made them."""
    return node is not None and bool(node.get("keys") or not made)


def _driver(draft: PartialTopology) -> type[Driver] | None:
    from trunkline.backbone import DRIVERS  # only those need it that have a backbone

    return DRIVERS.get(draft.get(*KIND))


def _replicas(draft: PartialTopology) -> int:
    return int(draft.get("edge", "replicas") or 1)


CHECKS = (
    none_joins_nothing,
    settings_are_of_the_kind,
    networks_are_named,
    edges_fit_a_plan,
    overlay_is_apart,
    overlay_has_room,
    edges_can_join,
    networks_can_be_routed,
    nodes_have_keys,
    certificates_last,
    certificates_name_networks,
)
