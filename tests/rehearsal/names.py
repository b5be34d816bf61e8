"""The DNS that machines and the operator ask: Cloudflare's records, and the vendors' names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from dnslib import QTYPE, RCODE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSServer, UDPServer

from rehearsal.access import TEAM
from rehearsal.clouds.base import Sky
from rehearsal.load_balancer import BALANCER
from rehearsal.private_names import Addresses, private_addresses
from rehearsal.world import CLOUDFLARE, World

RECORD = "cloudflare_dns_record"
API = "api.cloudflare.com"
API_TOKEN = "a-token"  # of the operator
TUNNEL_HOSTS = ("region1.v2.argotunnel.com", "region2.v2.argotunnel.com")

Lookup = Callable[[str], Addresses | None]
"""The addresses of a name; None and no address alike mean that there is none."""


def address_of(world: World, name: str) -> str | None:
    """The address that the public DNS gives for a name; None where there is no such name."""
    if name in (API, TEAM) or name in TUNNEL_HOSTS:
        return CLOUDFLARE
    if world.one(BALANCER, name=name):
        return CLOUDFLARE
    record = world.one(RECORD, name=name)
    if record is None:
        return None
    # A proxied record leads to Cloudflare, whatever its content.
    return CLOUDFLARE if record.get("proxied") else str(record["content"])


def public_names(world: World) -> Lookup:
    """What the public DNS answers."""

    def lookup(name: str) -> Addresses | None:
        address = address_of(world, name)
        return None if address is None else (address,)

    return lookup


def in_network(world: World, sky: Sky, network: str) -> Lookup:
    """What the private zones of a cloud's network answer."""
    return lambda name: private_addresses(sky.private_zones(world), network, name)


class _Resolver(BaseResolver):  # type: ignore[misc]
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        addresses = self._lookup(name)
        if not addresses:
            reply.header.rcode = RCODE.NXDOMAIN
        elif request.q.qtype == QTYPE.A:
            for address in addresses:
                reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(address), ttl=5))
        return reply


def asking(namespace: str, command: Sequence[str]) -> list[str]:
    """A command in a namespace, which asks the resolver that `resolv.conf` of its folder names."""
    # A mount namespace of its own, in which that file is the machine's.
    script = 'mount --bind resolv.conf /etc/resolv.conf; exec "$@"'
    enter = ["nsenter", f"--net=/run/netns/{namespace}", "unshare", "--mount"]
    return [*enter, "setpriv", "--pdeathsig", "KILL", "sh", "-ec", script, "sh", *command]


@contextlib.contextmanager
def serving_names(address: str, lookup: Lookup) -> Iterator[None]:
    """Answer on UDP 53 of an address of the calling thread's network namespace."""
    server = DNSServer(
        _Resolver(lookup), address=address, port=53, server=UDPServer, logger=_SILENT
    )
    server.start_thread()
    try:
        yield
    finally:
        server.stop()
        server.server.server_close()


def with_hosts(hosts: Mapping[str, str], lookup: Lookup) -> Lookup:
    """A look-up that knows some names by itself."""
    return lambda name: (hosts[name],) if name in hosts else lookup(name)


def with_private(private: Lookup, lookup: Lookup) -> Lookup:
    """A look-up before which private zones come, also where they have no address for a name."""

    def both(name: str) -> Addresses | None:
        found = private(name)
        return lookup(name) if found is None else found

    return both


class _Silent:
    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


_SILENT = _Silent()
