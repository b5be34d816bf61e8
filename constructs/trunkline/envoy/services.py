"""What an edge has to do with services: for applications of its site, and for other sites' edges.

    services ─┬─ originate ── originate_route ─┬─ service_cluster
              └─ passthrough ──────────────────┘

All names and sources are in the configuration of both edges; neither passes anything else.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.envoy.extension import JsonObject
from trunkline.envoy.originate import HTTP_PORT, originate_listeners
from trunkline.envoy.originate_route import originated, websocket_cluster_name
from trunkline.envoy.passthrough import (
    NEAR,
    TLS_PORT,
    by_name,
    near_chains,
    passed,
    passthrough_listeners,
    targets,
    tcp,
)
from trunkline.envoy.service_cluster import (
    EdgesAt,
    edges_cluster,
    either_http,
    makes_tls,
    originate_cluster_name,
    originating,
    passthrough_cluster_name,
    service_cluster,
    service_cluster_name,
    wildcard_cluster,
)
from trunkline.envoy.service_listener import ServiceEnds, service_listener
from trunkline.model import (
    ORIGINATE_PORT,
    PASSTHROUGH_PORT,
    EdgeServices,
    Server,
    Service,
    Upstream,
)

# Clients at one time: an answer of a model may last for minutes. Each takes a second connection to
# what it reaches: LimitNOFILE above twice as many.
SERVICE_CONNECTIONS = 16_384


def service_listeners(
    services: EdgeServices, ends: ServiceEnds, edge: JsonObject
) -> Iterator[JsonObject]:
    """The listeners of an edge whose own is `edge`: that one, and those of services.

    Where `edge` has the port of TLS already, both share it: what asks for a service by its name,
    from the networks of the site, passes; all else is the edge's as before.
    """
    chains = near_chains(services, ends)
    if chains and _port(edge) == TLS_PORT:
        yield by_name({**edge, "filter_chains": [*chains, *edge["filter_chains"]]})
    else:
        yield edge
        if chains:
            yield by_name(service_listener(NEAR, ends, TLS_PORT, chains))
    yield from passthrough_listeners(services, ends)
    yield from originate_listeners(services, ends)


def application_ports(services: EdgeServices) -> list[int]:
    """Where applications of the site ask, in order."""
    used = services.used
    ports = {service.port for service in tcp(used)}
    ports |= {TLS_PORT} if passed(used) else set()
    ports |= {HTTP_PORT} if originated(used) else set()
    return sorted(ports)


def backbone_ports(services: EdgeServices) -> list[int]:
    """Where the edge answers other edges, over the backbone."""
    ports = {service.port for service in tcp(services.reached)}
    return sorted({ORIGINATE_PORT, PASSTHROUGH_PORT, *ports})


def listening(services: EdgeServices) -> list[int]:
    """Every port that the edge takes for services, in order."""
    ordinary = {*application_ports(services)}
    ordinary |= {PASSTHROUGH_PORT} if passed(services.reached) else set()
    ordinary |= {ORIGINATE_PORT} if services.reached else set()
    ordinary |= {service.port for service in tcp(services.reached)}
    return sorted(map(services.port, ordinary))


def servers(services: EdgeServices) -> Iterator[Upstream]:
    """What the edge reaches in its own site or beyond; of a wildcard it knows the port alone."""
    for service in services.reached:
        tls = makes_tls(service)
        yield Upstream([Server(host, service.port, tls) for host in service.servers])


def service_clusters(services: EdgeServices) -> Iterator[JsonObject]:
    """The edges of the sites of services that are used, and the services that are reached."""
    yield from _edges(services)
    for service in services.reached:
        yield from _reached(service)


def _port(listener: JsonObject) -> int:
    return int(listener["address"]["socket_address"]["port_value"])


def _edges(services: EdgeServices) -> Iterator[JsonObject]:
    used, most = services.used, SERVICE_CONNECTIONS
    for site in sorted({service.site for service in passed(used)}):
        name = passthrough_cluster_name(site)
        yield edges_cluster(name, _edges_at(services, site, PASSTHROUGH_PORT), most)
    for site in sorted({service.site for service in originated(used)}):
        name = originate_cluster_name(site)
        made = edges_cluster(name, _edges_at(services, site, ORIGINATE_PORT), most)
        yield originating(made)
    for service in tcp(used):
        edges = _edges_at(services, service.site, service.port)
        yield edges_cluster(service_cluster_name(service), edges, most)


def _edges_at(services: EdgeServices, site: str, port: int) -> EdgesAt:
    return EdgesAt(
        addresses=services.peers.get(site, ()),
        port=services.peer_port(site, port),
        health_port=services.peer_port(site, ORIGINATE_PORT),
    )


def _reached(service: Service) -> Iterator[JsonObject]:
    for hosts, name, wild in targets(service):
        if wild:
            yield wildcard_cluster(service, name, SERVICE_CONNECTIONS)
            continue
        host = service.server or hosts[0]
        made = service_cluster(service, host, name, SERVICE_CONNECTIONS)
        if makes_tls(service):
            websocket = websocket_cluster_name(name)
            yield service_cluster(service, host, websocket, SERVICE_CONNECTIONS)
            made = either_http(made)
        yield made
