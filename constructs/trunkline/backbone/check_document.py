"""What a node of a backbone is told to measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trunkline.backbone.base import JsonObject, Membership
from trunkline.envoy import ZONE
from trunkline.model import CHECK_PORT, EdgeServices, Service

WILDCARD = "*."


def check_document(
    membership: Membership, names: Mapping[str, str], services: EdgeServices
) -> JsonObject:
    """The format that `payload/backbone_check.py` reads, but for its keys.

    `names` are those of the site's nodes by zone. A name with a wildcard is not asked for: what is
    behind it only applications know.
    """
    nodes = [
        {
            "name": node.name,
            "site": site,
            "address": node.address,
            "mtu": membership.mtus[site],
        }
        for site, members in membership.backbone.nodes.items()
        for node in members
    ]
    return {
        "zone": ZONE,
        "names": dict(names),
        "port": CHECK_PORT,
        "nodes": nodes,
        "networks": list(services.networks),
        "services": [*_used(services), *_reached(services)],
    }


def _used(services: EdgeServices) -> Iterator[JsonObject]:
    """As applications of the site ask for them."""
    for service in services.used:
        for host in service.hosts:
            if not host.startswith(WILDCARD):
                plain = service.mode == "originate" or service.protocol == "tcp"
                yield _asked(service, host, service.asked_port, plain=plain)


def _reached(services: EdgeServices) -> Iterator[JsonObject]:
    """The certificates that this site's edges see alone, where these make the TLS."""
    for service in services.reached:
        if service.mode == "originate" and service.tls:
            server = service.server or service.hosts[0]
            found = _asked(service, server, service.port, plain=False, server=server, ca=service.ca)
            way = service.ways.get(server)
            yield {**found, "at": way.servers[0]} if way else found


def _asked(
    service: Service,
    host: str,
    port: int,
    *,
    plain: bool,
    server: str | None = None,
    ca: str | None = None,
) -> JsonObject:
    return {
        "name": service.name,
        "host": host,
        "port": port,
        "protocol": service.protocol,
        "plain": plain,
        "server": server,
        "ca": ca,
    }
