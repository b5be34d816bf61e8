"""TLS and TCP of services pass two real Envoys unopened; what is no service's does not."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from support.certificates import Authority
from support.collector import collector
from support.loopback import Service as Double
from support.loopback import eventually, free_port, service
from support.needs import POSTGRESQL, needs
from support.postgresql import postgresql
from support.service_edges import FAR_SITE, NEAR_SITE, ServicePath, bound, service_path

from trunkline.envoy import TlsListener
from trunkline.model import PASSTHROUGH_PORT, PrivateWay, Service

NAME, OTHER = "api.example.com", "other.example.com"
ANYBODY = "127.0.0.1/32"  # clients that cannot choose their own address


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "ca")


@pytest.fixture(scope="module")
def api(authority: Authority) -> Iterator[Double]:
    with service(authority.server(NAME)) as found:
        yield found


def passed(api: Double, **options: Any) -> Service:
    known = {"name": "api", "site": FAR_SITE, "sites": [NEAR_SITE], "hosts": [NAME]}
    return Service(**{**known, "port": api.port, "server": "127.0.0.1", **options})


@pytest.fixture(scope="module")
def path(envoy_path: str, api: Double) -> Iterator[ServicePath]:
    with service_path(envoy_path, [passed(api)]) as made:
        yield made


def client(authority: Authority) -> ssl.SSLContext:
    """An application's own TLS, which checks the name and who has signed it."""
    return ssl.create_default_context(cafile=authority.certificate)


def get(path: ServicePath, tls: ssl.SSLContext, name: str = NAME) -> bytes:
    with path.connect(443) as plain, tls.wrap_socket(plain, server_hostname=name) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.read()


def closed(connection: socket.socket) -> bool:
    """Whether the other side ends the connection without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "way",
    [PrivateWay(servers=["127.0.0.1"]), PrivateWay(servers=["localhost"], by_name=True)],
    ids=["addresses", "a name"],
)
def test_a_private_endpoint_is_asked_in_place_of_a_name_that_leads_nowhere(
    way: PrivateWay, envoy_path: str, api: Double, authority: Authority
) -> None:
    hosts = [NAME, "*.example.org"]
    private = passed(api, server=None, hosts=hosts, ways=dict.fromkeys(hosts, way))
    with service_path(envoy_path, [private]) as path:
        assert get(path, client(authority)) == b"hello"
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        assert get(path, anybody, "bucket.example.org") == b"hello"


def test_an_application_gets_the_service_under_its_own_name(
    path: ServicePath, authority: Authority
) -> None:
    assert get(path, client(authority)) == b"hello"


def test_another_name_ends_at_the_near_edge(path: ServicePath, authority: Authority) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        get(path, client(authority), OTHER)


def test_without_tls_nothing_passes(path: ServicePath) -> None:
    with path.connect(443) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: api.example.com\r\n\r\n")
        assert closed(connection)


def test_who_is_not_of_the_site_gets_nothing(path: ServicePath, authority: Authority) -> None:
    with path.connect(443, source="127.0.0.1") as plain, pytest.raises((ssl.SSLError, OSError)):
        client(authority).wrap_socket(plain, server_hostname=NAME)


def test_the_far_edge_takes_other_edges_alone(path: ServicePath, authority: Authority) -> None:
    address = (path.far[0].address, PASSTHROUGH_PORT)
    source = (path.block.application, 0)
    with (
        socket.create_connection(address, 10, source) as plain,
        pytest.raises((ssl.SSLError, OSError)),
    ):
        client(authority).wrap_socket(plain, server_hostname=NAME)


def test_the_far_edge_looks_at_the_name_too(path: ServicePath, authority: Authority) -> None:
    address = (path.far[0].address, PASSTHROUGH_PORT)
    tls = client(authority)
    with socket.create_connection(address, 10) as plain:
        assert tls.wrap_socket(plain, server_hostname=NAME).version()
    with (
        socket.create_connection(address, 10) as plain,
        pytest.raises((ssl.SSLError, OSError)),
    ):
        tls.wrap_socket(plain, server_hostname=OTHER)


def test_each_connection_is_one_line_of_both_logs(path: ServicePath, authority: Authority) -> None:
    get(path, client(authority))
    for edge, site in ((path.near, NEAR_SITE), (path.far[0], FAR_SITE)):
        eventually(edge.log)
        line = edge.log()[-1]
        assert (line["site"], line["route"], line["authority"]) == (site, "api", NAME)
        assert line["sent"] > 0 and line["received"] > 0 and line["protocol"] == "TCP"
    assert path.near.log()[-1]["client"] == path.block.application


def test_a_wildcard_takes_every_name_below_it(envoy_path: str, authority: Authority) -> None:
    with service(authority.server("bucket.localhost")) as api:
        wild = passed(api, hosts=["*.localhost"], server=None)
        with service_path(envoy_path, [wild]) as path:
            assert get(path, client(authority), "bucket.localhost") == b"hello"
            with pytest.raises((ssl.SSLError, ConnectionError)):
                get(path, client(authority), "localhost")
            with pytest.raises((ssl.SSLError, ConnectionError)):
                get(path, client(authority), NAME)


def test_each_of_several_names_leads_to_its_own_server(
    envoy_path: str, authority: Authority
) -> None:
    with service(authority.server("localhost")) as api:
        several = passed(api, hosts=["localhost", "*.localhost"], server=None)
        with service_path(envoy_path, [several]) as path:
            assert get(path, client(authority), "localhost") == b"hello"


@contextmanager
def echo() -> Iterator[int]:
    """A TCP service that sends back what it gets; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(4096):
                connection.sendall(data)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield int(listener.getsockname()[1])
    listener.close()


def said(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return connection.recv(4096)


def database(port: int) -> Service:
    return Service(
        name="db",
        site=FAR_SITE,
        sites=[NEAR_SITE],
        hosts=["db.internal"],
        port=port,
        protocol="tcp",
        server="127.0.0.1",
    )


def test_tcp_has_a_port_of_its_own(envoy_path: str) -> None:
    with echo() as port, service_path(envoy_path, [database(port)]) as path:
        with path.connect(port) as connection:
            assert said(connection, b"hello") == b"hello"
        with path.connect(port, source="127.0.0.1") as connection:
            assert closed(connection)
        source = (path.block.application, 0)
        with socket.create_connection((path.far[0].address, port), 10, source) as connection:
            assert closed(connection)


def test_a_killed_edge_delays_new_connections_and_fails_none(envoy_path: str) -> None:
    with echo() as port, service_path(envoy_path, [database(port)], far_edges=2) as path:
        with path.connect(port) as connection:
            assert said(connection, b"1") == b"1"
            path.far[0].kill()
            assert closed(connection)
        began = time.monotonic()
        waited = []
        while time.monotonic() - began < 4:
            start = time.monotonic()
            with path.connect(port) as connection:
                assert said(connection, b"2") == b"2"
            waited.append(time.monotonic() - start)
        assert max(waited) < 10  # it is some seconds, and none at the end


def test_no_service_meets_a_closed_connection(envoy_path: str) -> None:
    port = free_port()
    with service_path(envoy_path, [database(port)]) as path:
        with path.connect(port) as connection:
            assert closed(connection)
        eventually(path.far[0].log)
        assert "UF" in path.far[0].log()[-1]["flags"]


def test_a_public_edge_serves_both_at_its_port(
    envoy_path: str, api: Double, authority: Authority, tmp_path: Path
) -> None:
    cloudflare = Authority(tmp_path, "cloudflare")
    shown = authority.pair("edge.example.com")
    listener = TlsListener(
        certificate=shown.certificate, key=shown.key, client_ca=cloudflare.certificate
    )
    with service_path(envoy_path, [passed(api)], listener=listener) as path:
        assert get(path, client(authority)) == b"hello"
        with pytest.raises((ssl.SSLError, OSError)):
            get(path, client(authority), "edge.example.com")
        known = client(authority)
        pair = cloudflare.pair("origin-pull")
        known.load_cert_chain(pair.certificate, pair.key)
        with (
            path.connect(443, source="127.0.0.1") as plain,
            known.wrap_socket(plain, server_hostname="edge.example.com") as connection,
        ):
            connection.sendall(b"GET /livez HTTP/1.1\r\nhost: edge.example.com\r\n\r\n")
            assert connection.recv(15) == b"HTTP/1.1 200 OK"


def test_calls_of_grpc_pass(envoy_path: str, authority: Authority) -> None:
    pair = authority.pair("grpc.example.com")
    chain = (Path(pair.key).read_bytes(), Path(pair.certificate).read_bytes())
    credentials = grpc.ssl_server_credentials([chain])
    with collector(credentials) as received:
        made = Service(
            name="api",
            site=FAR_SITE,
            sites=[NEAR_SITE],
            hosts=["grpc.example.com"],
            port=received.port,
            server="127.0.0.1",
        )
        with service_path(envoy_path, [made], others=[ANYBODY]) as path:
            trusted = grpc.ssl_channel_credentials(Path(authority.certificate).read_bytes())
            target = f"ipv4:{path.near.address}:{bound(443)}"
            options = [("grpc.ssl_target_name_override", "grpc.example.com")]
            with grpc.secure_channel(target, trusted, options) as channel:
                export = channel.unary_unary(
                    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
                    request_serializer=ExportLogsServiceRequest.SerializeToString,
                )
                export(ExportLogsServiceRequest(), timeout=10)
        assert len(received.logs) == 1


@pytest.mark.slow
@needs(POSTGRESQL)
def test_a_database_answers_its_own_client(envoy_path: str) -> None:
    with (
        postgresql() as port,
        service_path(envoy_path, [database(port)], others=[ANYBODY]) as path,
    ):
        url = f"postgresql://postgres@{path.near.address}:{port}/postgres"
        done = subprocess.run(
            ["psql", "-XAtc", "select sum(n) from generate_series(1, 100000) n", url],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.stdout.strip() == "5000050000", done.stderr
