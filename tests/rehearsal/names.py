"""The DNS that machines and the operator ask: Cloudflare's records, and the vendors' names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

from dnslib import QTYPE, RCODE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSServer, UDPServer

from rehearsal.access import TEAM
from rehearsal.load_balancer import BALANCER
from rehearsal.world import CLOUDFLARE, World

RECORD = "cloudflare_dns_record"
API = "api.cloudflare.com"
TUNNEL_HOSTS = ("region1.v2.argotunnel.com", "region2.v2.argotunnel.com")

Lookup = Callable[[str], str | None]


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


class _Resolver(BaseResolver):  # type: ignore[misc]
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def resolve(self, request: DNSRecord, handler: object) -> DNSRecord:
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        address = self._lookup(name)
        if address is None:
            reply.header.rcode = RCODE.NXDOMAIN
        elif request.q.qtype == QTYPE.A:
            reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(address), ttl=5))
        return reply


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
    return lambda name: hosts.get(name) or lookup(name)


class _Silent:
    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


_SILENT = _Silent()
