"""Where an edge listens: on loopback for cloudflared, or on a public port for Cloudflare alone."""

from __future__ import annotations

from attrs import frozen

from trunkline.addresses.loopback import EDGE_PORT
from trunkline.envoy.extension import JsonObject, extension

BUFFER_BYTES = 32 * 2**10  # per connection and direction; not Envoy's default of 1 MiB


@frozen
class LoopbackListener:
    """Plain HTTP from the cloudflared of the same machine (`exposure: tunnel`)."""

    port: int = EDGE_PORT
    address: str = "127.0.0.1"


@frozen(kw_only=True)
class TlsListener:
    """TLS 1.2 or later from Cloudflare (`exposure: public`); the three paths are of PEM files.

    A client must show a certificate that `client_ca` signed: Cloudflare's authenticated origin
    pulls (https://developers.cloudflare.com/ssl/origin-configuration/authenticated-origin-pull/).
    """

    certificate: str
    key: str
    client_ca: str
    port: int = 443
    address: str = "0.0.0.0"


Listener = LoopbackListener | TlsListener


def listener_of(listener: Listener, manager: JsonObject, name: str = "edge") -> JsonObject:
    """The Envoy listener with one filter chain: HTTP, over TLS where the listener asks for it."""
    chain: JsonObject = {"filters": [manager]}
    if isinstance(listener, TlsListener):
        chain["transport_socket"] = _tls(listener)
        # Without it connections that say nothing take the places of all others.
        chain["transport_socket_connect_timeout"] = "5s"
    return {
        "name": name,
        "address": {"socket_address": {"address": listener.address, "port_value": listener.port}},
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "filter_chains": [chain],
        # Without it a client that connects and says nothing holds its connection for ever.
        "listener_filters_timeout": "5s",
    }


def _tls(listener: TlsListener) -> JsonObject:
    pair = {
        "certificate_chain": {"filename": listener.certificate},
        "private_key": {"filename": listener.key},
    }
    return extension(
        "envoy.transport_sockets.tls",
        "extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        require_client_certificate=True,
        common_tls_context={
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificates": [pair],
            "validation_context": {"trusted_ca": {"filename": listener.client_ca}},
        },
    )
