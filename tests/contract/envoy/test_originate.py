"""Applications speak plain HTTP to the near edge; the far one makes the TLS to the service."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from support.certificates import Authority
from support.collector import collector
from support.loopback import (
    Behaviour,
    Reply,
    answer,
    echo_websocket,
    eventually,
    service,
    stream,
    websocket_echo,
)
from support.loopback import Service as Double
from support.service_edges import FAR_SITE, NEAR_SITE, ServicePath, bound, service_path

from trunkline.model import ORIGINATE_PORT, Service

NAME = "llm.internal"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "ca")


@pytest.fixture(scope="module")
def running_api(authority: Authority) -> Iterator[Double]:
    with service(authority.server("localhost")) as found:
        yield found


@pytest.fixture
def api(running_api: Double) -> Double:
    running_api.behave = answer()
    running_api.hits.clear()
    return running_api


def originated(api: Double, authority: Authority | None = None, **options: Any) -> Service:
    known = {
        "name": "llm",
        "site": FAR_SITE,
        "sites": [NEAR_SITE],
        "hosts": [NAME],
        "port": api.port,
        "mode": "originate",
        "server": "localhost",
        "ca": Path(authority.certificate).read_text() if authority else None,
    }
    return Service(**{**known, **options})


@pytest.fixture(scope="module")
def path(envoy_path: str, running_api: Double, authority: Authority) -> Iterator[ServicePath]:
    with service_path(envoy_path, [originated(running_api, authority)]) as made:
        yield made


def connection_to(
    path: ServicePath, address: str | None = None, port: int = 80, source: str | None = None
) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(
        address or path.near.address,
        bound(port),
        timeout=20,
        source_address=(source or path.block.application, 0),
    )


def ask(
    path: ServicePath, target: str = "/", method: str = "GET", host: str = NAME, **headers: str
) -> Reply:
    connection = connection_to(path)
    sent = {name.replace("__", "-"): value for name, value in headers.items()}
    connection.request(method, target, headers={"host": host, **sent})
    response = connection.getresponse()
    received = {name.lower(): value for name, value in response.getheaders()}
    body = response.read()
    connection.close()
    return Reply(response.status, received, body)


def test_the_service_answers_under_a_private_name(path: ServicePath, api: Double) -> None:
    found = ask(path)
    assert (found.status, found.body) == (200, b"hello")
    assert found.headers["trunkline-site"] == FAR_SITE


def test_it_is_asked_by_its_own_name(path: ServicePath, api: Double) -> None:
    ask(path, host=f"{NAME}:80")
    assert api.hits[0].headers["host"] == f"localhost:{api.port}"


def test_a_path_goes_on_as_it_came(path: ServicePath, api: Double) -> None:
    ask(path, "/v1//models/a%2Fb/../c?d=%2e")
    assert api.hits[0].target == "/v1//models/a%2Fb/../c?d=%2e"


def test_the_service_hears_nothing_of_the_way(path: ServicePath, api: Double) -> None:
    ask(
        path,
        x__forwarded__for="10.1.2.3",
        x__envoy__retry__on="5xx",
        forwarded="for=10.1.2.3",
        authorization="Bearer of-the-application",
    )
    headers = api.hits[0].headers
    assert {*headers} == {"host", "authorization", "accept-encoding"}


def test_an_application_cannot_have_a_request_repeated(path: ServicePath, api: Double) -> None:
    api.behave = answer(503)
    assert ask(path, x__envoy__retry__on="5xx", x__envoy__max__retries="3").status == 503
    assert len(api.hits) == 1


def test_another_name_is_not_found(path: ServicePath, api: Double) -> None:
    found = ask(path, host="other.internal")
    assert (found.status, api.hits) == (404, [])
    assert json.loads(found.body)["error"] == "no service has this name here"


@pytest.mark.parametrize("far", [False, True], ids=["near", "far"])
def test_an_edge_takes_nobody_else(path: ServicePath, api: Double, far: bool) -> None:
    address, port = (path.far[0].address, ORIGINATE_PORT) if far else (path.near.address, 80)
    source = path.block.application if far else "127.0.0.1"
    connection = connection_to(path, address, port, source)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        connection.request("GET", "/", headers={"host": NAME})
        connection.getresponse()
    assert api.hits == []


def test_a_certificate_of_another_name_or_authority_is_refused(
    envoy_path: str, api: Double, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    with service(authority.server("other.example.com")) as other:
        services = [
            originated(api, stranger, name="stranger", hosts=["stranger.internal"]),
            originated(other, authority, name="other", hosts=["other.internal"]),
        ]
        with service_path(envoy_path, services) as path:
            for host in ("stranger.internal", "other.internal"):
                found = ask(path, host=host)
                assert found.status == 503
                assert "UF" in found.headers["trunkline-response-flags"]
        assert api.hits == other.hits == []


def test_a_service_without_tls(envoy_path: str, authority: Authority) -> None:
    with service() as plain:
        made = originated(plain, protocol="http", server="127.0.0.1")
        with service_path(envoy_path, [made]) as path:
            assert ask(path).body == b"hello"
        assert plain.hits[0].headers["host"] == f"127.0.0.1:{plain.port}"


def test_pieces_of_an_answer_arrive_as_they_are_sent(path: ServicePath, api: Double) -> None:
    api.behave = stream(4, 0.3)
    connection = connection_to(path)
    began = time.monotonic()
    connection.request("GET", "/", headers={"host": NAME, "accept": "text/event-stream"})
    response = connection.getresponse()
    times = []
    while response.read(1):
        times.append(time.monotonic() - began)
    assert [round(each, 1) for each in times] == pytest.approx([0, 0.3, 0.6, 0.9], abs=0.15)


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_a_websocket_passes(envoy_path: str, authority: Authority, tls: bool) -> None:
    options = {} if tls else {"protocol": "http", "server": "127.0.0.1"}
    with service(authority.server("localhost") if tls else None) as api:
        api.behave = echo_websocket
        made = originated(api, authority, hosts=["localhost"], **options)
        with service_path(envoy_path, [made], others=["127.0.0.1/32"]) as path:
            address = (path.near.address, bound(80))
            assert websocket_echo(address[1], "/", b"hello", address[0]) == b"hello"


def test_calls_of_grpc_pass(envoy_path: str, api: Double, authority: Authority) -> None:
    pair = authority.pair("localhost")
    chain = (Path(pair.key).read_bytes(), Path(pair.certificate).read_bytes())
    with collector(grpc.ssl_server_credentials([chain])) as received:
        made = originated(api, authority, port=received.port)
        with service_path(envoy_path, [made], others=["127.0.0.1/32"]) as path:
            target = f"ipv4:{path.near.address}:{bound(80)}"
            options = [("grpc.default_authority", NAME)]
            with grpc.insecure_channel(target, options) as channel:
                export = channel.unary_unary(
                    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
                    request_serializer=ExportLogsServiceRequest.SerializeToString,
                )
                export(ExportLogsServiceRequest(), timeout=10)
        assert len(received.logs) == 1


def test_clients_that_stop_to_read_hold_up_no_other(path: ServicePath, api: Double) -> None:
    large = answer(body=b"x" * 2**25)
    api.behave = lambda handler: (large if handler.path == "/large" else answer())(handler)
    stuck = [path.connect(80) for _ in range(20)]
    for each in stuck:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        each.sendall(f"GET /large HTTP/1.1\r\nhost: {NAME}\r\n\r\n".encode())
    eventually(lambda: len(api.hits) == len(stuck))
    time.sleep(3)  # until what they may have without reading has come
    assert ask(path).body == b"hello"
    for each in stuck:
        each.close()


CLIENTS = 12  # more than Envoy sends again at one time by default


class Load:
    """Requests of one kind by several clients, each one after another, until the block ends."""

    def __init__(self, path: ServicePath, method: str) -> None:
        self.path, self.method = path, method
        self.statuses: list[int] = []
        self.ended: list[float] = []
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CLIENTS)]

    def __enter__(self) -> Load:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    @property
    def silence(self) -> float:
        """The longest time in seconds without an answer."""
        assert len(self.statuses) == next(self._numbers)  # none broke off
        ended = sorted(self.ended)
        return max(b - a for a, b in itertools.pairwise(ended))

    def _ask(self) -> None:
        while not self._over.is_set():
            self.statuses.append(ask(self.path, f"/{next(self._numbers)}", self.method).status)
            self.ended.append(time.monotonic())


def after(seconds: float) -> Behaviour:
    """An answer in one piece: what has begun cannot be sent again."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")

    return behave


@pytest.mark.slow
def test_no_get_fails_when_one_of_two_edges_is_killed(
    envoy_path: str, api: Double, authority: Authority
) -> None:
    api.behave = after(0.05)  # so that one is under way
    with (
        service_path(envoy_path, [originated(api, authority)], far_edges=2) as path,
        Load(path, "GET") as load,
    ):
        time.sleep(1)
        path.far[0].kill()
        time.sleep(4)
    assert {*load.statuses} == {200}
    assert load.silence < 8  # it is one second and less; a busy machine adds to it


@pytest.mark.slow
def test_no_get_fails_when_one_of_two_edges_says_nothing_any_more(
    envoy_path: str, api: Double, authority: Authority
) -> None:
    api.behave = after(0.01)
    with (
        service_path(envoy_path, [originated(api, authority)], far_edges=2) as path,
        Load(path, "GET") as load,
    ):
        time.sleep(1)
        path.far[0].freeze()
        time.sleep(5)
    assert {*load.statuses} == {200}
    assert load.silence < 8  # it is one second and less; a busy machine adds to it


@pytest.mark.slow
def test_no_post_comes_twice_when_one_of_two_edges_is_killed(
    envoy_path: str, api: Double, authority: Authority
) -> None:
    api.behave = after(0.2)
    with (
        service_path(envoy_path, [originated(api, authority)], far_edges=2) as path,
        Load(path, "POST") as load,
    ):
        time.sleep(1.1)
        path.far[0].kill()
        time.sleep(3)
    targets = [hit.target for hit in api.hits]
    assert len(targets) == len({*targets})
    assert {*load.statuses} == {200, 503}
    assert load.statuses.count(503) <= CLIENTS  # those that had been sent
