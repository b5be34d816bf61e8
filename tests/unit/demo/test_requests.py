"""Requests to a route."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from trunkline.demo.requests import RouteError, get

BODIES = {"/sample": b'{"zone": "us-east-1b"}', "/other": b"[1]", "/text": b"hello"}


class Ingress(BaseHTTPRequestHandler):
    """A double of the ingress: names the site in a header."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path in BODIES else 404)
        if self.path != "/anonymous":
            self.send_header("trunkline-site", "aws")
        self.end_headers()
        self.wfile.write(BODIES.get(self.path, b""))

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Ingress)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_response_of_the_sample_service_names_site_and_zone(url: str) -> None:
    response = get(f"{url}/sample")
    assert (response.status, response.served_by) == (200, "aws/us-east-1b")
    assert response.milliseconds > 0


@pytest.mark.parametrize(("path", "body"), [("/other", [1]), ("/text", "hello")])
def test_a_response_of_another_service_names_the_site(url: str, path: str, body: object) -> None:
    response = get(f"{url}{path}")
    assert (response.served_by, response.body) == ("aws", body)


def test_a_response_without_a_site_is_of_an_unknown_one(url: str) -> None:
    response = get(f"{url}/anonymous")
    assert (response.status, response.served_by) == (404, "?")


def test_an_ingress_that_does_not_answer_is_a_route_error() -> None:
    with pytest.raises(RouteError, match=r"does not answer: .*; see trunkline local status"):
        get("http://127.0.0.1:1", timeout=1)
