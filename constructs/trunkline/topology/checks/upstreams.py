"""The services behind the edges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from trunkline.clouds.facts import CLOUDS, facts_of
from trunkline.documents.findings import KeyPath, Problem
from trunkline.topology.checks.networks import PRIVATE
from trunkline.topology.checks.partial import PartialTopology

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMBERS = re.compile(r"[0-9.]+\Z")
_PRIVATE_SUFFIXES = (".internal", ".local", ".lan", ".corp", ".home", ".private", ".intranet")


def upstreams_can_be_reached(draft: PartialTopology) -> Iterator[Problem]:
    for path, url in _upstreams(draft):
        host = url.hostname or ""
        if not _port_is_valid(url):
            yield Problem(path, "the port is out of range", "use 1 to 65535")
        if not _host_is_valid(host):
            yield Problem(path, f"{host} is neither a hostname nor an IP address", "correct it")
        elif host in draft.origins().values() or host == draft.hostname():
            message = f"{host} leads back to the edges, round and round"
            yield Problem(path, message, "name the service itself")
        elif not (draft.is_on_loopback(str(path[1])) and _is_this_machine(host)):
            yield from _about_host(path, url, draft.text("domain"))


def _upstreams(draft: PartialTopology) -> Iterator[tuple[KeyPath, SplitResult]]:
    for site in draft.sites:
        if upstream := draft.text("sites", site, "upstream"):
            path = ("sites", site, "upstream")
            try:
                yield path, urlsplit(upstream)
            except ValueError:  # Brackets around something that is not an IPv6 address.
                yield path, urlsplit("http://[::]")


def _about_host(path: KeyPath, url: SplitResult, domain: str) -> Iterator[Problem]:
    host = url.hostname or ""
    address = _address(host)
    if host in _metadata_hosts() or (address and address.is_link_local):
        message = f"{host} is the cloud's metadata service: it hands out the machine's credentials"
        yield Problem(path, message, "name the service itself")
    elif address and (address.is_unspecified or address.is_multicast):
        yield Problem(path, f"{host} is no address of a service", "name the service itself")
    elif isinstance(address, IPv6Address):
        message = f"{host} is an IPv6 address, and the machines have IPv4 addresses only"
        yield Problem(path, message, "write the service's IPv4 address, or a name that has one")
    elif _is_this_machine(host):
        message = f"{host} is the edge's own machine, where nothing else runs"
        yield Problem(path, message, "name the service itself", "warning")
    elif address is None and "." not in host:
        message = f"{host} is one label, which no DNS outside of its own machine knows"
        yield Problem(
            path, message, "write the whole name, like api.internal, or an address", "warning"
        )
    elif url.scheme == "http" and _may_be_public(host, domain):
        message = f"plain http to {host} may cross the Internet unencrypted"
        yield Problem(path, message, "use https, or a private address", "warning")


def upstreams_are_in_reach(draft: PartialTopology) -> Iterator[Problem]:
    """Private addresses that no route leads to, as far as the topology says."""
    for path, url in _upstreams(draft):
        site, address = str(path[1]), _address(url.hostname or "")
        own = draft.network(site)
        if draft.is_on_loopback(site) or not _is_private(address):
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
    for path, url in _upstreams(draft):
        host = url.hostname or ""
        if url.scheme == "https" and (_is_private(_address(host)) or _has_private_name(host)):
            message = f"the edge trusts public certificate authorities, and none signs for {host}"
            remedy = "use http inside of your network, or a public name and its certificate"
            yield Problem(path, message, remedy, "warning")


def _is_private(address: IPv4Address | IPv6Address | None) -> bool:
    return isinstance(address, IPv4Address) and any(address in block for block in PRIVATE)


@cache
def _metadata_hosts() -> frozenset[str]:
    """Those of every cloud: an upstream may be in another one than the edge."""
    return frozenset(host for cloud in CLOUDS for host in facts_of(cloud).metadata_hosts)


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or bool(address and address.is_loopback)


def _may_be_public(host: str, domain: str) -> bool:
    if address := _address(host):
        return address.is_global
    private = _has_private_name(host) or host.startswith("internal-")
    return "." in host and not private and not f".{host}".endswith(f".{domain}")


def _has_private_name(host: str) -> bool:
    return host.endswith(_PRIVATE_SUFFIXES)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host_is_valid(host: str) -> bool:
    if ":" in host or _NUMBERS.match(host):
        return _address(host) is not None
    return len(host) <= 253 and all(map(_LABEL.match, host.removesuffix(".").split(".")))


def _port_is_valid(url: SplitResult) -> bool:
    try:
        return url.port != 0
    except ValueError:
        return False


CHECKS = (
    upstreams_can_be_reached,
    upstreams_are_in_reach,
    private_https_is_trusted,
)
