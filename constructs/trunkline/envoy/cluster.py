"""A service behind an edge, as an Envoy cluster."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from trunkline.envoy.extension import JsonObject, extension, typed
from trunkline.model import Protocol, Server, Upstream

SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"

BUFFER_BYTES = 32 * 2**10

TLS = "envoy.transport_sockets.tls"
MATCH = "envoy.transport_socket_match"  # the metadata by which Envoy chooses among sockets


def cluster_name(upstream: str | None) -> str:
    """The cluster of the upstream of that name; None is that of routes which name none."""
    return f"upstream-{upstream}" if upstream else "upstream"


def cluster(name: str, upstream: Upstream, max_connections: int) -> JsonObject:
    """The cluster `name` that forwards to the servers of `upstream`.

    Its kind is STATIC where all servers are addresses, else STRICT_DNS, which resolves names as
    well. Without a healthy server a request fails at once.
    """
    config: JsonObject = {
        "name": name,
        "type": "STATIC" if all(_is_address(s.host) for s in upstream.servers) else "STRICT_DNS",
        # Every address that a name resolves to becomes an endpoint, and the networks are IPv4: with
        # the default, one AAAA record would fail requests.
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "2s",
        "health_checks": [_health_check(upstream)],
        # By default half of the endpoints being down means that Envoy asks all of them.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "circuit_breakers": {"thresholds": [_thresholds(max_connections)]},
        "typed_extension_protocol_options": _http_options(upstream.protocol),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": list(_by_priority(upstream)),
        },
    }
    if len(upstream.servers) > 1:
        config |= {"lb_policy": "LEAST_REQUEST", "outlier_detection": _outlier_detection()}
    return config | _transport(upstream)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _by_priority(upstream: Upstream) -> Iterator[JsonObject]:
    for priority in sorted({server.priority for server in upstream.servers}):
        servers = [server for server in upstream.servers if server.priority == priority]
        yield {"priority": priority, "lb_endpoints": [_endpoint(s, upstream) for s in servers]}


def _endpoint(server: Server, upstream: Upstream) -> JsonObject:
    # `hostname` is what auto_host_rewrite writes: many services choose by Host, and the edge's own
    # name means nothing to them.
    name = authority_of(server)
    endpoint = {
        "address": {"socket_address": {"address": server.host, "port_value": server.port}},
        "hostname": name,
        "health_check_config": {"hostname": name},
    }
    made: JsonObject = {"endpoint": endpoint, "load_balancing_weight": server.weight}
    if len(_certificate_names(upstream)) > 1:
        made["metadata"] = {"filter_metadata": {MATCH: {"host": server.host}}}
    return made


def authority_of(server: Server) -> str:
    """What stands in the Host header: the port only where it is not the scheme's own."""
    host = f"[{server.host}]" if ":" in server.host else server.host
    return host if server.port == (443 if server.tls else 80) else f"{host}:{server.port}"


def _health_check(upstream: Upstream) -> JsonObject:
    """An endpoint is healthy while it takes connections, over TLS where it speaks that.

    With a health path it is while it answers that with 2xx.
    """
    check: JsonObject = {
        "timeout": "2s",
        "interval": "5s",
        "no_traffic_interval": "5s",  # by default a minute
        "unhealthy_interval": "1s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
    }
    if upstream.health_path is None:
        return {**check, "tcp_health_check": {}}
    request = {
        "path": upstream.health_path,
        "codec_client_type": "HTTP2" if upstream.protocol == "http2" else "HTTP1",
        "expected_statuses": [{"start": 200, "end": 300}],
    }
    return {**check, "http_health_check": request}


def _outlier_detection() -> JsonObject:
    """Puts aside a server that cannot be reached or does not answer, never more than half of them.

    What a server answers does not count: clients can bring about a 500.
    """
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 5,
        "interval": "1s",
        "base_ejection_time": "5s",
        "max_ejection_percent": 50,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
    }


def _thresholds(max_connections: int) -> JsonObject:
    """HTTP/1.1 has one request per connection, so that one number bounds all three."""
    return {
        "max_connections": max_connections,
        "max_pending_requests": max_connections,
        "max_requests": max_connections,
    }


def _http_options(protocol: Protocol) -> JsonObject:
    if protocol == "http2":
        # A ping tells that a connection is dead, which no new request would find out.
        http2 = {"connection_keepalive": {"interval": "30s", "timeout": "5s"}}
        explicit: JsonObject = {"http2_protocol_options": http2}
        common = {}
    else:
        explicit = {"http_protocol_options": {}}
        # Idle connections go before the service closes them (Node and uvicorn: after 5 s);
        # otherwise a request now and then meets a closing connection and fails.
        common = {"common_http_protocol_options": {"idle_timeout": "4s"}}
    options = typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions", explicit_http_config=explicit, **common
    )
    return {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}


def _certificate_names(upstream: Upstream) -> list[str]:
    """The names that certificates must have: one for all servers, or each server's own."""
    if not upstream.tls:
        return []
    return list(dict.fromkeys(upstream.server_name or server.host for server in upstream.servers))


def _transport(upstream: Upstream) -> JsonObject:
    """TLS where the upstream speaks that; where names differ, chosen by the server's."""
    names = _certificate_names(upstream)
    if len(names) < 2:
        return {"transport_socket": _tls(names[0], upstream)} if names else {}
    return {
        "transport_socket_matches": [
            {"name": name, "match": {"host": name}, "transport_socket": _tls(name, upstream)}
            for name in names
        ]
    }


def _tls(name: str, upstream: Upstream) -> JsonObject:
    """TLS to a server whose certificate must carry `name`, a name or an address."""
    address = _is_address(name)
    san = {"san_type": "IP_ADDRESS" if address else "DNS", "matcher": {"exact": name}}
    authority = {"inline_string": upstream.ca} if upstream.ca else {"filename": SYSTEM_CA}
    common: JsonObject = {
        "validation_context": {"trusted_ca": authority, "match_typed_subject_alt_names": [san]}
    }
    if upstream.protocol == "http2":
        common["alpn_protocols"] = ["h2"]
    context: JsonObject = {"common_tls_context": common}
    if not address:  # RFC 6066 allows no address in SNI
        context["sni"] = name
    return extension(TLS, "extensions.transport_sockets.tls.v3.UpstreamTlsContext", **context)
