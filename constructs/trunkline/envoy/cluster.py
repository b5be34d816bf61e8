"""The service behind an edge, as an Envoy cluster of one endpoint."""

from __future__ import annotations

from ipaddress import ip_address

from trunkline.envoy.extension import JsonObject, extension, typed
from trunkline.model import Upstream

CLUSTER = "upstream"
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"

BUFFER_BYTES = 32 * 2**10


def cluster(upstream: Upstream, max_connections: int) -> JsonObject:
    """The cluster that forwards to `upstream`, by address (STATIC) or by name (STRICT_DNS).

    An endpoint is healthy while it takes connections, over TLS where it speaks that. Without a
    healthy one a request fails at once, and the edge says of itself that it is not healthy.
    """
    config: JsonObject = {
        "name": CLUSTER,
        "type": "STATIC" if _is_address(upstream.host) else "STRICT_DNS",
        # Every address that a name resolves to becomes an endpoint, and the networks are IPv4: with
        # the default, one AAAA record would fail requests.
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "2s",
        "health_checks": [_takes_connections()],
        # By default half of the endpoints being down means that Envoy asks all of them.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "circuit_breakers": {"thresholds": [_thresholds(max_connections)]},
        "typed_extension_protocol_options": _http_options(),
        "load_assignment": {
            "cluster_name": CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": _endpoint(upstream)}]}],
        },
    }
    if upstream.tls:
        config["transport_socket"] = _tls(upstream.host)
    return config


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _authority(upstream: Upstream) -> str:
    """What stands in the Host header: the port only where it is not the scheme's own."""
    host = f"[{upstream.host}]" if ":" in upstream.host else upstream.host
    return host if upstream.port == (443 if upstream.tls else 80) else f"{host}:{upstream.port}"


def _endpoint(upstream: Upstream) -> JsonObject:
    # `hostname` is what auto_host_rewrite writes: many services choose by Host, and the edge's own
    # name means nothing to them.
    socket_address = {"address": upstream.host, "port_value": upstream.port}
    return {"address": {"socket_address": socket_address}, "hostname": _authority(upstream)}


def _takes_connections() -> JsonObject:
    return {
        "tcp_health_check": {},
        "timeout": "2s",
        "interval": "5s",
        "no_traffic_interval": "5s",  # by default a minute
        "unhealthy_interval": "1s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
    }


def _thresholds(max_connections: int) -> JsonObject:
    """HTTP/1.1 has one request per connection, so that one number bounds all three."""
    return {
        "max_connections": max_connections,
        "max_pending_requests": max_connections,
        "max_requests": max_connections,
    }


def _http_options() -> JsonObject:
    # Idle connections go before the service closes them (Node and uvicorn: after 5 s); otherwise a
    # request now and then meets a closing connection and fails.
    options = typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options={"idle_timeout": "4s"},
        explicit_http_config={"http_protocol_options": {}},
    )
    return {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}


def _tls(host: str) -> JsonObject:
    """TLS with the system's authorities; the certificate must carry the name or the address."""
    address = _is_address(host)
    san = {"san_type": "IP_ADDRESS" if address else "DNS", "matcher": {"exact": host}}
    context: JsonObject = {
        "common_tls_context": {
            "validation_context": {
                "trusted_ca": {"filename": SYSTEM_CA},
                "match_typed_subject_alt_names": [san],
            }
        }
    }
    if not address:  # RFC 6066 allows no address in SNI
        context["sni"] = host
    return extension(
        "envoy.transport_sockets.tls",
        "extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        **context,
    )
