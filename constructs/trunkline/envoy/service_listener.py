"""Where edges listen for services: for applications of their own networks, and for other edges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Network

from attrs import frozen

from trunkline.envoy.extension import JsonObject
from trunkline.envoy.service_cluster import KEEPALIVE
from trunkline.errors import ConfigurationError
from trunkline.model import DEFAULT_HTTP, Http

BUFFER_BYTES = 64 * 2**10  # per connection and direction: there may be thousands


@frozen(kw_only=True)
class ServiceEnds:
    """What the listeners of an edge have in common.

    - `site`: the site of the edge.
    - `logs`: where requests are written down.
    - `log_limit`: the file with the limit of those logs, for the log of connections.
    - `source`: where routes of a name are read.
    - `http`: what requests may be like.
    - `address`: where they listen.
    - `port`: the port that stands for an ordinary one.
    """

    site: str
    logs: Sequence[JsonObject]
    log_limit: str | None
    source: Callable[[str], JsonObject]
    http: Http = DEFAULT_HTTP
    address: str
    port: Callable[[int], int]


def service_listener(
    name: str,
    ends: ServiceEnds,
    port: int,
    chains: Sequence[JsonObject],
    buffer_bytes: int = BUFFER_BYTES,
) -> JsonObject:
    """A listener at what stands for `port`; a connection that no chain matches is closed."""
    place = {"address": ends.address, "port_value": ends.port(port)}
    return {
        "name": name,
        "address": {"socket_address": place},
        "per_connection_buffer_limit_bytes": buffer_bytes,
        "tcp_keepalive": KEEPALIVE,
        "filter_chains": list(chains),
    }


def from_ranges(ranges: Iterable[str]) -> JsonObject:
    """What a filter chain matches: connections from these IPv4 ranges.

    ConfigurationError where there is none: to Envoy that stands for all addresses.
    """
    found = [
        {"address_prefix": str(each.network_address), "prefix_len": each.prefixlen}
        for each in map(IPv4Network, ranges)
    ]
    if not found:
        raise ConfigurationError(
            "an edge with services needs the ranges from which they are asked for: give the "
            "network of its site a cidr"
        )
    return {"source_prefix_ranges": found}
