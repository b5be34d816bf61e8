"""An edge before a service: what goes through, and what a client sees when the service is away."""

from __future__ import annotations

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority
from support.loopback import (
    answer,
    arrivals,
    ask,
    disconnect,
    echo_websocket,
    eventually,
    hang,
    send_chunks,
    service,
    stream,
    websocket_echo,
)

from trunkline.envoy.cluster import SYSTEM_CA
from trunkline.model import Server, Upstream
from trunkline.payload.unit import packaged


@pytest.fixture(scope="module")
def proxied(start: Any) -> Any:
    """An edge and the service behind it, by address."""
    with (
        service() as upstream,
        start(Upstream([Server("127.0.0.1", upstream.port, False)])) as edge,
    ):
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


def test_a_service_that_is_down_makes_the_edge_unhealthy_until_it_is_back(start: Any) -> None:
    with (
        service() as upstream,
        start(Upstream([Server("127.0.0.1", upstream.port, False)])) as edge,
    ):
        assert ask(edge.port, "/healthz").status == 200
        upstream.kill()
        eventually(lambda: ask(edge.port, "/healthz").status == 503)
        assert ask(edge.port, "/livez").status == 200
        reply = ask(edge.port, "/api/v5")
        assert (reply.status, reply.headers["trunkline-site"]) == (503, "aws")
        assert reply.headers["trunkline-response-flags"] == "UH"
        assert json.loads(reply.body)["error"] == "NoHealthyUpstream"


def test_tells_its_own_failures_from_those_of_the_service(pair: Any) -> None:
    edge, upstream = pair
    forged: dict[str, Any] = {"trunkline-response-flags": "UF"}
    upstream.behave = answer(503, **forged)
    assert ask(edge.port, "/api/v5").headers["trunkline-response-flags"] == "-"
    upstream.behave = disconnect
    reply = ask(edge.port, "/api/v5")
    assert (reply.status, reply.headers["trunkline-response-flags"]) == (503, "UC")


def test_no_header_that_only_proxies_set_reaches_the_service(pair: Any) -> None:
    edge, upstream = pair
    said = ("forwarded", "x__real__ip", "x__original__url", "x__rewrite__url", "trunkline__site")
    evil: dict[str, Any] = dict.fromkeys(said, "evil")
    ask(edge.port, "/api/v5", **evil, x__mine="kept")
    headers = upstream.hits[0].headers
    assert "evil" not in headers.values()
    assert headers["x-mine"] == "kept"


def test_no_answer_tells_of_envoy(pair: Any) -> None:
    edge, _ = pair
    headers = ask(edge.port, "/api/v5").headers
    assert [name for name in headers if name.lower().startswith("x-envoy")] == []


def test_trace_is_refused(pair: Any) -> None:
    edge, upstream = pair
    assert ask(edge.port, "/api/v5", method="TRACE").status == 405
    assert not upstream.hits


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
    context = authority.server(named)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with (
        service(tls=context) as upstream,
        start(
            Upstream([Server("localhost", upstream.port, True)]),
            edit=lambda text: text.replace(SYSTEM_CA, believed),
        ) as edge,
    ):
        assert ask(edge.port, "/api/v5").status == status
    assert names[0] == "localhost"


@pytest.mark.slow
def test_a_drain_waits_for_what_is_under_way(start: Any) -> None:
    with (
        service() as upstream,
        start(Upstream([Server("127.0.0.1", upstream.port, False)])) as edge,
    ):
        behave: Any = lambda handler: (hang(6)(handler), answer()(handler))  # noqa: E731
        upstream.behave = behave
        with ThreadPoolExecutor() as pool:
            slow = pool.submit(ask, edge.port, "/api/v5", method="POST", body=b"pay")
            eventually(lambda: bool(upstream.hits))
            began = time.monotonic()
            environment = {**os.environ, "RUNTIME_DIRECTORY": str(edge.folder)}
            script = packaged("drain.sh")
            subprocess.run(["sh", "-c", script], env=environment, check=True, timeout=40)
            assert slow.done(), "it did not wait"
            assert slow.result().status == 200
        assert 5 < time.monotonic() - began < 12
