"""An edge of this machine that changes, or ends, while it is asked: with the real Envoy."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from support.machines import Stack

from trunkline.addresses import loopback
from trunkline.envoy import LoopbackListener, bootstrap, resources, route_file
from trunkline.local.machine import LocalMachine
from trunkline.model import Forwarding, Http, Server, Upstream
from trunkline.payload.units import Envoy
from trunkline.payload.units.envoy import ADMIN_SOCKET

pytestmark = pytest.mark.slow
CIDR = f"127.{random.randrange(130, 250)}.0.0/16"
AT = loopback.edge_endpoint(CIDR, "a")
SLOW_SECONDS = 1.5


class Slow(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        time.sleep(SLOW_SECONDS)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def slow() -> Iterator[int]:
    """The port of a service that takes its time."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def edge(port: int, prefixes: Sequence[str] = ("/a",), http: Http | None = None) -> LocalMachine:
    upstreams: dict[str | None, Upstream] = {None: Upstream([Server("127.0.0.1", port, tls=False)])}
    made = resources(
        site="aws",
        zone="a",
        cloud="local",
        routes=dict.fromkeys(prefixes, Forwarding()),
        upstreams=upstreams,
        listener=LoopbackListener(AT.port, AT.host),
        http=http or Http(),
        folder=".",
    )
    config = bootstrap(made, site="aws", zone="a", admin_socket=ADMIN_SOCKET, routes_apart=True)
    unit = Envoy(bootstrap=config, routes=route_file(made)).local(CIDR, "a")
    return LocalMachine(
        name="web", kind="edge", processes=(unit.process,), addresses=unit.addresses
    )


def post(path: str = "/a") -> int:
    connection = http.client.HTTPConnection(AT.host, AT.port, timeout=20)
    connection.request("POST", path)
    return connection.getresponse().status


def test_new_routes_are_taken_while_envoy_runs(stack: Stack, slow: int) -> None:
    assert stack.start(edge(slow)).returncode == 0
    assert (post("/a"), post("/b")) == (200, 404)
    process = stack.process()
    done = stack.start(edge(slow, ["/a", "/b"]))
    assert done.stdout == "web has taken its new routes\n"
    assert post("/b") == 200
    assert stack.process() == process
    assert stack.start(edge(slow, ["/a", "/b"])).stdout == "web runs already\n"


def test_routes_that_envoy_refuses_replace_the_machine_which_fails(stack: Stack, slow: int) -> None:
    assert stack.start(edge(slow)).returncode == 0
    machine = edge(slow, ["/a"])
    machine.processes[0].files["rds-edge.json"] = "{}"  # type: ignore[index]
    done = stack.start(machine)
    assert done.returncode == 1
    stack.assert_nothing_left(machine)


def test_a_request_under_way_ends_before_another_change_replaces_the_machine(
    stack: Stack, slow: int
) -> None:
    assert stack.start(edge(slow)).returncode == 0
    process = stack.process()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(post)
        time.sleep(0.3)
        done = stack.start(edge(slow, http=Http(request_seconds=60)))
        assert done.returncode == 0, done.stderr
        assert answer.result() == 200
    assert stack.process() != process


def test_a_request_under_way_ends_before_the_machine_stops(stack: Stack, slow: int) -> None:
    machine = edge(slow)
    assert stack.start(machine).returncode == 0
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(post)
        time.sleep(0.3)
        assert stack.stop().returncode == 0
        assert answer.result() == 200
    stack.assert_nothing_left(machine)


def test_an_edge_that_nobody_asks_stops_at_once(stack: Stack, slow: int) -> None:
    assert stack.start(edge(slow)).returncode == 0
    began = time.monotonic()
    assert stack.stop().returncode == 0
    assert time.monotonic() - began < 3
