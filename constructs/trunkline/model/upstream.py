"""The services behind an edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal
from urllib.parse import urlsplit

from attrs import field, frozen

Protocol = Literal["http1", "http2"]

DEFAULT_PROTOCOL: Protocol = "http1"
DEFAULT_WEIGHT = 1
DEFAULT_PRIORITY = 0


@frozen
class Server:
    """One of the servers of an upstream.

    - `host`: its name or IPv4 address, reached from the edge's network.
    - `port`: its port.
    - `tls`: whether it speaks HTTPS.
    - `weight`: its share of the requests, beside the weights of the others.
    - `priority`: 0 for the first choice; a server with a higher number stands in for those with a
      lower one.
    """

    host: str
    port: int
    tls: bool
    weight: int = DEFAULT_WEIGHT
    priority: int = DEFAULT_PRIORITY

    @classmethod
    def from_url(
        cls, url: str, weight: int = DEFAULT_WEIGHT, priority: int = DEFAULT_PRIORITY
    ) -> Server:
        """Read `url`, `http://host[:port]` or `https://host[:port]`; ValueError for anything else.

        `weight` and `priority` are the server's.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is not http://host[:port] or https://host[:port]")
        if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
            raise ValueError(f"{url} has more than scheme, host and port")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls, weight, priority)

    @property
    def url(self) -> str:
        """The URL that `from_url` reads."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


def _servers(servers: Iterable[Server]) -> tuple[Server, ...]:
    return tuple(servers)


@frozen
class Upstream:
    """A service behind an edge, on one server or more.

    - `servers`: where it answers; all of them with HTTPS, or none.
    - `ca`: the certificate authority that its servers' certificates must come from, in PEM. Without
      it: the public ones.
    - `server_name`: the name that their certificates must have, and that TLS asks for (SNI).
      Without it: each server's host.
    - `protocol`: `http1`, or `http2`, which gRPC needs.
    - `health_path`: a server is healthy while it answers GET of this path with 2xx. Without it:
      while it takes connections.
    """

    servers: tuple[Server, ...] = field(converter=_servers)
    ca: str | None = None
    server_name: str | None = None
    protocol: Protocol = DEFAULT_PROTOCOL
    health_path: str | None = None

    @classmethod
    def from_url(cls, url: str) -> Upstream:
        """A service on the one server of `url`, as `Server.from_url` reads it."""
        return cls([Server.from_url(url)])

    @property
    def tls(self) -> bool:
        """Whether its servers speak HTTPS."""
        return any(server.tls for server in self.servers)


Upstreams = Mapping[str | None, Upstream]
"""Upstreams by the name that routes have for them; that of routes which name none has None."""
