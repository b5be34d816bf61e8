"""An edge before a service: what goes through, and what a client sees when the service is away."""

from __future__ import annotations

import json
import ssl
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority
from support.loopback import (
    answer,
    arrivals,
    ask,
    echo_websocket,
    hang,
    send_chunks,
    service,
    stream,
    websocket_echo,
)

from trunkline.envoy.cluster import SYSTEM_CA
from trunkline.model import Upstream


@pytest.fixture(scope="module")
def proxied(start: Any) -> Any:
    """An edge and the service behind it, by address."""
    with service() as upstream, start(Upstream("127.0.0.1", upstream.port, False)) as edge:
        yield edge, upstream


@pytest.fixture
def pair(proxied: Any) -> Any:
    edge, upstream = proxied
    upstream.hits.clear()
    upstream.behave = answer()
    return edge, upstream


@pytest.mark.parametrize(
    "target", ["/api/v5", "/api/v5/x%20y?a=b&c=%2F", "/api/v6/?", "/api/v5/models"]
)
def test_forwards_target_body_and_answer(pair: Any, target: str) -> None:
    edge, upstream = pair
    upstream.behave = answer(418, b"short and stout", etag="t")
    reply = ask(edge.port, target, method="POST", body=b"tea")
    assert (reply.status, reply.body, reply.headers["etag"]) == (418, b"short and stout", "t")
    assert reply.headers["trunkline-site"] == "aws"
    (hit,) = upstream.hits
    assert (hit.method, hit.target, hit.body) == ("POST", target, b"tea")


def test_names_the_service_as_host(pair: Any) -> None:
    edge, upstream = pair
    ask(edge.port, "/api/v5")
    assert upstream.hits[0].headers["host"] == f"127.0.0.1:{upstream.port}"


@pytest.mark.parametrize("target", ["/", "/api/v50", "/api/v5x"])
def test_forwards_nothing_that_no_prefix_covers(pair: Any, target: str) -> None:
    edge, upstream = pair
    assert ask(edge.port, target).status == 404
    assert not upstream.hits


def test_keeps_a_request_id(pair: Any) -> None:
    edge, upstream = pair
    ask(edge.port, "/api/v5", x__request__id="mine")
    assert upstream.hits[0].headers["x-request-id"] == "mine"


def test_streams_an_answer_piece_by_piece(pair: Any) -> None:
    edge, upstream = pair
    upstream.behave = stream(4, 0.2)
    times = arrivals(edge.port, "/api/v5")
    assert len(times) == 4
    assert all(later - earlier > 0.1 for earlier, later in pairwise(times))


def test_streams_a_request(pair: Any) -> None:
    edge, upstream = pair
    assert send_chunks(edge.port, "/api/v5", [b"a", b"b", b"c"], 0.1) == 200
    assert (upstream.hits[0].body, upstream.hits[0].body_pieces) == (b"abc", 3)


def test_passes_a_websocket(pair: Any) -> None:
    edge, upstream = pair
    upstream.behave = echo_websocket
    assert websocket_echo(edge.port, "/api/v5/ws", b"ping") == b"ping"


@pytest.mark.slow
def test_waits_longer_than_envoys_default_for_an_answer(pair: Any) -> None:
    edge, upstream = pair
    upstream.behave = lambda handler: (hang(16)(handler), answer()(handler))  # default: 15 s
    assert ask(edge.port, "/api/v5").status == 200


def test_a_service_that_is_down_is_unavailable(start: Any) -> None:
    with service() as upstream:
        port = upstream.port
    with start(Upstream("127.0.0.1", port, False)) as edge:
        reply = ask(edge.port, "/api/v5")
    assert (reply.status, reply.headers["trunkline-site"]) == (503, "aws")
    assert json.loads(reply.body)["error"].startswith("UpstreamConnectionFailure")


def tls_context(authority: Authority, hostname: str) -> ssl.SSLContext:
    pair = authority.pair(hostname)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


@pytest.mark.parametrize(
    ("named", "trusted", "status"),
    [("localhost", True, 200), ("localhost", False, 503), ("other", True, 503)],
)
def test_believes_a_tls_service_by_name_and_authority(
    start: Any, tmp_path: Path, named: str, trusted: bool, status: int
) -> None:
    authority, stranger = Authority(tmp_path, "ca"), Authority(tmp_path, "stranger")
    believed = (authority if trusted else stranger).certificate
    names: list[str | None] = []
    context = tls_context(authority, named)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with (
        service(tls=context) as upstream,
        start(
            Upstream("localhost", upstream.port, True),
            edit=lambda text: text.replace(SYSTEM_CA, believed),
        ) as edge,
    ):
        assert ask(edge.port, "/api/v5").status == status
    assert names[0] == "localhost"
