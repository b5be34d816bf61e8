"""Services change under a running edge, and edges end, without a loss that could be avoided."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.certificates import Authority
from support.loopback import service, stream
from support.service_edges import (
    FAR_SITE,
    NEAR_SITE,
    Block,
    ServiceEdge,
    bound,
    far_services,
    near_services,
    on_loopback,
    running,
    service_resources,
    started,
)

from trunkline.envoy import Resources, dynamic_bootstrap
from trunkline.model import Service
from trunkline.payload import sync
from trunkline.payload.configuration import pack

pytestmark = pytest.mark.slow


def http_service(name: str, port: int) -> Service:
    return Service(
        name=name,
        site=FAR_SITE,
        sites=[NEAR_SITE],
        hosts=[f"{name}.internal"],
        port=port,
        protocol="http",
        mode="originate",
        server="127.0.0.1",
    )


def tls_service(name: str, port: int) -> Service:
    return Service(
        name=name,
        site=FAR_SITE,
        sites=[NEAR_SITE],
        hosts=[f"{name}.example.com"],
        port=port,
        server="127.0.0.1",
    )


class Store:
    """The files of the near edge, put into place by the program that its machine runs."""

    def __init__(self, folder: Path, envoy_path: str, block: Block) -> None:
        self.folder, self.envoy_path, self.block = folder, envoy_path, block
        config = dynamic_bootstrap(
            site=NEAR_SITE, zone="a", folder=str(folder), admin_socket=f"{folder}/admin.sock"
        )
        [statistics] = config["static_resources"]["listeners"]
        statistics["address"]["socket_address"] |= {"address": block.edge(1)}
        (folder / "envoy.json").write_text(json.dumps(config))

    def put(self, services: Sequence[Service]) -> None:
        """Pack, read, check and put what the near edge serves, as on a machine."""
        made = service_resources(
            NEAR_SITE, near_services(services, self.block, 1), folder=str(self.folder)
        )
        static = {"static_resources": {"listeners": list(made.listeners)}}
        listeners = on_loopback(static, self.block.edge(1))["static_resources"]["listeners"]
        placed = Resources(listeners=tuple(listeners), routes=made.routes, clusters=made.clusters)
        for number, item in enumerate(pack(placed, ["k" * 40], 4096), 1):
            (self.folder / ("item" if number == 1 else f"item-{number}")).write_text(item)
        found = sync.read(["sh", "-c", f'cat {self.folder}/"$0"'], "item")
        resources = sync.files(found, "a")
        sync.check(self.envoy_path, str(self.folder / "envoy.json"), resources)
        sync.put(str(self.folder), resources)


@contextmanager
def edges(
    envoy_path: str, services: Sequence[Service], later: Sequence[Service] = ()
) -> Iterator[tuple[Store, ServiceEdge, ServiceEdge]]:
    """The near edge's files, that edge, and the far one, which has the services of `later` too."""
    block = Block.free()
    far = far_services([*services, *later], block)
    with (
        tempfile.TemporaryDirectory(prefix="edge") as name,
        running(envoy_path, FAR_SITE, far, block.edge(2)) as there,
    ):
        store = Store(Path(name), envoy_path, block)
        store.put(services)
        with started(envoy_path, Path(name), block.edge(1)) as here:
            yield store, here, there


def status(connection: http.client.HTTPConnection, host: str) -> int:
    connection.request("GET", "/", headers={"host": host})
    response = connection.getresponse()
    response.read()
    return response.status


def to(store: Store) -> http.client.HTTPConnection:
    source = (store.block.application, 0)
    return http.client.HTTPConnection(store.block.edge(1), bound(80), 10, source)


def eventually_is(store: Store, host: str, wanted: int) -> None:
    deadline = time.monotonic() + 15
    while (found := status(to(store), host)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_a_new_service_for_http_ends_no_connection(envoy_path: str) -> None:
    with service() as one, service() as two:
        first, second = http_service("one", one.port), http_service("two", two.port)
        with edges(envoy_path, [first], [second]) as (store, _, _):
            eventually_is(store, "one.internal", 200)
            kept = to(store)
            assert status(kept, "one.internal") == 200
            before = kept.sock
            assert status(kept, "two.internal") == 404
            store.put([first, second])
            eventually_is(store, "two.internal", 200)
            assert status(kept, "two.internal") == 200
            assert kept.sock is before


def test_a_new_service_by_its_name_joins_the_others(envoy_path: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    trusted = ssl.create_default_context(cafile=authority.certificate)

    def get(store: Store, name: str) -> int:
        context = trusted
        connection = http.client.HTTPSConnection(name, context=context)
        plain = socket.create_connection(
            (store.block.edge(1), bound(443)), 10, (store.block.application, 0)
        )
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        return status(connection, name)

    with (
        service(authority.server("one.example.com")) as one,
        service(authority.server("two.example.com")) as two,
    ):
        first, second = tls_service("one", one.port), tls_service("two", two.port)
        with edges(envoy_path, [first], [second]) as (store, _, _):
            assert get(store, "one.example.com") == 200
            with pytest.raises(OSError):
                get(store, "two.example.com")
            store.put([first, second])
            time.sleep(1)
            assert get(store, "two.example.com") == get(store, "one.example.com") == 200


def test_an_edge_that_is_about_to_end_fails_no_request(envoy_path: str) -> None:
    """As `drain.sh` ends it: it says that it is not well, and closes its ports after that."""
    block = Block.free()
    with service() as api:
        services = [http_service("one", api.port)]
        far, near = far_services(services, block), near_services(services, block, 2)
        with (
            running(envoy_path, FAR_SITE, far, block.edge(2)) as first,
            running(envoy_path, FAR_SITE, far, block.edge(3)),
            running(envoy_path, NEAR_SITE, near, block.edge(1)),
        ):
            statuses: list[int] = []
            ended = threading.Event()

            def post() -> None:
                connection = http.client.HTTPConnection(
                    block.edge(1), bound(80), 10, (block.application, 0)
                )
                while not ended.is_set():
                    connection.request("POST", "/", b"", {"host": "one.internal"})
                    response = connection.getresponse()
                    response.read()
                    statuses.append(response.status)

            thread = threading.Thread(target=post, daemon=True)
            thread.start()
            time.sleep(0.5)
            first.admin("/healthcheck/fail")
            time.sleep(2)
            before = len(first.log())
            time.sleep(0.5)
            assert len(first.log()) == before
            first.kill()
            time.sleep(1)
            ended.set()
            thread.join()
    assert {*statuses} == {200}
    assert before > 0


def test_an_answer_under_way_outlives_the_word_that_its_edge_ends(envoy_path: str) -> None:
    with service() as api:
        api.behave = stream(12, 0.3)
        with edges(envoy_path, [http_service("one", api.port)]) as (store, _, there):
            connection = to(store)
            connection.request("POST", "/", b"", {"host": "one.internal"})
            response = connection.getresponse()
            there.admin("/healthcheck/fail")
            assert response.read() == b"x" * 12
            assert status(to(store), "one.internal") == 503
