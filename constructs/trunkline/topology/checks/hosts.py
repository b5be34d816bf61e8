"""Hosts that edges connect to: what is wrong with the URL of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import chain
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from trunkline.clouds.facts import CLOUDS, facts_of
from trunkline.documents.findings import KeyPath, Level, Problem
from trunkline.topology.checks.networks import PRIVATE
from trunkline.topology.checks.partial import PartialTopology

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMBERS = re.compile(r"[0-9.]+\Z")
_PRIVATE_SUFFIXES = (".internal", ".local", ".lan", ".corp", ".home", ".private", ".intranet")


def split_url(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # Brackets around something that is not an IPv6 address.
        return urlsplit("http://[::]")


@frozen(kw_only=True)
class Target:
    """The URL at `path`, where a `what` (service or collector) stands.

    `here` says that the edges are processes of this machine; `plain_http` is how bad http is where
    others may read it.
    """

    path: KeyPath
    url: SplitResult
    what: str = "service"
    here: bool = False
    plain_http: Level = "warning"


def reachable(target: Target, draft: PartialTopology) -> Iterator[Problem]:
    """Why an edge cannot or should not connect to it."""
    path, host, remedy = target.path, target.url.hostname or "", f"name the {target.what} itself"
    if not _port_is_valid(target.url):
        yield Problem(path, "the port is out of range", "use 1 to 65535")
    if not _host_is_valid(host):
        yield Problem(path, f"{host} is neither a hostname nor an IP address", "correct it")
    elif host in chain.from_iterable(draft.origins().values()) or host == draft.hostname():
        message = f"{host} leads back to the edges, round and round"
        yield Problem(path, message, remedy)
    elif not (target.here and _is_this_machine(host)):
        yield from _about_host(target, host, draft.text("domain"))


def _about_host(target: Target, host: str, domain: str) -> Iterator[Problem]:
    path, remedy = target.path, f"name the {target.what} itself"
    address = address_of(host)
    if host in _metadata_hosts() or (address and address.is_link_local):
        message = f"{host} is the cloud's metadata service: it hands out the machine's credentials"
        yield Problem(path, message, remedy)
    elif address and (address.is_unspecified or address.is_multicast):
        yield Problem(path, f"{host} is no address of a {target.what}", remedy)
    elif isinstance(address, IPv6Address):
        message = f"{host} is an IPv6 address, and the machines have IPv4 addresses only"
        yield Problem(
            path, message, f"write the {target.what}'s IPv4 address, or a name that has one"
        )
    elif _is_this_machine(host):
        message = f"{host} is the edge's own machine, where nothing else runs"
        yield Problem(path, message, remedy, "warning")
    elif address is None and "." not in host:
        message = f"{host} is one label, which no DNS outside of its own machine knows"
        yield Problem(
            path, message, "write the whole name, like api.internal, or an address", "warning"
        )
    elif target.url.scheme == "http" and _may_be_public(host, domain):
        message = f"plain http to {host} may cross the Internet unencrypted"
        yield Problem(path, message, "use https, or a private address", target.plain_http)


def trusted(target: Target, name: str) -> Iterator[Problem]:
    """What is wrong with `name` in a certificate, where the public authorities are to sign it."""
    if target.url.scheme == "https" and (is_private(address_of(name)) or _has_private_name(name)):
        message = f"the edge trusts public certificate authorities, and none signs for {name}"
        remedy = "name your own authority as ca, or use http inside of your network"
        yield Problem(target.path, message, remedy, "warning")


def is_private(address: IPv4Address | IPv6Address | None) -> bool:
    return isinstance(address, IPv4Address) and any(address in block for block in PRIVATE)


@cache
def _metadata_hosts() -> frozenset[str]:
    """Those of every cloud: an upstream may be in another one than the edge."""
    return frozenset(host for cloud in CLOUDS for host in facts_of(cloud).metadata_hosts)


def _is_this_machine(host: str) -> bool:
    address = address_of(host)
    return host == "localhost" or bool(address and address.is_loopback)


def _may_be_public(host: str, domain: str) -> bool:
    if address := address_of(host):
        return address.is_global
    private = _has_private_name(host) or host.startswith("internal-")
    return "." in host and not private and not f".{host}".endswith(f".{domain}")


def _has_private_name(host: str) -> bool:
    return host.endswith(_PRIVATE_SUFFIXES)


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host_is_valid(host: str) -> bool:
    if ":" in host or _NUMBERS.match(host):
        return address_of(host) is not None
    return len(host) <= 253 and all(map(_LABEL.match, host.removesuffix(".").split(".")))


def _port_is_valid(url: SplitResult) -> bool:
    try:
        return url.port != 0
    except ValueError:
        return False
