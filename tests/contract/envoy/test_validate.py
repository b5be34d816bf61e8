"""Envoy itself accepts every configuration that we write, without a warning."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority

from trunkline.envoy import (
    Collector,
    Listener,
    LoopbackListener,
    TlsListener,
    bootstrap,
    log_limit,
    resources,
    xds_bootstrap,
)
from trunkline.model import (
    DEFAULT_FORWARDING,
    EdgeServices,
    Otlp,
    PrivateWay,
    Server,
    Service,
    Upstream,
)
from trunkline.topology import load

TOPOLOGIES = sorted((Path(__file__).parents[3] / "topologies").glob("*.yaml"))
ADMIN_SOCKET = "/run/trunkline-edge/admin.sock"
COLLECTOR = Collector(
    upstream=Otlp(endpoint="https://otel.example.com:4317").upstream,
    attributes={"trunkline.site": "aws"},
    seconds=60,
)
UPSTREAMS = (
    None,
    "http://10.0.1.20:8080",
    "https://10.0.1.20",
    "http://[fd00::20]:8080",
    "https://[fd00::20]",
    "http://service.internal:8080",
    "https://service.example.com",
)


def validate(envoy_path: str, config: dict[str, object], folder: Path) -> None:
    file = folder / "envoy.json"
    file.write_text(json.dumps(config))
    command = [envoy_path, "--mode", "validate", "-c", str(file), "--log-level", "warn"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr.strip()


@pytest.fixture(params=["tunnel", "public"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Listener:
    if request.param == "tunnel":
        return LoopbackListener()
    authority = Authority(tmp_path, "ca")
    pair = authority.pair("edge.example.com")
    return TlsListener(certificate=pair.certificate, key=pair.key, client_ca=authority.certificate)


@pytest.mark.parametrize("count", [1, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "url", [*UPSTREAMS[:2], *[pytest.param(url, marks=pytest.mark.slow) for url in UPSTREAMS[2:]]]
)
def test_envoy_accepts(
    url: str | None, count: int, listener: Listener, envoy_path: str, tmp_path: Path
) -> None:
    prefixes = [f"/api/v{number}" for number in range(count)]
    made = resources(
        site="aws",
        zone="us-east-1a",
        cloud="aws",
        routes=dict.fromkeys(prefixes, DEFAULT_FORWARDING),
        upstreams={None: Upstream.from_url(url)} if url else {},
        listener=listener,
    )
    config = bootstrap(made, site="aws", zone="us-east-1a", admin_socket=ADMIN_SOCKET)
    validate(envoy_path, config, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("path", TOPOLOGIES, ids=lambda path: path.stem)
def test_envoy_accepts_the_edges_of_an_example(
    path: Path, listener: Listener, envoy_path: str, tmp_path: Path
) -> None:
    topology = load(path)
    for site in topology.sites:
        made = resources(
            site=site.name,
            zone=site.zone,
            cloud=site.cloud,
            routes={route.prefix: route.forwarding for route in topology.routing.routes},
            upstreams=site.services,
            listener=listener,
            log_limit=_log_limit(tmp_path),
            collector=COLLECTOR,
        )
        config = bootstrap(
            made, site=site.name, zone=site.zone, admin_socket=ADMIN_SOCKET, collector=COLLECTOR
        )
        validate(envoy_path, config, tmp_path)


def _log_limit(folder: Path) -> str:
    file = folder / "log-limit.json"
    file.write_text(json.dumps(log_limit()))
    return str(file)


@pytest.mark.parametrize("own_authority", [False, True])
def test_envoy_accepts_an_xds_server(own_authority: bool, envoy_path: str, tmp_path: Path) -> None:
    ca = Path(Authority(tmp_path, "ca").certificate).read_text() if own_authority else None
    server = Upstream([Server("xds.example.com", 15012, True)], ca=ca, protocol="http2")
    config = xds_bootstrap(
        server,
        site="aws",
        zone="us-east-1a",
        admin_socket=ADMIN_SOCKET,
        metadata={"team": "blue"},
    )
    validate(envoy_path, config, tmp_path)


def service_of(name: str, *hosts: str, **options: Any) -> Service:
    return Service(name=name, site="b", sites=["a"], hosts=hosts, **options)


ORIGINATE: Any = {"mode": "originate"}
ADDRESSES = PrivateWay(servers=["10.2.0.6", "10.2.0.7"])
NAMED = PrivateWay(servers=["vpce.example.com"], by_name=True)
EVERY_KIND = (
    service_of("api", "api.example.com"),
    service_of("objects", "o.example.com", "*.o.example.com"),
    service_of("server", "*.s.example.com", server="10.2.0.4"),
    service_of("db", "db.b", protocol="tcp", server="db.example.com", port=5432),
    service_of("inside", "i.b.c", "*.i.b.c", ways={"i.b.c": NAMED, "*.i.b.c": ADDRESSES}),
    service_of("made", "m.b.c", ways={"m.b.c": ADDRESSES}, **ORIGINATE),
    service_of("llm", "llm.b", server="10.2.0.5", **ORIGINATE),
    service_of("two", "1.b", "2.b", **ORIGINATE),
    service_of("plain", "*.p.b", server="p.example.com", port=8000, protocol="http", **ORIGINATE),
)
OVERLAY: Any = {"networks": ("10.1.0.0/16",), "overlay": "10.254.0.0/24"}


@pytest.mark.parametrize(
    "services",
    [
        EdgeServices(used=EVERY_KIND, peers={"b": ("10.254.0.3", "10.254.0.4")}, **OVERLAY),
        EdgeServices(used=EVERY_KIND, **OVERLAY),
        EdgeServices(reached=EVERY_KIND, **OVERLAY),
    ],
    ids=["near", "near without keys", "far"],
)
def test_envoy_accepts_services(
    services: EdgeServices, listener: Listener, envoy_path: str, tmp_path: Path
) -> None:
    made = resources(
        site="a",
        zone="us-east-1a",
        cloud="a",
        routes={"/api": DEFAULT_FORWARDING},
        upstreams={},
        listener=listener,
        services=services,
        collector=COLLECTOR,
    )
    config = bootstrap(
        made, site="a", zone="us-east-1a", admin_socket=ADMIN_SOCKET, collector=COLLECTOR
    )
    validate(envoy_path, config, tmp_path)
