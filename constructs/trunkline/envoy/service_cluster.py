"""What edges reach for services: the edges of other sites over the backbone, and the services."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from trunkline.envoy.cluster import cluster
from trunkline.envoy.extension import JsonObject, extension, typed
from trunkline.model import HEALTH_PATH, PrivateWay, Server, Service, StandIn, Upstream

WILDCARD = "*."

# Between two edges a connection carries all requests of a worker. At a round trip of 30 ms the
# stream's window decides what passes of one answer: 64 KiB, as on the edge's own port, let through
# 1 MB/s. What a client does not read counts in the connection's window too: 64 of them may stop to
# read before others wait.
BUFFER_BYTES = 2**20
WINDOWS: JsonObject = {
    "initial_stream_window_size": 2 * 2**20,
    "initial_connection_window_size": 128 * 2**20,
}

# The name under which edges ask one another for their health.
EDGE_AUTHORITY = "trunkline-edge"

# A new address of a name ends no connection to the one before.
_ONE_ENDPOINT = {"all_addresses_in_single_endpoint": True}
_NAMES_AT_MOST = 256  # below one wildcard, at one time


def service_cluster_name(service: Service, host: str | None = None) -> str:
    """The cluster of a service; with `host` that of one of its names, where each has its own."""
    return f"service-{service.name}-{host}" if host else f"service-{service.name}"


def passthrough_cluster_name(site: str) -> str:
    """The cluster of a site's edges, where TLS passes by its name."""
    return f"passthrough-{site}"


def originate_cluster_name(site: str) -> str:
    """The cluster of a site's edges, where they make the TLS."""
    return f"originate-{site}"


@frozen(kw_only=True)
class EdgesAt:
    """Where the edges of another site take connections, the first choice first.

    - `addresses`: their addresses.
    - `port`: the port of these connections.
    - `health_port`: the port at which each says whether it is there.
    """

    addresses: Sequence[str]
    port: int
    health_port: int


def edges_cluster(name: str, edges: EdgesAt, connections: int) -> JsonObject:
    """The edges of another site.

    Whether one is there is asked at the port that every edge with services has, so that no check
    opens a connection to a service. Where one is gone, what it had begun ends at once, and clients
    begin anew at the next.
    """
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "health_checks": [_health_check(tcp_health_check={})],
        "close_connections_on_host_health_failure": True,
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "circuit_breakers": _at_most(connections),
        "upstream_connection_options": {"tcp_keepalive": KEEPALIVE},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [
                {"priority": priority, "lb_endpoints": [_edge(address, edges)]}
                for priority, address in enumerate(edges.addresses)
            ],
        },
    }


# A peer that is gone without a word is noticed after half a minute.
KEEPALIVE: JsonObject = {"keepalive_time": 15, "keepalive_interval": 5, "keepalive_probes": 3}


def originating(made: JsonObject) -> JsonObject:
    """The cluster of edges `made`, which speaks HTTP/2 in the clear with them, and stays connected.

    Pings find a connection of which nobody hears any more within two seconds. Each edge says itself
    whether it is well, so that one which is about to end gets no new request, and ends none.
    """
    asked = {"path": HEALTH_PATH, "host": EDGE_AUTHORITY, "codec_client_type": "HTTP2"}
    http2 = {
        **WINDOWS,
        "connection_keepalive": {"interval": "0.5s", "timeout": "1.25s"},
        "allow_connect": True,
    }
    options = _http({"explicit_http_config": {"http2_protocol_options": http2}}, "0s")
    return {**made, **options, "health_checks": [_health_check(http_health_check=asked)]}


def service_cluster(service: Service, host: str, name: str, connections: int) -> JsonObject:
    """A service as the edge of its site reaches it, at `host`.

    With `originate` and HTTPS the edge makes the TLS, to a certificate with that name. Names are
    resolved again when their records run out; IPv4 only, as the networks are. A private endpoint of
    the host changes where it connects, and nothing of what it says.
    """
    tls = makes_tls(service)
    server = Server(host, service.port, tls)
    made = cluster(name, Upstream([server], ca=service.ca), connections)
    del made["health_checks"]  # nobody else could stand in for it
    made |= {
        "connect_timeout": "5s",
        "wait_for_warm_on_init": False,  # no name keeps the others waiting
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "circuit_breakers": _at_most(connections),
        "upstream_connection_options": {"tcp_keepalive": KEEPALIVE},
    }
    if service.stand_in:
        return _replaced(made, service.stand_in)
    if way := service.ways.get(host):
        return _by_way(made, way, service.port)
    return made if made["type"] == "STATIC" else _by_name(made)


def _by_way(made: JsonObject, way: PrivateWay, port: int) -> JsonObject:
    """The cluster, which connects to a private endpoint: names and their check stay as they are."""
    [group] = made["load_assignment"]["endpoints"]
    [known] = group["lb_endpoints"]
    group["lb_endpoints"] = [
        {**known, "endpoint": {**known["endpoint"], "address": _at(server, port)}}
        for server in way.servers
    ]
    return _by_name(made) if way.by_name else {**made, "type": "STATIC"}


def _at(address: str, port: int) -> JsonObject:
    return {"socket_address": {"address": address, "port_value": port}}


def _replaced(made: JsonObject, stand_in: StandIn) -> JsonObject:
    """The cluster, with what stands in for its server: names and their check stay as they are."""
    [group] = made["load_assignment"]["endpoints"]
    [endpoint] = group["lb_endpoints"]
    endpoint["endpoint"]["address"] = _at(stand_in.address, stand_in.port)
    if socket := made.get("transport_socket"):
        context = socket["typed_config"]["common_tls_context"]["validation_context"]
        context["trusted_ca"] = {"filename": stand_in.authority}
    return {**made, "type": "STATIC"}


def makes_tls(service: Service) -> bool:
    """Whether the edge of its site speaks TLS with a service."""
    return service.mode == "originate" and service.tls


def either_http(made: JsonObject) -> JsonObject:
    """The cluster of a service over TLS, which says itself whether it speaks HTTP/2.

    A connection goes before the clouds' load balancers close it, after 60 s without a request.
    """
    http2 = {**WINDOWS, "connection_keepalive": {"interval": "30s", "timeout": "5s"}}
    either = {"http_protocol_options": {}, "http2_protocol_options": http2}
    return {**made, **_http({"auto_config": either}, "55s")}


def wildcard_cluster(service: Service, name: str, connections: int) -> JsonObject:
    """A service whose name a client chooses, below the wildcards that lead here."""
    kind = "extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig"
    return {
        "name": name,
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "5s",
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "circuit_breakers": _at_most(connections),
        "upstream_connection_options": {"tcp_keepalive": KEEPALIVE},
        "cluster_type": extension(
            "envoy.clusters.dynamic_forward_proxy", kind, dns_cache_config=dns_cache(name)
        ),
    }


def dns_cache(name: str) -> JsonObject:
    """The names that Envoy knows for the cluster `name`; the same here and in the filter."""
    return {"name": name, "dns_lookup_family": "V4_ONLY", "max_hosts": _NAMES_AT_MOST}


def _by_name(made: JsonObject) -> JsonObject:
    """https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/clusters/dns/v3/dns_cluster.proto"""
    del made["type"], made["dns_lookup_family"]
    kind = extension(
        "envoy.clusters.dns",
        "extensions.clusters.dns.v3.DnsCluster",
        dns_lookup_family="V4_ONLY",
        respect_dns_ttl=True,
        **_ONE_ENDPOINT,
    )
    return {**made, "cluster_type": kind}


def _http(protocol: JsonObject, idle: str) -> JsonObject:
    name = "extensions.upstreams.http.v3.HttpProtocolOptions"
    options = typed(name, common_http_protocol_options={"idle_timeout": idle}, **protocol)
    return {"typed_extension_protocol_options": {f"envoy.{name}": options}}


def _edge(address: str, edges: EdgesAt) -> JsonObject:
    endpoint = {
        "address": _at(address, edges.port),
        "health_check_config": {"port_value": edges.health_port},
    }
    return {"endpoint": endpoint}


def _health_check(**asked: JsonObject) -> JsonObject:
    return {
        "timeout": "1s",
        "interval": "1s",
        "no_traffic_interval": "1s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        **asked,
    }


def _at_most(connections: int) -> JsonObject:
    """By default three requests may be sent again at one time; an edge that ends had thousands."""
    names = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return {"thresholds": [dict.fromkeys(names, connections)]}
