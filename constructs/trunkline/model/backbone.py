"""The backbone: what joins the edges of all sites privately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from attrs import Factory, field, frozen

BackboneKind = Literal["wireguard", "tailscale", "nebula", "zerotier", "warp"]
LinkKind = Literal["interconnect"]

NO_BACKBONE = "none"
"""What a topology says in place of a kind where it wants no backbone."""

DEFAULT_OVERLAY = "10.254.0.0/24"
DEFAULT_PRECEDENCE = 100

# Where Cloudflare gives nodes and devices addresses of its own:
# https://developers.cloudflare.com/mesh/concepts/
MESH_RANGE = "100.96.0.0/12"

# Between the edges, on the overlay alone: TLS that passes by its name, and HTTP/2 in the clear,
# which the backbone encrypts.
PASSTHROUGH_PORT = 8443
ORIGINATE_PORT = 8444
CHECK_PORT = 8445  # and what `trunkline backbone check` has them measure

# Where nodes answer: a new key takes the port that the one before has not, so that both do.
UDP_PORTS = (51820, 51821)

# And over a link between two clouds, by the port of the same key.
PRIVATE_PORTS = {51820: 51822, 51821: 51823}

# The group of all nodes in their certificates, and how long before its end one is renewed.
EDGE_GROUP = "edge"
RENEW_DAYS = 60


@frozen(kw_only=True)
class NodeKey:
    """The public half of a node's key.

    - `public_key`: 32 bytes in base64, as WireGuard writes them.
    - `port`: the UDP port of the interface that has it. The two keys of a node that is given a new
      one have different ports.
    - `made`: the day when it was made, `YYYY-MM-DD`.
    - `certificate`: its certificate in base64, for a kind that has an authority; else empty.
    - `expires`: the day on which the certificate ends, `YYYY-MM-DD`; empty without one.
    - `identity`: what ZeroTier knows the key by, `ADDRESS:0:PUBLIC`; empty for other kinds.
    """

    public_key: str
    port: int
    made: str
    certificate: str = ""
    expires: str = ""
    identity: str = ""


@frozen(kw_only=True)
class Authority:
    """Who signs the certificates of the nodes.

    - `certificate`: its own certificate in base64.
    - `expires`: the day on which that ends, `YYYY-MM-DD`.
    """

    certificate: str
    expires: str


def _keys(keys: Iterable[NodeKey]) -> tuple[NodeKey, ...]:
    return tuple(keys)


@frozen(kw_only=True)
class Node:
    """A machine of an edge, as the others find it on the backbone.

    - `name`: its name, `<site>-<number>`; the number says which of the site's edges it is.
    - `address`: its IPv4 address on the overlay.
    - `keys`: its public keys, the newest first: one, and the one before while it is rotated; none
      where it makes its keys itself.
    """

    name: str
    address: str
    keys: tuple[NodeKey, ...] = field(converter=_keys)


def node_name(site: str, number: int) -> str:
    """The name of the edge with that number in a site, from 1."""
    return f"{site}-{number}"


def _both(sites: Iterable[str]) -> tuple[str, str]:
    first, second = sites
    return first, second


@frozen(kw_only=True)
class LinkedPair:
    """Two sites whose clouds join their networks by a managed link.

    - `sites`: their names.
    - `kind`: what the link is.
    - `bandwidth`: what it carries.
    - `existing`: whether the operator has made it, so that no stack does.
    """

    sites: tuple[str, str] = field(converter=_both)
    kind: LinkKind = "interconnect"
    bandwidth: str = "1Gbps"
    existing: bool = False

    @property
    def name(self) -> str:
        """Its name in those of stacks and resources."""
        return "-".join(self.sites)


def _pairs(pairs: Iterable[LinkedPair]) -> tuple[LinkedPair, ...]:
    return tuple(pairs)


@frozen(kw_only=True)
class BackboneSettings:
    """What joins the edges of all sites privately.

    - `kind`: what encrypts and carries the traffic.
    - `cidr`: the private IPv4 range of the overlay, apart from those of all sites.
    - `networks`: whether it also routes the whole networks of the sites to one another.
    - `auth_key_version`: which of the operator's auth keys the machines have, for kinds that take
      one: another number has it written again.
    - `network_id`: the network at ZeroTier that the nodes join, 16 hexadecimal digits; empty for
      other kinds.
    - `team`: the name of the Zero Trust organization whose mesh it is, for the kind that needs it.
    - `precedence`: that of the device profile of the nodes among the profiles of that organization.
    - `nodes`: the machines of each site, by site; empty until `trunkline keys` has made their keys.
    - `authorities`: who signs the certificates that nodes trust, for a kind that has certificates.
    - `pairs`: the sites that managed links join as well.
    """

    kind: BackboneKind
    cidr: str = DEFAULT_OVERLAY
    networks: bool = False
    auth_key_version: int = 1
    network_id: str = ""
    team: str = ""
    precedence: int = DEFAULT_PRECEDENCE
    nodes: Mapping[str, tuple[Node, ...]] = Factory(dict)
    authorities: tuple[Authority, ...] = ()
    pairs: tuple[LinkedPair, ...] = field(converter=_pairs, default=())

    def linked(self, site: str) -> tuple[str, ...]:
        """The sites that managed links join with `site`."""
        pairs = (pair.sites for pair in self.pairs if site in pair.sites)
        return tuple(second if first == site else first for first, second in pairs)
