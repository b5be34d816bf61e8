"""Upstreams of several servers, their certificates and health, and what routes do with them."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.certificates import Authority
from support.loopback import answer, ask, eventually, hang, service

from trunkline.model import Forwarding, HeaderRules, RateLimit, Server, Upstream


def at(service: Any, **options: Any) -> Server:
    return Server("127.0.0.1", service.port, False, **options)


@pytest.fixture
def two() -> Iterator[Any]:
    """Two services that say their names."""
    with service() as one, service() as other:
        one.behave, other.behave = answer(body=b"one"), answer(body=b"other")
        yield one, other


def bodies(edge: Any, count: int) -> Counter[bytes]:
    return Counter(ask(edge.port, "/api/v5").body for _ in range(count))


def test_servers_get_requests_by_their_weights(start: Any, two: Any) -> None:
    one, other = two
    with start(Upstream([at(one, weight=3), at(other)])) as edge:
        assert bodies(edge, 40) == {b"one": 30, b"other": 10}


def test_a_server_of_a_higher_priority_number_stands_in(start: Any, two: Any) -> None:
    one, other = two
    with start(Upstream([at(one), at(other, priority=1)])) as edge:
        assert bodies(edge, 10) == {b"one": 10}
        one.kill()
        eventually(lambda: bodies(edge, 10) == {b"other": 10})
        assert ask(edge.port, "/healthz").status == 200


def test_no_request_is_lost_or_sent_twice_when_a_server_goes(start: Any, two: Any) -> None:
    one, other = two
    with start(Upstream([at(one), at(other)])) as edge:
        with futures.ThreadPoolExecutor(4) as pool:
            posts = [
                pool.submit(ask, edge.port, f"/api/v5/{n}", method="POST", body=b"pay")
                for n in range(200)
            ]
            eventually(lambda: len(one.hits) > 20)
            one.refuse()
            assert {post.result().status for post in posts} == {200}
        seen = Counter(hit.target for each in two for hit in each.hits)
        assert set(seen.values()) == {1}
        assert len(seen) == 200


def test_a_server_is_healthy_while_its_health_path_says_so(start: Any, two: Any) -> None:
    one, _ = two
    with start(Upstream([at(one)], health_path="/ready?deep=1")) as edge:
        assert ask(edge.port, "/api/v5").status == 200
        assert one.hits[0].target == "/ready?deep=1"
        assert one.hits[0].headers["host"] == f"127.0.0.1:{one.port}"
        one.behave = answer(500)
        eventually(lambda: ask(edge.port, "/healthz").status == 503)
        one.behave = answer()
        eventually(lambda: ask(edge.port, "/healthz").status == 200)


def test_each_upstream_has_its_own_health(start: Any, two: Any) -> None:
    one, other = two
    routes = {"/models": Forwarding(upstream="models"), "/away": Forwarding(upstream="away")}
    with start(Upstream([at(one)]), routes, {"models": Upstream([at(other)])}) as edge:
        assert ask(edge.port, "/models").body == b"other"
        assert ask(edge.port, "/api/v5").body == b"one"
        assert ask(edge.port, "/healthz/models").status == 200
        other.kill()
        eventually(lambda: ask(edge.port, "/healthz/models").status == 503)
        assert ask(edge.port, "/healthz").status == 200
        reply = ask(edge.port, "/models")
        assert (reply.status, reply.headers["trunkline-response-flags"]) == (503, "UH")
        # An upstream that only other sites have: nothing is sent to the one that is here.
        assert ask(edge.port, "/healthz/away").status == 404
        assert ask(edge.port, "/away").status == 503


@pytest.mark.parametrize(
    ("certificate", "server_name", "status"),
    [
        ("localhost", None, 200),
        ("orders.internal", None, 503),
        ("orders.internal", "orders.internal", 200),
    ],
)
def test_believes_the_authority_and_the_name_of_the_topology(
    start: Any, tmp_path: Path, certificate: str, server_name: str | None, status: int
) -> None:
    authority = Authority(tmp_path, "ca")
    ca = Path(authority.certificate).read_text()
    names: list[str | None] = []
    context = authority.server(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with service(tls=context) as behind:
        server = Server("localhost", behind.port, True)
        with start(Upstream([server], ca=ca, server_name=server_name)) as edge:
            assert ask(edge.port, "/api/v5").status == status
    assert names[0] == (server_name or "localhost")


def test_servers_of_two_names_show_each_its_own_certificate(start: Any, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    ca = Path(authority.certificate).read_text()
    with (
        service(tls=authority.server("localhost")) as one,
        service(tls=authority.server("localhost")) as other,
    ):
        servers = [Server("localhost", one.port, True), Server("127.0.0.1", other.port, True)]
        with start(Upstream(servers, ca=ca)) as edge:
            eventually(lambda: ask(edge.port, "/api/v5").status == 200)
            for _ in range(10):
                ask(edge.port, "/api/v5")
        assert one.hits
        assert not other.hits, "a certificate of another name was believed"


@pytest.mark.parametrize(
    ("prefix", "rewrite", "target", "expected"),
    [
        ("/api", "/v1", "/api/x?a=%2F", "/v1/x?a=%2F"),
        ("/api", "/v1", "/api", "/v1"),
        ("/api", "/", "/api", "/"),
        ("/api", "/", "/api/", "/"),
        ("/api", "/", "/api/x/y?z=1", "/x/y?z=1"),
        ("/a.b~c-d", "/", "/a.b~c-d/x", "/x"),
        ("/", "/v1", "/x", "/v1/x"),
        ("/", "/v1", "/", "/v1/"),
    ],
)
def test_rewrites_a_prefix(
    start: Any, prefix: str, rewrite: str, target: str, expected: str
) -> None:
    with service() as behind:
        routes = {prefix: Forwarding(rewrite=rewrite)}
        with start(Upstream([at(behind)]), routes) as edge:
            assert ask(edge.port, target).status == 200
        assert [hit.target for hit in behind.hits] == [expected]


def test_ends_an_answer_that_takes_too_long(start: Any) -> None:
    with service() as behind:
        slow: Any = lambda handler: (hang(3)(handler), answer()(handler))  # noqa: E731
        behind.behave = slow
        with start(Upstream([at(behind)]), {"/quick": Forwarding(timeout_seconds=1)}) as edge:
            began = time.monotonic()
            reply = ask(edge.port, "/quick")
            assert (reply.status, reply.headers["trunkline-response-flags"]) == (504, "UT")
            assert time.monotonic() - began < 2.5
            assert ask(edge.port, "/api/v5").status == 200


def test_takes_no_more_requests_than_a_route_allows(start: Any) -> None:
    with service() as behind:
        routes = {"/few": Forwarding(rate_limit=RateLimit(3, 60))}
        with start(Upstream([at(behind)]), routes) as edge:
            replies = [ask(edge.port, "/few") for _ in range(5)]
            assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
            assert replies[-1].headers["retry-after"] == "60"
            assert json.loads(replies[-1].body)["status"] == 429
            assert ask(edge.port, "/api/v5").status == 200
        assert sum(hit.target == "/few" for hit in behind.hits) == 3


def test_changes_headers_of_requests_and_answers(start: Any) -> None:
    route = Forwarding(
        request_headers=HeaderRules(set={"x-tenant": "100%"}, remove=["cookie"]),
        response_headers=HeaderRules(set={"cache-control": "no-store"}, remove=["x-debug"]),
    )
    with service() as behind:
        debug: Any = {"x-debug": "1", "cache-control": "public"}
        behind.behave = answer(**debug)
        with start(Upstream([at(behind)]), {"/api": route}) as edge:
            reply = ask(edge.port, "/api", cookie="a=b", x__tenant="evil")
    sent = behind.hits[0].headers
    assert (sent["x-tenant"], "cookie" in sent) == ("100%", False)
    assert (reply.headers["cache-control"], "x-debug" in reply.headers) == ("no-store", False)


def _echo(messages: Iterator[bytes], context: Any) -> Iterator[bytes]:
    context.set_trailing_metadata((("x-count", "3"),))
    yield from messages


@pytest.fixture
def grpc_port() -> Iterator[int]:
    """A gRPC service that sends back what it gets, message by message."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    method = grpc.stream_stream_rpc_method_handler(_echo)
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("trunkline.Echo", {"Talk": method})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None).wait()


def test_grpc_streams_both_ways_with_its_trailers(start: Any, grpc_port: int) -> None:
    upstream = Upstream([Server("127.0.0.1", grpc_port, False)], protocol="http2")
    with (
        start(upstream, {"/trunkline.Echo": Forwarding()}) as edge,
        grpc.insecure_channel(f"localhost:{edge.port}") as channel,
    ):
        talk = channel.stream_stream("/trunkline.Echo/Talk")(iter([b"a", b"b", b"c"]), timeout=10)
        assert list(talk) == [b"a", b"b", b"c"]
        assert ("x-count", "3") in talk.trailing_metadata()
        lost = channel.stream_stream("/trunkline.Other/Talk")(iter([b"a"]), timeout=10)
        with pytest.raises(grpc.RpcError) as raised:
            list(lost)
        assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("chunked", [False, True], ids=["with-its-length", "in-pieces"])
def test_a_body_may_be_so_long_and_no_longer(start: Any, two: Any, chunked: bool) -> None:
    one, _ = two
    routes = {"/files": Forwarding(max_body_bytes=100_000)}
    with start(Upstream([at(one)]), routes) as edge:
        assert send(edge.port, "/files", b"a" * 100_000, chunked) == 200
        assert send(edge.port, "/files", b"a" * 100_001, chunked) == 413
        assert [len(hit.body) for hit in one.hits] == [100_000]
        assert send(edge.port, "/api/v5", b"a" * 200_000, chunked) == 200


def send(port: int, target: str, body: bytes, chunked: bool) -> int:
    connection = http.client.HTTPConnection("localhost", port, timeout=20)
    pieces = iter([body[:1000], body[1000:]])
    connection.request("POST", target, pieces if chunked else body, encode_chunked=chunked)
    status = connection.getresponse().status
    connection.close()
    return status
