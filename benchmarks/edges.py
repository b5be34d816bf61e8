"""An edge beside the smallest Envoy that routes the same, and beside nginx and HAProxy.

The smallest Envoy has the same prefixes, by whole segments, and writes Envoy's own line of log. It
lets in everybody, says nothing of itself in an answer, and has no limits but Envoy's own: what that
costs an edge is in docs/adr/0015-what-an-edge-adds-to-a-request.md.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from benchmarks.measure import Report, Target, parser, progress, show
from benchmarks.proxies import PATH, envoy, free_port, in_turn, minimal, running, service
from trunkline.bench.load import tools
from trunkline.envoy import KeyGuard, LoopbackListener, dynamic_bootstrap, resources
from trunkline.model import DEFAULT_FORWARDING, EDGE_KEY_HEADER, Server, Upstream
from trunkline.payload.sync import with_keys

TITLE = "An edge before a service on loopback, one thread each (wrk; median of runs)"
COLUMNS = ("proxy", "requests/s", "p99 ms", "CPU us per request")
EDGE, MINIMAL = "trunkline's edge", "smallest Envoy"
PREFIXES = (PATH.rpartition("/")[0], "/api/v6", "/api/v7")
HOSTNAME, KEY = "edge.example.com", "5e" * 32

NGINX = """\
daemon off; worker_processes 1; pid nginx.pid; error_log stderr error;
events { worker_connections 1024; }
http {
  access_log access.log;
  upstream service { server 127.0.0.1:SERVICE; keepalive 64; }
  server {
    listen 127.0.0.1:PORT;
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
"""
HAPROXY = """\
global
  nbthread 1
  log stdout format raw daemon
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend all
  bind 127.0.0.1:PORT
  default_backend service
backend service
  http-reuse always
  server service 127.0.0.1:SERVICE
"""
OTHERS = {
    "nginx": (NGINX, ["nginx", "-p", ".", "-c", "nginx"]),
    "haproxy": (HAPROXY, ["haproxy", "-db", "-f", "haproxy"]),
}


def run(runs: int) -> Report:
    """Load all of them in turn."""
    load = tools().get("wrk")
    if load is None:
        return Report(TITLE, COLUMNS, [], [], ("skipped: wrk not found; apt-get install wrk",))
    progress(f"edges: {runs} runs of wrk on each proxy")
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, behind = Path(name), free_port()
        start = _Starter(stack, folder)
        start(envoy(service(behind), "service", folder), behind)
        upstream = Upstream([Server("127.0.0.1", behind, tls=False)])
        own, smallest = free_port(), free_port()
        servers = {
            EDGE: start(envoy(edge_config(own, upstream, name), "edge", folder), own),
            MINIMAL: start(envoy(_minimal(smallest, behind), "minimal", folder), smallest),
        }
        missing = [each for each in OTHERS if shutil.which(each) is None]
        for each, (text, command) in OTHERS.items():
            if each not in missing:
                port = free_port()
                ports = text.replace("PORT", str(port)).replace("SERVICE", str(behind))
                (folder / each).write_text(ports)
                servers[each] = start(command, port)
        headers = {"Host": HOSTNAME, EDGE_KEY_HEADER: KEY}
        found = in_turn(runs, load, servers, headers)
    rows = [(n, s.requests_per_second, s.p99_ms, s.cpu_us) for n, s in found.items()]
    edge, least = found[EDGE], found[MINIMAL]
    rate = edge.requests_per_second / least.requests_per_second
    notes = tuple(f"{each} is not installed: apt-get install {each}" for each in missing)
    return Report(
        TITLE,
        COLUMNS,
        rows,
        [
            Target("requests/s of the smallest Envoy", rate, 0.9, at_least=True),
            Target("CPU per request of the smallest Envoy", edge.cpu_us / least.cpu_us, 1.15),
        ],
        notes,
    )


class _Starter:
    """Starts servers that end with a stack."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder

    def __call__(self, command: list[str], port: int) -> tuple[psutil.Process, int]:
        return self._stack.enter_context(running(command, port, self._folder)), port


def edge_config(
    port: int, upstream: Upstream, folder: str, hostname: str = HOSTNAME
) -> dict[str, Any]:
    """What an edge of a cloud runs, with its key, in one file."""
    config = dynamic_bootstrap(
        site="aws", zone="us-east-1a", folder=folder, admin_socket=f"{folder}/admin.sock"
    )
    del config["dynamic_resources"]
    made = resources(
        site="aws",
        zone="us-east-1a",
        cloud="aws",
        routes=dict.fromkeys(PREFIXES, DEFAULT_FORWARDING),
        upstreams={None: upstream},
        listener=LoopbackListener(port=port),
        guard=KeyGuard([hostname]),
        folder=folder,
    )
    return {**config, "static_resources": with_keys(made.inline(), [KEY])}


def _minimal(port: int, behind: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": behind}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    cluster = {
        "name": "service",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "service", "endpoints": endpoints},
    }
    route = {"route": {"cluster": "service", "timeout": "0s"}}
    return minimal(port, route, [cluster], [{"path_separated_prefix": each} for each in PREFIXES])


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
