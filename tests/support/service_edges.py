"""Edges of two sites on loopback, with services between them: one near applications, and those
near the services. Linux only, which answers on all of 127.0.0.0/8."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from attrs import define, frozen

from support.loopback import eventually
from trunkline.addresses.loopback import EDGE_PORT
from trunkline.envoy import LoopbackListener, Resources, bootstrap, resources
from trunkline.model import EdgeServices, Service

NEAR_SITE, FAR_SITE = "aws", "google"
OPTIONS = ("--disable-hot-restart", "--concurrency", "1", "--log-level", "warn")
OVERLAY = "127.0.0.1/32"  # from where every Envoy of this machine connects


@frozen
class Block:
    """Sixteen addresses of loopback: edges at the first ones, applications at the last eight."""

    prefix: str

    @classmethod
    def free(cls) -> Block:
        """One that no other test is likely to have."""
        return cls(f"127.{random.randint(64, 250)}.{random.randint(0, 250)}")

    def edge(self, number: int) -> str:
        return f"{self.prefix}.{number}"

    @property
    def networks(self) -> tuple[str, ...]:
        return (f"{self.prefix}.8/29",)

    @property
    def application(self) -> str:
        return f"{self.prefix}.9"


@define
class ServiceEdge:
    """A running Envoy of an edge."""

    address: str
    process: subprocess.Popen[bytes]
    folder: Path

    def kill(self) -> None:
        """End it as a machine that is switched off."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        """Let it say nothing any more, while its machine still takes connections."""
        self.process.send_signal(signal.SIGSTOP)

    def admin(self, target: str) -> None:
        """POST to Envoy's administration."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.folder / "admin.sock"))
            request = f"POST {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
            connection.sendall(request.encode())
            while connection.recv(4096):
                pass

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "stdout").read_text().splitlines()]


@frozen
class ServicePath:
    """The whole path: `near`, the edges `far`, and the addresses of both and of applications."""

    block: Block
    near: ServiceEdge
    far: Sequence[ServiceEdge]

    def connect(self, port: int, source: str | None = None) -> socket.socket:
        """A connection of an application to the near edge, at a port as machines have it."""
        address = (self.near.address, bound(port))
        return socket.create_connection(
            address, timeout=10, source_address=(source or self.block.application, 0)
        )


def bound(port: int) -> int:
    """The port in place of one that only root may have."""
    return port if port >= 1024 else port + 10_000


def near_services(
    services: Sequence[Service], block: Block, edges: int, others: Sequence[str] = ()
) -> EdgeServices:
    """What the near edge has; `others` are more ranges of applications."""
    peers = tuple(block.edge(2 + number) for number in range(edges))
    return EdgeServices(
        used=tuple(services),
        networks=(*block.networks, *others),
        overlay=OVERLAY,
        peers={FAR_SITE: peers},
    )


def far_services(services: Sequence[Service], block: Block) -> EdgeServices:
    return EdgeServices(reached=tuple(services), networks=block.networks, overlay=OVERLAY)


def service_resources(site: str, services: EdgeServices, **options: Any) -> Resources:
    """What an edge with services serves, and no routes of its own."""
    return resources(
        site=site,
        zone="a",
        cloud=site,
        routes={},
        upstreams={},
        services=services,
        **{"listener": LoopbackListener(), **options},
    )


def on_loopback(config: dict[str, Any], address: str) -> dict[str, Any]:
    """The bootstrap with its listeners at an address of loopback, and at ports for everybody."""
    for listener in config["static_resources"]["listeners"]:
        at = listener["address"]["socket_address"]
        at |= {"address": address, "port_value": bound(at["port_value"])}
    return config


@contextmanager
def running(
    envoy_path: str, site: str, services: EdgeServices, address: str, **options: Any
) -> Iterator[ServiceEdge]:
    """An edge from when it listens until the block ends."""
    with tempfile.TemporaryDirectory(prefix="edge") as name:
        folder = Path(name)
        made = service_resources(site, services, **options)
        config = bootstrap(made, site=site, zone="a", admin_socket=f"{name}/admin.sock")
        (folder / "envoy.json").write_text(json.dumps(on_loopback(config, address)))
        own = config["static_resources"]["listeners"][0]["address"]["socket_address"]
        with started(envoy_path, folder, address, own["port_value"]) as edge:
            yield edge


@contextmanager
def started(
    envoy_path: str, folder: Path, address: str, port: int = EDGE_PORT
) -> Iterator[ServiceEdge]:
    """The Envoy of `envoy.json` in a folder, where its log and errors go."""
    command = [envoy_path, "-c", str(folder / "envoy.json"), *OPTIONS]
    command += ["--file-flush-interval-msec", "50"]
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
    try:
        eventually(lambda: process.poll() is not None or _listens(address, port))
        assert process.poll() is None, (folder / "stderr").read_text()
        yield ServiceEdge(address, process, folder)
    finally:
        process.kill()
        process.wait()


def _listens(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


@contextmanager
def service_path(
    envoy_path: str,
    services: Sequence[Service],
    far_edges: int = 1,
    others: Sequence[str] = (),
    **options: Any,
) -> Iterator[ServicePath]:
    """The edges of both sites, with `services` of FAR_SITE.

    `others` are more ranges of applications, for those that cannot choose their address; `options`
    are arguments of the near edge's resources.
    """
    block = Block.free()
    with ExitStack() as stack:
        far = [
            stack.enter_context(
                running(envoy_path, FAR_SITE, far_services(services, block), block.edge(2 + number))
            )
            for number in range(far_edges)
        ]
        known = near_services(services, block, far_edges, others)
        near = running(envoy_path, NEAR_SITE, known, block.edge(1), **options)
        yield ServicePath(block, stack.enter_context(near), far)
