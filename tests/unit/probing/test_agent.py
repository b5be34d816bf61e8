"""The agent of a probe, running."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator

import pytest

from trunkline.probing import agent

WHERE = {"site": "shop", "cloud": "aws", "zone": "us-east-1a"}


@pytest.fixture
def port() -> Iterator[int]:
    server = agent.server(WHERE, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def get(port: int, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    return connection.getresponse()


def test_it_says_that_it_stands_and_where(port: int) -> None:
    answer = get(port, "/healthz")
    assert answer.status == 200
    content = json.loads(answer.read())
    assert content.pop("uptime_seconds") >= 0
    assert content == WHERE


def test_it_answers_nothing_else(port: int) -> None:
    assert get(port, "/").status == 404
    assert "Python" not in str(get(port, "/healthz").headers)
