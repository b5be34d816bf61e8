"""How requests reach an edge."""

from __future__ import annotations

from attrs import field, frozen

from trunkline.addresses.loopback import EDGE_PORT
from trunkline.model import Management
from trunkline.model.converters import texts
from trunkline.patterns import cloudflare_ranges


@frozen(kw_only=True)
class Tunnel:
    """An edge that Cloudflare reaches through a tunnel, without an inbound port.

    - `hostname`: the edge's own hostname (see `EdgeOrigin`), the only one that it answers.
    - `token`: the tunnel's token, a Terraform expression.
    - `keys`: the keys that it lets in, Terraform expressions of 32 or more letters, digits, `-` and
      `_`: one, and while it is rotated the one before as well. An empty one counts for nothing.
    - `management`: what it answers for operators, under another name. Without it: nothing.

    Token and keys reach the machine through the cloud's secret store, never in its user data.
    """

    hostname: str
    token: str
    keys: tuple[str, ...] = field(converter=texts)
    management: Management | None = None

    @property
    def hostnames(self) -> tuple[str, ...]:
        """Its one hostname, by which the tunnel leads to all machines."""
        return (self.hostname,)


@frozen(kw_only=True)
class Public:
    """An edge that Cloudflare reaches on port 443, with Cloudflare's client certificate only.

    - `hostname`: the edge's own hostname, as of `Tunnel`.
    - `keys`: the keys that it lets in, as of `Tunnel`.
    - `sources`: the IPv4 ranges that may connect. Without it: Cloudflare's.
    - `spares`: the hostnames of its spares, by which each of its machines is reached (see
      `EdgeOrigin.add_spare`). Each answers all of them.
    """

    hostname: str
    keys: tuple[str, ...] = field(converter=texts)
    sources: tuple[str, ...] = cloudflare_ranges.IPV4
    spares: tuple[str, ...] = field(default=(), converter=texts)

    @property
    def hostnames(self) -> tuple[str, ...]:
        """All of its hostnames, the edge's own first."""
        return (self.hostname, *self.spares)


@frozen
class Loopback:
    """An edge that only its own machine reaches, without TLS and without a key.

    Its configuration is part of its machine.

    - `port`: the port on which Envoy listens.
    - `address`: the loopback address on which Envoy listens.
    """

    port: int = EDGE_PORT
    address: str = "127.0.0.1"


Exposure = Tunnel | Public | Loopback
