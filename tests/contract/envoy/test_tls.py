"""A public edge: nobody but Cloudflare comes in, and nobody with old TLS."""

from __future__ import annotations

import functools
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import frozen
from support.certificates import Authority, Pair
from support.loopback import ask

from trunkline.envoy import TlsListener


@frozen
class PublicEdge:
    port: int
    server_ca: str
    cloudflare: Pair
    stranger: Pair


@pytest.fixture(scope="module")
def public(start: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicEdge]:
    folder = tmp_path_factory.mktemp("tls")
    server_ca, client_ca, other_ca = (Authority(folder, n) for n in ("server", "pulls", "other"))
    server = server_ca.pair("localhost")
    listener = functools.partial(
        TlsListener,
        certificate=server.certificate,
        key=server.key,
        client_ca=client_ca.certificate,
        address="127.0.0.1",
    )
    with start(listener=listener) as edge:
        yield PublicEdge(
            edge.port,
            server_ca.certificate,
            client_ca.pair("cloudflare"),
            other_ca.pair("stranger"),
        )


def client(public: PublicEdge, pair: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=public.server_ca)
    if pair:
        context.load_cert_chain(pair.certificate, pair.key)
    return context


REFUSED = (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)


def test_serves_a_client_with_cloudflares_certificate(public: PublicEdge) -> None:
    reply = ask(public.port, "/api/v5", tls=client(public, public.cloudflare))
    assert json.loads(reply.body)["route"] == "/api/v5"


def test_refuses_a_client_without_a_certificate(public: PublicEdge) -> None:
    with pytest.raises(REFUSED):
        ask(public.port, "/api/v5", tls=client(public))


def test_refuses_a_certificate_of_another_authority(public: PublicEdge) -> None:
    with pytest.raises(REFUSED):
        ask(public.port, "/api/v5", tls=client(public, public.stranger))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_refuses_tls_1_1(public: PublicEdge) -> None:
    context = client(public, public.cloudflare)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL itself refuses TLS 1.1 otherwise
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|protocol version|UNSUPPORTED"):
        ask(public.port, "/api/v5", tls=context)


def test_offers_http_2(public: PublicEdge) -> None:
    context = client(public, public.cloudflare)
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", public.port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        assert wrapped.selected_alpn_protocol() == "h2"


@pytest.mark.slow
def test_a_connection_that_says_nothing_loses_its_place(public: PublicEdge) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", public.port), timeout=20) as silent:
        assert silent.recv(1) == b""
    assert 4 < time.monotonic() - began < 8
