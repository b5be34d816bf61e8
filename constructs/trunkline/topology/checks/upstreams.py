"""The services behind the edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult

from trunkline.documents.explain import nearest
from trunkline.documents.findings import KeyPath, Problem
from trunkline.model import DEFAULT_PRIORITY
from trunkline.topology.authorities import faults
from trunkline.topology.checks.hosts import (
    Target,
    address_of,
    is_private,
    reachable,
    split_url,
    trusted,
)
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.checks.routing import sites_of


def upstreams_can_be_reached(draft: PartialTopology) -> Iterator[Problem]:
    for path, url in _upstreams(draft):
        here = draft.is_on_loopback(str(path[1]))
        yield from reachable(Target(path=path, url=url, here=here), draft)


def _upstreams(draft: PartialTopology) -> Iterator[tuple[KeyPath, SplitResult]]:
    """The path and the URL of every server; the second step of the path is its site."""
    for path, upstream in _services(draft):
        yield from _urls(path, upstream)


def _urls(path: KeyPath, upstream: Any) -> Iterator[tuple[KeyPath, SplitResult]]:
    """The path and the URL of each server of the upstream at `path`."""
    if isinstance(upstream, str):
        yield path, split_url(upstream)
    for index, server in enumerate(_servers(upstream)):
        if isinstance(url := server.get("url"), str):
            yield (*path, "servers", index, "url"), split_url(url)


def _services(draft: PartialTopology) -> Iterator[tuple[KeyPath, Any]]:
    """The path and the value of every upstream, a URL or a mapping."""
    for site in draft.sites:
        if upstream := draft.get("sites", site, "upstream"):
            yield ("sites", site, "upstream"), upstream
        for name, upstream in draft.mapping("sites", site, "upstreams").items():
            yield ("sites", site, "upstreams", name), upstream


def _mappings(draft: PartialTopology) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    for path, upstream in _services(draft):
        if isinstance(upstream, Mapping):
            yield path, upstream


def _servers(upstream: Any) -> list[Mapping[str, Any]]:
    """The servers of a mapping; those that were refused are empty, so that places stay."""
    servers = upstream.get("servers") if isinstance(upstream, Mapping) else None
    return [each if isinstance(each, Mapping) else {} for each in servers or ()]


def upstreams_are_in_reach(draft: PartialTopology) -> Iterator[Problem]:
    """Private addresses that no route leads to, as far as the topology says."""
    for path, url in _upstreams(draft):
        site, address = str(path[1]), address_of(url.hostname or "")
        own = draft.network(site)
        if draft.is_on_loopback(site) or not is_private(address):
            continue
        if own is not None and address in own:
            if not draft.is_existing(site):
                message = f"{own} is made with the edge, so that nothing stands at {address} yet"
                remedy = "name your service's network as network.existing, or put the service here"
                yield Problem(path, message, remedy, "warning")
        elif other := _site_around(draft, address, site):
            message = f"{address} is in the network of {other}, and nothing joins it to this site's"
            remedy = f"name the service at {other}, or an address that this site reaches"
            yield Problem(path, message, remedy, "warning")
        elif own is not None:
            message = f"{address} is outside of the site's network {own}"
            remedy = "correct it, unless you have joined the two networks yourself"
            yield Problem(path, message, remedy, "warning")


def _site_around(draft: PartialTopology, address: Any, site: str) -> str | None:
    """The first other site whose network holds the address."""
    others = (other for other in draft.sites if other != site and not draft.is_on_loopback(other))
    return next((o for o in others if (net := draft.network(o)) and address in net), None)


def private_https_is_trusted(draft: PartialTopology) -> Iterator[Problem]:
    """The names that certificates must have, where the public authorities are to sign for them."""
    for path, upstream in _services(draft):
        options = upstream if isinstance(upstream, Mapping) else {}
        if "ca" in options:
            continue
        for place, url in _urls(path, upstream):
            name = options.get("server_name") or url.hostname or ""
            yield from trusted(Target(path=place, url=url), name)


def servers_speak_alike(draft: PartialTopology) -> Iterator[Problem]:
    for path, upstream in _mappings(draft):
        urls = [str(server.get("url") or "") for server in _servers(upstream)]
        schemes = {url.partition(":")[0] for url in urls if url}
        if len(schemes) > 1:
            message = "some of the servers speak https and others http"
            remedy = "use one for all, or make two upstreams of them"
            yield Problem((*path, "servers"), message, remedy, at_key=True)
        elif schemes == {"http"}:
            for key in {"ca", "server_name"} & upstream.keys():
                message = "the servers speak http, which shows no certificate"
                yield Problem((*path, key), message, "use https, or delete it", at_key=True)


def servers_stand_once(draft: PartialTopology) -> Iterator[Problem]:
    for path, upstream in _mappings(draft):
        seen: set[str] = set()
        for index, server in enumerate(_servers(upstream)):
            url = str(server.get("url") or index).rstrip("/")
            if url in seen:
                place = (*path, "servers", index, "url")
                yield Problem(place, f"{url} stands in the list twice", "give it more weight")
            seen.add(url)


def priorities_have_no_gap(draft: PartialTopology) -> Iterator[Problem]:
    """Envoy takes none: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/endpoint/v3/endpoint_components.proto"""
    for path, upstream in _mappings(draft):
        servers = _servers(upstream)
        given = {server.get("priority", DEFAULT_PRIORITY) for server in servers}
        for index, server in enumerate(servers):
            priority = server.get("priority", DEFAULT_PRIORITY)
            if priority and priority - 1 not in given:
                message = f"no server has the priority {priority - 1:g}"
                place = (*path, "servers", index, "priority")
                yield Problem(place, message, "count from 0 without a gap")


def authorities_can_be_used(draft: PartialTopology) -> Iterator[Problem]:
    for path, upstream in _mappings(draft):
        if isinstance(text := upstream.get("ca"), str):
            yield from faults((*path, "ca"), text)


def routes_name_upstreams(draft: PartialTopology) -> Iterator[Problem]:
    """Every site of a route needs the upstream that it names."""
    for prefix in draft.routes:
        name = draft.text("routing", "routes", prefix, "upstream")
        if not name:
            continue
        path = ("routing", "routes", prefix, "upstream")
        for _, site in sites_of(draft, prefix):
            known = draft.mapping("sites", site, "upstreams")
            if site in draft.sites and name not in known:
                match = nearest(name, known)
                remedy = f"did you mean {match}?" if match else f"add sites.{site}.upstreams.{name}"
                yield Problem(path, f"the site {site} has no upstream {name}", remedy)


def upstreams_are_used(draft: PartialTopology) -> Iterator[Problem]:
    named = {draft.text("routing", "routes", prefix, "upstream") for prefix in draft.routes} - {""}
    places = [path for path, _ in _services(draft) if path[2] == "upstreams"]
    if not draft.routes or not named <= {path[-1] for path in places}:
        return  # A misspelled route may have meant one.
    for path in places:
        if path[-1] not in named:
            message = f"no route names the upstream {path[-1]}"
            remedy = f"write upstream: {path[-1]} at a route, or delete it"
            yield Problem(path, message, remedy, "warning", at_key=True)


CHECKS = (
    upstreams_can_be_reached,
    upstreams_are_in_reach,
    private_https_is_trusted,
    servers_speak_alike,
    servers_stand_once,
    priorities_have_no_gap,
    authorities_can_be_used,
    routes_name_upstreams,
    upstreams_are_used,
)
