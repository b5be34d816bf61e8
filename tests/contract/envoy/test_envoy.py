"""An edge in its own right: the real Envoy, asked over loopback."""

from __future__ import annotations

import json
import socket
import stat
from typing import Any

import pytest
from support.loopback import ask, eventually, service

from trunkline.model import Http, Upstream
from trunkline.model.edge import Underscores


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("/api/v5", "/api/v5"),
        ("/api/v5/", "/api/v5"),
        ("/api/v5?q=1", "/api/v5"),
        ("/api/v5/modelsX", "/api/v5"),
        ("/api/v5/models", "/api/v5/models"),
        ("/api/v5/models/a/b", "/api/v5/models"),
        ("/api/v6/x", "/api/v6"),
    ],
)
def test_tells_where_it_stands(edge: Any, target: str, route: str) -> None:
    reply = ask(edge.port, target)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    expected = {"site": "aws", "cloud": "aws", "zone": "us-east-1a", "route": route}
    assert json.loads(reply.body) == expected


@pytest.mark.parametrize("target", ["/", "/api", "/api/v50", "/api/v5x/models", "/other"])
def test_what_no_prefix_covers_is_not_found(edge: Any, target: str) -> None:
    reply = ask(edge.port, target)
    assert (reply.status, reply.headers["content-type"]) == (404, "application/json")
    assert json.loads(reply.body) == {"site": "aws", "status": 404, "error": "NoRouteFound"}


@pytest.mark.parametrize("target", ["/api/v5", "/healthz", "/other", "/api%2fv5"])
def test_every_response_names_the_site(edge: Any, target: str) -> None:
    headers = ask(edge.port, target).headers
    assert headers["trunkline-site"] == "aws"
    assert headers["server"] == "trunkline"


def test_refuses_headers_with_underscores(edge: Any) -> None:
    reply = ask(edge.port, "/api/v5", x_y="1")
    assert (reply.status, b"unexpected_underscore" in reply.body) == (400, True)


@pytest.mark.parametrize(("action", "passes"), [("drop", False), ("keep", True)])
def test_takes_headers_with_underscores_where_the_topology_says_so(
    start: Any, action: Underscores, passes: bool
) -> None:
    with (
        service() as behind,
        start(
            upstream=Upstream.from_url(behind.url), http=Http(headers_with_underscores=action)
        ) as edge,
    ):
        eventually(lambda: ask(edge.port, "/healthz").status == 200)
        assert ask(edge.port, "/api/v5", x_y="1").status == 200
        [hit] = behind.hits
        assert ("x_y" in hit.headers) is passes


def test_a_body_that_comes_too_slowly_ends_its_request(start: Any) -> None:
    with (
        service() as behind,
        start(upstream=Upstream.from_url(behind.url), http=Http(request_seconds=1)) as edge,
    ):
        eventually(lambda: ask(edge.port, "/healthz").status == 200)
        with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as client:
            client.sendall(b"POST /api/v5 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
            assert client.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert ask(edge.port, "/api/v5", method="POST", body=b"x" * 100_000).status == 200


@pytest.mark.parametrize(
    "target", ["/api/v5/../v6", "/api/v5/%2e%2e/v6", "//api///v6", "/api/v5/./../v6/."]
)
def test_knows_one_spelling_of_a_path(edge: Any, target: str) -> None:
    assert json.loads(ask(edge.port, target).body)["route"] == "/api/v6"


@pytest.mark.parametrize("target", ["/api/v5%2f..%2fv6?q=1", "/api/v5%5c..%5cv6?q=1"])
def test_redirects_escaped_slashes(edge: Any, target: str) -> None:
    reply = ask(edge.port, target)
    assert reply.status == 307
    # Without scheme and host: the origin's own name must not reach a client.
    assert reply.headers["location"] == "/api/v6?q=1"


def test_access_log_is_json_without_queries_and_cookies(edge: Any) -> None:
    ask(edge.port, "/api/v5/logged?token=s3cret", cookie="s3cret", cf__ray="8f", x__request__id="r")
    eventually(lambda: any(line["path"] == "/api/v5/logged" for line in edge.log()), 20)
    (line,) = [line for line in edge.log() if line["path"] == "/api/v5/logged"]
    assert (line["status"], line["ray"], line["request_id"]) == (200, "8f", "r")
    assert (line["site"], line["route"]) == ("aws", "/api/v5")
    assert "s3cret" not in json.dumps(edge.log())


def test_client_is_the_address_that_cloudflare_saw(edge: Any) -> None:
    ask(edge.port, "/api/v5/xff", x__forwarded__for="198.51.100.1, 203.0.113.9")
    eventually(lambda: any(line["path"] == "/api/v5/xff" for line in edge.log()), 20)
    (line,) = [line for line in edge.log() if line["path"] == "/api/v5/xff"]
    assert line["client"] == "203.0.113.9"


def test_health_checks_are_not_logged(edge: Any) -> None:
    ask(edge.port, "/healthz")
    ask(edge.port, "/api/v5/after-health")
    eventually(lambda: any(line["path"] == "/api/v5/after-health" for line in edge.log()), 20)
    assert "/healthz" not in {line["path"] for line in edge.log()}


def test_admin_socket_is_for_its_owner_only(edge: Any) -> None:
    mode = (edge.folder / "admin.sock").stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def test_drains_over_the_admin_socket(start: Any) -> None:
    with start() as edge:
        assert ask(edge.port, "/healthz").status == 200
        assert b"200 OK" in edge.admin("/healthcheck/fail")
        assert ask(edge.port, "/healthz").status == 503
        assert ask(edge.port, "/api/v5").status == 200  # what is under way still gets its answer
