"""A service in another cloud: by the edges of both, beside the application's own TLS to it."""

from __future__ import annotations

import http.client
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
from attrs import frozen

from benchmarks.measure import ROOT, Report, Target, parser, progress, show
from benchmarks.proxies import envoy, free_port, running
from trunkline.envoy import LoopbackListener, bootstrap, resources
from trunkline.model import ORIGINATE_PORT, PASSTHROUGH_PORT, EdgeServices, Service

TITLE = "A service in another cloud (median ms; a relay on loopback stands for the distance)"
COLUMNS = ("ms apart", "path", "new connection", "warm", "our own")
DISTANCES = (1.4, 30.0)
CALLS = 40

# The service's name is one that this machine resolves; applications know it by two others.
SERVER, NAME, PRIVATE = "localhost", "api.example.com", "llm.internal"
NEAR, RELAY, FAR = "127.90.0.1", "127.90.0.2", "127.90.0.3"
TLS_PORT, HTTP_PORT, DIRECT_PORT = 10_443, 10_080, 9443
LOW_PORTS = {443: TLS_PORT, 80: HTTP_PORT}
DIRECT, PASSED, ORIGINATED = "its own TLS", "passed by name", "originated"


@frozen
class Figures:
    """Medians in seconds: with a connection of its own, and on one that is there."""

    cold: float
    warm: float


def run(runs: int) -> Report:
    """Ask the same service in three ways, over two distances."""
    if shutil.which("openssl") is None:
        return Report(TITLE, COLUMNS, [], [], ("skipped: openssl not found",))
    found: dict[float, dict[str, Figures]] = {}
    with tempfile.TemporaryDirectory(prefix="services") as name:
        for distance in DISTANCES:
            progress(f"services: {runs * CALLS} calls of each kind over {distance} ms")
            with path(Path(name), _answering) as ends, _relay(distance, ends.port):
                context = ssl.create_default_context(cafile=str(ends.certificate))
                found[distance] = {
                    way: _figures(connect, runs)
                    for way, connect in _ways(ends.port, context).items()
                }
    return Report(TITLE, COLUMNS, list(_rows(found)), list(_targets(found)))


def _rows(found: Mapping[float, Mapping[str, Figures]]) -> Iterator[tuple[str | float, ...]]:
    for distance, ways in found.items():
        for way, figures in ways.items():
            own = 1000 * (figures.warm - ways[DIRECT].warm)
            yield (distance, way, 1000 * figures.cold, 1000 * figures.warm, own)


def _targets(found: Mapping[float, Mapping[str, Figures]]) -> Iterator[Target]:
    far = found[DISTANCES[-1]]
    share = far[ORIGINATED].cold / far[DIRECT].cold
    yield Target("a new connection at 30 ms, of a cold direct one", share, 0.4)
    for distance, ways in found.items():
        for way, limit in ((PASSED, 1.2), (ORIGINATED, 2.0)):
            own = 1000 * (ways[way].warm - ways[DIRECT].warm)
            yield Target(f"our own, warm, {way} at {distance:g} ms", own, limit, " ms")


Connect = Callable[[], http.client.HTTPConnection]


def _ways(service_port: int, context: ssl.SSLContext) -> dict[str, Connect]:
    def tls(address: tuple[str, int], name: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPSConnection(name, service_port, context=context)
        plain = socket.create_connection(address, 10)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        return connection

    return {
        DIRECT: lambda: tls((RELAY, DIRECT_PORT), SERVER),
        PASSED: lambda: tls((NEAR, TLS_PORT), NAME),
        ORIGINATED: lambda: http.client.HTTPConnection(NEAR, HTTP_PORT, timeout=10),
    }


def _figures(connect: Connect, runs: int) -> Figures:
    cold, warm = [], []
    kept = connect()
    for _ in range(10):
        _ask(kept)
    for _ in range(runs * CALLS):
        start = time.perf_counter()
        _ask(kept)
        warm.append(time.perf_counter() - start)
        start = time.perf_counter()
        connection = connect()
        _ask(connection)
        cold.append(time.perf_counter() - start)
        connection.close()
    kept.close()
    return Figures(statistics.median(cold), statistics.median(warm))


def _ask(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/", headers={"Host": PRIVATE})
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        raise RuntimeError(f"the service answers {response.status}")


@frozen
class Ends:
    """The service's port and certificate, and the edges before it."""

    port: int
    certificate: Path
    near: psutil.Process
    far: psutil.Process


Serve = Callable[[int, Path, Path], list[str]]
"""The command of a service, from its port, its certificate and a folder."""


@contextmanager
def path(folder: Path, serve: Serve, peer: str = RELAY) -> Iterator[Ends]:
    """A service and the edges before it; the near one finds the far one at the address `peer`."""
    pem = certificate(folder)
    port, near_port, far_port = free_port(), free_port(), free_port()
    with ExitStack() as stack:
        stack.enter_context(running(serve(port, pem, folder), port, folder))
        far_side = edge_services(port, pem)
        config = edge("far", FAR, far_port, far_side, folder)
        far = stack.enter_context(running(envoy(config, "far", folder), far_port, folder))
        near_side = edge_services(port, pem, peer)
        config = edge("near", NEAR, near_port, near_side, folder)
        near = stack.enter_context(running(envoy(config, "near", folder), near_port, folder))
        yield Ends(port, pem, near, far)


def _answering(port: int, certificate: Path, folder: Path) -> list[str]:
    return envoy(_service(port, certificate), "service", folder)


def certificate(folder: Path) -> Path:
    """A certificate that is its own authority; the key lies beside it."""
    path = folder / "service.crt"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
    command += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={SERVER}"]
    command += ["-addext", f"subjectAltName=DNS:{SERVER},DNS:{NAME}"]
    command += ["-keyout", str(folder / "service.key"), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def edge_services(
    port: int, pem: Path, peer: str | None = None, overlay: str = "127.0.0.0/8"
) -> EdgeServices:
    """What the far edge has; the near one, with the address of the far one as its peer."""
    passed = Service(name="api", site="far", sites=["near"], hosts=[NAME], port=port, server=SERVER)
    originated = Service(
        name="llm",
        site="far",
        sites=["near"],
        hosts=[PRIVATE],
        port=port,
        mode="originate",
        server=SERVER,
        ca=pem.read_text(),
    )
    both = (passed, originated)
    return EdgeServices(
        used=both if peer else (),
        reached=() if peer else both,
        networks=("127.0.0.0/8",),
        overlay=overlay,
        peers={"far": (peer,)} if peer else {},
    )


def edge(
    site: str, address: str, port: int, services: EdgeServices, folder: Path
) -> dict[str, Any]:
    """An edge whose listeners for services are at `address`, at ports that everybody may have."""
    made = resources(
        site=site,
        zone="a",
        cloud=site,
        routes={},
        upstreams={},
        listener=LoopbackListener(port=port),
        services=services,
    )
    config = bootstrap(made, site=site, zone="a", admin_socket=f"{folder}/{site}.sock")
    for listener in config["static_resources"]["listeners"][1:]:
        at = listener["address"]["socket_address"]
        port = at["port_value"]
        at |= {"address": address, "port_value": LOW_PORTS.get(port, port)}
    return config


def _service(port: int, certificate: Path) -> dict[str, Any]:
    """An Envoy that answers over TLS at once."""
    from benchmarks.proxies import minimal

    answer = {"direct_response": {"status": 200, "body": {"inline_string": "hello"}}}
    config = minimal(port, answer, [])
    [listener] = config["static_resources"]["listeners"]
    [chain] = listener["filter_chains"]
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
    pair = {
        "certificate_chain": {"filename": str(certificate)},
        "private_key": {"filename": str(certificate.with_suffix(".key"))},
    }
    common = {"alpn_protocols": ["h2", "http/1.1"], "tls_certificates": [pair]}
    chain["transport_socket"] = {
        "name": "tls",
        "typed_config": {"@type": kind, "common_tls_context": common},
    }
    return config


@contextmanager
def _relay(distance: float, port: int) -> Iterator[None]:
    """The distance between the edges, and between an application and the service."""
    pairs = [(p, f"{FAR}:{p}") for p in (PASSTHROUGH_PORT, ORIGINATE_PORT)]
    pairs.append((DIRECT_PORT, f"127.0.0.1:{port}"))
    command = [sys.executable, "-m", "benchmarks.relay", str(distance)]
    for listens, target in pairs:
        command += [f"{RELAY}:{listens}", target]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        time.sleep(0.5)
        yield
    finally:
        process.kill()
        process.wait()


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
