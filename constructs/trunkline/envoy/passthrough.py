"""Connections that edges pass on unopened: TLS by the name that it asks for, TCP by its port.

    application ── near edge ── backbone ── far edge ── service

Both edges look at the name; what has none of its own services' ends there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trunkline.envoy.access_log import connection_log
from trunkline.envoy.extension import JsonObject, extension
from trunkline.envoy.service_cluster import (
    WILDCARD,
    dns_cache,
    passthrough_cluster_name,
    service_cluster_name,
)
from trunkline.envoy.service_listener import ServiceEnds, from_ranges, service_listener
from trunkline.model import PASSTHROUGH_PORT, EdgeServices, Service

NEAR = "services"
FAR = "backbone"
TLS_PORT = 443

# A connection without a byte: pools of clients keep theirs for minutes, those of databases for
# hours.
_TLS_IDLE, _TCP_IDLE = "3600s", "86400s"

# An edge that is gone is known after two checks, a second apart: until then a connection waits for
# the next edge. (Envoy takes a random part of each pause.)
_ATTEMPTS = 10
_PAUSE = {"base_interval": "0.25s", "max_interval": "1s"}

_INSPECTOR = extension(
    "envoy.filters.listener.tls_inspector",
    "extensions.filters.listener.tls_inspector.v3.TlsInspector",
)


def near_chains(services: EdgeServices, ends: ServiceEnds) -> list[JsonObject]:
    """For each service whose TLS passes the way to its site, from the edge's own networks."""
    return [
        _chain(
            services.networks,
            service.hosts,
            [_to_edges(service, passthrough_cluster_name(service.site), ends)],
        )
        for service in passed(services.used)
    ]


def passthrough_listeners(services: EdgeServices, ends: ServiceEnds) -> Iterator[JsonObject]:
    """Where other edges bring TLS for services of this site, and each service of TCP, both ways.

    The port of applications' TLS is not among them: another listener may have it already.
    """
    if chains := list(_far_chains(services, ends)):
        yield by_name(service_listener(FAR, ends, PASSTHROUGH_PORT, chains))
    for service in tcp(services.used):
        to_edges = _to_edges(service, service_cluster_name(service), ends)
        yield _tcp_listener(service, services.networks, to_edges, ends)
    for service in tcp(services.reached):
        to_service = _proxy(service, service_cluster_name(service), ends)
        yield _tcp_listener(service, services.callers, to_service, ends)


def by_name(listener: JsonObject) -> JsonObject:
    """The listener, which reads the name that TLS asks for, and closes what sends none."""
    return {**listener, "listener_filters": [_INSPECTOR], "listener_filters_timeout": "5s"}


def passed(services: Iterable[Service]) -> list[Service]:
    """Those whose TLS passes by its name."""
    return [s for s in services if s.protocol != "tcp" and s.mode == "passthrough"]


def tcp(services: Iterable[Service]) -> list[Service]:
    """Those that have a port of their own."""
    return [service for service in services if service.protocol == "tcp"]


def _far_chains(services: EdgeServices, ends: ServiceEnds) -> Iterator[JsonObject]:
    for service in passed(services.reached):
        for hosts, cluster, wild in targets(service):
            filters = [_by_client(service, cluster)] if wild else []
            filters.append(_proxy(service, cluster, ends))
            yield _chain(services.callers, hosts, filters)


def targets(service: Service) -> Iterator[tuple[Sequence[str], str, bool]]:
    """The names of a service, the cluster to which they lead, and whether clients choose the server
    by the name that they ask for."""
    if service.is_one:
        known = service.server or service.stand_in
        wild = not known and _is_wild(service, service.hosts[0])
        yield service.hosts, service_cluster_name(service), wild
        return
    for host in service.hosts:
        yield [host], service_cluster_name(service, host), _is_wild(service, host)


def _is_wild(service: Service, host: str) -> bool:
    """A private endpoint answers for every name below a wildcard alike."""
    return host.startswith(WILDCARD) and host not in service.ways


def _chain(ranges: Sequence[str], names: Sequence[str], filters: list[JsonObject]) -> JsonObject:
    match = {**from_ranges(ranges), "server_names": list(names)}
    return {"filter_chain_match": match, "filters": filters}


def _tcp_listener(
    service: Service, ranges: Sequence[str], proxy: JsonObject, ends: ServiceEnds
) -> JsonObject:
    chain = {"filter_chain_match": from_ranges(ranges), "filters": [proxy]}
    return service_listener(f"service-{service.name}", ends, service.port, [chain])


def _to_edges(service: Service, cluster: str, ends: ServiceEnds) -> JsonObject:
    retries = {"max_connect_attempts": _ATTEMPTS, "backoff_options": _PAUSE}
    return _proxy(service, cluster, ends, retries)


def _proxy(
    service: Service, cluster: str, ends: ServiceEnds, retries: JsonObject | None = None
) -> JsonObject:
    return extension(
        "envoy.filters.network.tcp_proxy",
        "extensions.filters.network.tcp_proxy.v3.TcpProxy",
        stat_prefix=f"service-{service.name}",
        cluster=cluster,
        idle_timeout=_TCP_IDLE if service.protocol == "tcp" else _TLS_IDLE,
        access_log=[connection_log(ends.site, service.name, ends.log_limit)],
        **(retries or {}),
    )


def _by_client(service: Service, cluster: str) -> JsonObject:
    """The server is the name that the client asks for, which has passed the chain's wildcard."""
    return extension(
        "envoy.filters.network.sni_dynamic_forward_proxy",
        "extensions.filters.network.sni_dynamic_forward_proxy.v3.FilterConfig",
        port_value=service.port,
        dns_cache_config=dns_cache(cluster),
    )
