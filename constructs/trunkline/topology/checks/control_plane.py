"""Edges that take what they serve from an xDS server."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.documents.findings import KeyPath, Problem
from trunkline.topology.authorities import faults
from trunkline.topology.checks.hosts import Target, reachable, split_url, trusted
from trunkline.topology.checks.partial import PartialTopology

PATH = ("edge", "control_plane")
# What an edge does with requests, which the server then says.
OF_SITES = ("upstream", "upstreams")
OF_ROUTES = (
    *("upstream", "rewrite", "timeout_seconds", "rate_limit", "max_body_bytes"),
    *("request_headers", "response_headers", "management"),
)


def control_plane_can_be_reached(draft: PartialTopology) -> Iterator[Problem]:
    if not (address := draft.text(*PATH, "xds")):
        return
    target = Target(path=(*PATH, "xds"), url=split_url(address), what="control plane")
    yield from reachable(target, draft)
    if "ca" not in draft.mapping(*PATH):
        name = draft.text(*PATH, "server_name") or target.url.hostname or ""
        yield from trusted(target, name)


def authority_of_the_control_plane_can_be_used(draft: PartialTopology) -> Iterator[Problem]:
    if text := draft.text(*PATH, "ca"):
        yield from faults((*PATH, "ca"), text)


def control_plane_says_what_edges_do(draft: PartialTopology) -> Iterator[Problem]:
    if not draft.mapping(*PATH):
        return
    for path in _without_effect(draft):
        message = "the control plane says what edges do with requests, so this has no effect"
        yield Problem(path, message, "have the control plane do it, and delete this", at_key=True)


def _without_effect(draft: PartialTopology) -> Iterator[KeyPath]:
    if "http" in draft.mapping("edge"):
        yield ("edge", "http")
    for site, values in draft.sites.items():
        yield from (("sites", site, key) for key in OF_SITES if key in values)
    for prefix, route in draft.routes.items():
        yield from (("routing", "routes", prefix, key) for key in OF_ROUTES if route.get(key))


def control_plane_gets_to_tunnels_alone(draft: PartialTopology) -> Iterator[Problem]:
    if not draft.mapping(*PATH):
        return
    if "local" in draft.data:
        message = "an edge on this machine has its configuration in a file"
        yield Problem(PATH, message, "delete it", at_key=True)
    elif draft.get("edge", "exposure") == "public":
        message = "a public edge makes a certificate for the listener that trunkline gives it"
        remedy = "use edge.exposure tunnel, or delete control_plane"
        yield Problem(PATH, message, remedy, at_key=True)


CHECKS = (
    control_plane_can_be_reached,
    authority_of_the_control_plane_can_be_used,
    control_plane_says_what_edges_do,
    control_plane_gets_to_tunnels_alone,
)
