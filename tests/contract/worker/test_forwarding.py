"""What the Worker does with a request that meets a healthy site."""

from __future__ import annotations

import gzip
import json
import socket
from itertools import pairwise
from typing import Any

import pytest
from support.loopback import (
    answer,
    arrivals,
    ask,
    echo_websocket,
    send_chunks,
    service,
    stream,
    websocket_echo,
)


@pytest.mark.parametrize(
    ("target", "site"),
    [
        ("/api/v5", "aws"),
        ("/api/v5/", "aws"),
        ("/api/v5?q=/api/v6", "aws"),
        ("/api/v5/x/y", "aws"),
        ("/api/v6", "google"),
        ("/api/v5/models", "azure"),
        ("/api/v5/models/a", "azure"),
        ("/api/v5/modelsX", "aws"),
        ("/api/v6/../v5", "aws"),
    ],
)
def test_longest_prefix_of_whole_segments_wins(world: Any, target: str, site: str) -> None:
    reply = ask(world.port, target)
    assert (reply.status, reply.headers["trunkline-site"]) == (200, site)
    assert len(getattr(world, site).hits) == 1


@pytest.mark.parametrize("target", ["/", "/api", "/api/v50", "/API/v5", "/api%2Fv5"])
def test_no_route(world: Any, target: str) -> None:
    reply = ask(world.port, target)
    assert (reply.status, json.loads(reply.body)) == (404, {"error": "no route"})


def test_root_serves_the_rest(start: Any) -> None:
    world = start({"/": ["azure"], "/api": ["aws"]})
    assert ask(world.port, "/").headers["trunkline-site"] == "azure"
    assert ask(world.port, "/apis").headers["trunkline-site"] == "azure"
    assert ask(world.port, "/api/x").headers["trunkline-site"] == "aws"


@pytest.mark.parametrize(
    "rest", ["", "/", "/a%20b/%2F/%41", "?a=b&c=%2F%20+&d", "/x?", "/~;,:@!$'()*"]
)
def test_target_stays_as_it_is(world: Any, rest: str) -> None:
    ask(world.port, f"/api/v5{rest}")
    assert world.aws.hits[0].target == f"/api/v5{rest}"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_method_headers_status_and_body_go_through(world: Any, method: str) -> None:
    world.aws.behave = answer(418, b"short and stout", etag="t")
    body = b"tea" if method == "POST" else None
    reply = ask(world.port, "/api/v5", method=method, body=body, authorization="Bearer x")
    assert (reply.status, reply.headers["etag"]) == (418, "t")
    assert reply.body == (b"" if method == "HEAD" else b"short and stout")
    (hit,) = world.aws.hits
    assert (hit.method, hit.body, hit.headers["authorization"]) == (method, body or b"", "Bearer x")


def test_the_answer_names_the_site_and_the_request_the_host(world: Any) -> None:
    forged: dict[str, Any] = {"trunkline-site": "mars"}
    world.aws.behave = answer(**forged)
    reply = ask(world.port, "/api/v5", x__forwarded__host="evil")
    assert reply.headers["trunkline-site"] == "aws"
    assert world.aws.hits[0].headers["x-forwarded-host"] == f"localhost:{world.port}"


def test_redirects_are_the_clients_to_follow(world: Any) -> None:
    world.aws.behave = answer(302, b"", location="/api/v6")
    reply = ask(world.port, "/api/v5")
    assert (reply.status, reply.headers["location"]) == (302, "/api/v6")
    assert not world.google.hits


def test_compressed_answers_stay_as_they_are(world: Any) -> None:
    packed = gzip.compress(b"hello" * 100)
    world.aws.behave = answer(200, packed, **{"content-encoding": "gzip"})
    reply = ask(world.port, "/api/v5", accept__encoding="gzip")
    assert gzip.decompress(reply.body) == b"hello" * 100


@pytest.mark.slow
def test_an_answer_streams_for_longer_than_the_timeout(world: Any) -> None:
    world.aws.behave = stream(6, 0.3)  # 1.5 s in all; the time-out is 1 s
    times = arrivals(world.port, "/api/v5")
    assert len(times) == 6
    assert all(later - earlier > 0.15 for earlier, later in pairwise(times))


def test_a_request_streams(world: Any) -> None:
    assert send_chunks(world.port, "/api/v5", [b"a", b"b", b"c"], 0.1) == 200
    (hit,) = world.aws.hits
    assert hit.body == b"abc"
    assert hit.body_pieces > 1  # it was not collected first


def test_a_websocket_passes(world: Any) -> None:
    world.aws.behave = echo_websocket
    assert websocket_echo(world.port, "/api/v5/ws", b"ping") == b"ping"


def send(world: Any, text: str) -> bytes:
    """The first bytes of the answer to a request that is sent as it is."""
    with socket.create_connection(("127.0.0.1", world.port), timeout=5) as client:
        client.sendall(text.encode())
        return client.recv(1000)


@pytest.mark.parametrize("host", ["a@127.0.0.1:{}", "a:b@api.example.com"])
def test_userinfo_in_the_host_leads_nowhere(world: Any, host: str) -> None:
    with service() as stranger:
        named = host.format(stranger.port)
        said = send(world, f"GET /api/v5 HTTP/1.1\r\nhost: {named}\r\nconnection: close\r\n\r\n")
    assert b"HTTP/1.1 400" in said
    assert not stranger.hits
    assert not world.aws.hits


def test_trace_is_refused(world: Any) -> None:
    said = send(world, "TRACE /api/v5 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert said.split()[1] in (b"405", b"501")
    assert not world.aws.hits


def test_plain_http_is_refused_where_the_edges_are_reached_over_https(start: Any) -> None:
    world = start(scheme="https")
    reply = ask(world.port, "/api/v5")
    assert (reply.status, json.loads(reply.body)) == (403, {"error": "https only"})
    assert ask(world.port, "/other", x__test__scheme="https").status == 404


def test_browsers_are_told_to_stay_with_https_where_it_is_wanted(start: Any) -> None:
    world = start(scheme="https", hsts_seconds=86_400)
    headers = ask(world.port, "/other", x__test__scheme="https").headers
    assert headers["strict-transport-security"] == "max-age=86400"


def test_without_a_wish_nothing_is_said_about_https(world: Any) -> None:
    assert "strict-transport-security" not in ask(world.port, "/api/v5").headers


def test_the_key_of_the_edges_comes_with_every_request_and_is_the_worker_s_own(start: Any) -> None:
    world = start(edge_key="k" * 64)
    ask(world.port, "/api/v5", trunkline__edge__key="a client's")
    ask(world.port, "/api/v5", method="POST", body=b"x")
    hits = world.aws.service.hits
    assert {hit.target for hit in hits} == {"/api/v5", "/healthz"}
    assert {hit.headers["trunkline-edge-key"] for hit in hits} == {"k" * 64}


def test_without_a_key_there_is_none(world: Any) -> None:
    ask(world.port, "/api/v5")
    assert not [hit for hit in world.aws.service.hits if "trunkline-edge-key" in hit.headers]
