"""Requests that go on while something changes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from trunkline.demo.traffic import Traffic

seen: Counter[str] = Counter()


class Ingress(BaseHTTPRequestHandler):
    """Answers each third POST with 503, and marks what comes from the fifth request on."""

    def answer(self) -> None:
        seen[self.command] += 1
        lost = self.command == "POST" and seen["POST"] % 3 == 0
        self.send_response(503 if lost else 404)
        if seen.total() >= 5:
            self.send_header("X-Mark", "yes")
        self.end_headers()

    do_GET = do_POST = answer  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Ingress) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a"
        server.shutdown()


def run(traffic: Traffic) -> None:
    with traffic.running():
        deadline = time.monotonic() + 10
        while traffic.sent < 12 and time.monotonic() < deadline:
            time.sleep(0.01)


def test_it_counts_what_was_sent_and_what_failed(url: str) -> None:
    began = time.monotonic()
    traffic = Traffic(url, ("GET", "POST"), "x-mark")
    run(traffic)
    assert traffic.sent == seen.total() >= 12
    assert traffic.failed == seen["POST"] // 3
    assert seen["GET"] and seen["POST"]
    assert traffic.marked and began < traffic.marked < time.monotonic()
    assert str(traffic) == f"{traffic.sent} requests, {traffic.failed} failed"


def test_no_response_is_a_failure() -> None:
    traffic = Traffic("http://127.0.0.1:9")
    run(traffic)
    assert traffic.failed == traffic.sent >= 12
    assert traffic.marked is None
