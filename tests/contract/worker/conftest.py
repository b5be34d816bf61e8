"""The real Workers runtime (workerd), running the very Worker that Cloudflare is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, define, frozen
from support.loopback import Behaviour, Hit, Service, answer, free_port, service
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


# Where Cloudflare has Analytics Engine, workerd sends the data points to a service.
ANALYTICS = """
    ( name = "analytics",
      external = ( address = "127.0.0.1:{port}", http = () ) ),
"""


def _write(script: Script, port: int, folder: Path, analytics: int | None) -> Path:
    (folder / script.main_module).write_text(script.content)
    config = folder / "workerd.capnp"
    text = workerd_config(script, f"127.0.0.1:{port}")
    for name in script.datasets:
        binding = f'( name = "{name}", analyticsEngine = "analytics" ), '
        text = text.replace("bindings = [ ", f"bindings = [ {binding}")
        text = text.replace("services = [", "services = [" + ANALYTICS.format(port=analytics))
    # A test says with this header that a request came over HTTPS, which Cloudflare takes off.
    scheme = 'http = ( forwardedProtoHeader = "x-test-scheme" )'
    config.write_text(text.replace("http = ()", scheme))
    return config


@contextmanager
def _running(workerd: Path, script: Script, folder: Path, analytics: int | None) -> Iterator[int]:
    port = free_port()
    config = _write(script, port, folder, analytics)
    command = [str(workerd), "serve", "--experimental", str(config)]
    with listening(command, port, folder):
        yield port


@define
class Site:
    """The double of an edge: its health apart from what it answers; both may change at any time."""

    service: Service
    behave: Behaviour = Factory(answer)
    health: Behaviour = Factory(answer)

    def __attrs_post_init__(self) -> None:
        self.service.behave = self._dispatch

    def _dispatch(self, handler: BaseHTTPRequestHandler) -> None:
        (self.health if handler.path == HEALTH else self.behave)(handler)

    @property
    def hits(self) -> list[Hit]:
        """The requests of clients."""
        return [hit for hit in self.service.hits if hit.target != HEALTH]

    @property
    def checks(self) -> int:
        """How often its health was asked."""
        return len(self.service.hits) - len(self.hits)

    def url(self, scheme: str) -> str:
        return f"{scheme}{self.service.url.removeprefix('http')}"

    def forget(self) -> None:
        self.service.hits.clear()

    def fail(self, behave: Behaviour) -> None:
        """Behave so to everybody, also to who asks for its health."""
        self.behave = self.health = behave

    def kill(self) -> None:
        self.service.kill()


@frozen
class World:
    """A Worker on `port` before the edges of three sites."""

    port: int
    aws: Site
    google: Site
    azure: Site
    analytics: Service | None = None  # gets the data points


Routes = dict[str, list[str]]
HEALTH = "/healthz"
ROUTES: Routes = {
    "/api/v5": ["aws", "google", "azure"],
    "/api/v6": ["google"],
    "/api/v5/models": ["azure", "aws"],
}


@pytest.fixture
def start(workerd: Path, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Starts a Worker with routes before three services; all end with the test."""
    with ExitStack() as stack:

        def starting(
            routes: Routes = ROUTES,
            hedged: Collection[str] = (),
            health: Mapping[str, str] | None = None,
            scheme: str = "http",
            spares: Mapping[str, str] | None = None,
            **options: Any,
        ) -> World:
            names = ("aws", "google", "azure")
            further = spares or {}  # the site of which another one's edge is a further edge

            def origin(name: str) -> Origin:
                urls = [sites[each].url(scheme) for each in further if further[each] == name]
                return Origin(name, sites[name].url(scheme), urls)

            sites = {name: Site(stack.enter_context(service())) for name in names}
            host = VirtualHost(
                name="test",
                hostname="api.example.com",
                **{"timeout_seconds": 1, **options},
                routes=[
                    RouteSpec(
                        prefix,
                        map(origin, names),
                        hedge=prefix in hedged,
                        health=(health or {}).get(prefix, HEALTH),
                    )
                    for prefix, names in routes.items()
                ],
            )
            script = workerd_script(host)
            analytics = stack.enter_context(service()) if script.datasets else None
            at = analytics.port if analytics else None
            port = stack.enter_context(_running(workerd, script, tmp_path, at))
            return World(port, **sites, analytics=analytics)

        yield starting


@pytest.fixture
def world(start: Any) -> World:
    started: World = start()
    return started
