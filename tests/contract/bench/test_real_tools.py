"""The real wrk and the real autocannon measure a server of this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.command import trunkline
from support.examples import ROOT

from trunkline.bench.drive import Tools, Variant
from trunkline.bench.load import LoadError
from trunkline.bench.results import Settings, load_results

pytestmark = pytest.mark.slow

SECONDS = 0.02


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    seen: set[str]

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a tool has closed its connections at its end


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.server.seen.add(self.headers.get("x-key", ""))
        time.sleep(SECONDS)
        self.send_response(404 if self.path == "/absent" else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as found:
        found.seen = set()
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def test_both_tools_see_the_time_that_an_answer_takes_and_send_the_headers(
    server: _Server,
) -> None:
    tools = Tools.find(Settings(seconds=1, warmup_seconds=0, connections=4, rate=40))
    url = f"http://127.0.0.1:{server.server_port}/"
    for run in tools.measure(Variant("here", url, {"x-key": 'a"b'})):
        # autocannon's own correction would show far less than the server takes.
        assert run.p50_ms >= 1000 * SECONDS
        assert run.errors == 0
        assert run.requests_per_second > 10
    assert server.seen == {'a"b'}


def test_a_target_that_refuses_is_an_error(server: _Server) -> None:
    tools = Tools.find(Settings(seconds=1, warmup_seconds=1, connections=2, rate=10))
    url = f"http://127.0.0.1:{server.server_port}/absent"
    with pytest.raises(LoadError, match="has answered no request with 2xx"):
        tools.warm_up(Variant("here", url, {}))


def test_a_route_of_a_topology_is_measured_and_kept(server: _Server, tmp_path: Path) -> None:
    text = (ROOT / "topologies" / "local.yaml").read_text()
    topology = tmp_path / "topology.yaml"
    topology.write_text(text)
    port = server.server_port
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "trunkline.cli.bench_variants.public_url", lambda topology: f"http://127.0.0.1:{port}"
        )
        patch.chdir(ROOT)
        output = tmp_path / "kept.json"
        options = ["--rounds", 1, "--seconds", 1, "--warmup", 0, "--output", output]
        done = trunkline("bench", topology, *options, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["variants"][0]["variant"] == "ingress"
    kept = load_results(output)
    assert kept.complete
    assert [run.tool for run in kept.rounds[0]] == ["autocannon", "wrk"]
