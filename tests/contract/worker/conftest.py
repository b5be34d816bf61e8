"""The real Workers runtime (workerd), running the very Worker that Cloudflare is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from support.loopback import Service, free_port, service
from support.programs import listening
from support.workerd import workerd_or_skip

from trunkline.routing import (
    Origin,
    RouteSpec,
    Script,
    VirtualHost,
    workerd_config,
    workerd_script,
)


@pytest.fixture(scope="session")
def workerd() -> Path:
    return workerd_or_skip()


def _write(script: Script, port: int, folder: Path) -> Path:
    (folder / script.main_module).write_text(script.content)
    config = folder / "workerd.capnp"
    config.write_text(workerd_config(script, f"127.0.0.1:{port}"))
    return config


@contextmanager
def _running(workerd: Path, script: Script, folder: Path) -> Iterator[int]:
    port = free_port()
    command = [str(workerd), "serve", str(_write(script, port, folder))]
    with listening(command, port, folder):
        yield port


@frozen
class World:
    """A Worker on `port` before the services of three sites."""

    port: int
    aws: Service
    google: Service
    azure: Service


Routes = dict[str, list[str]]
ROUTES: Routes = {
    "/api/v5": ["aws", "google", "azure"],
    "/api/v6": ["google"],
    "/api/v5/models": ["azure", "aws"],
}


@pytest.fixture
def start(workerd: Path, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Starts a Worker with routes before three services; all end with the test."""
    with ExitStack() as stack:

        def starting(routes: Routes = ROUTES, timeout_seconds: int = 1) -> World:
            sites = {name: stack.enter_context(service()) for name in ("aws", "google", "azure")}
            host = VirtualHost(
                name="test",
                hostname="api.example.com",
                timeout_seconds=timeout_seconds,
                routes=[
                    RouteSpec(prefix, [Origin(name, sites[name].url) for name in names])
                    for prefix, names in routes.items()
                ],
            )
            script = workerd_script(host)
            port = stack.enter_context(_running(workerd, script, tmp_path))
            return World(port, **sites)

        yield starting


@pytest.fixture
def world(start: Any) -> World:
    started: World = start()
    return started
