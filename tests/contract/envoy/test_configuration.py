"""What an edge serves changes under a running Envoy, by the program that its machine runs."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import Factory, define, frozen
from support.collector import collector
from support.loopback import Service, ask, eventually, free_port, service
from support.programs import listening

from trunkline.envoy import (
    ZONE,
    Collector,
    KeyGuard,
    LoopbackListener,
    dynamic_bootstrap,
    log_limit,
    resources,
)
from trunkline.model import DEFAULT_FORWARDING, EDGE_KEY_HEADER, Otlp, Upstream
from trunkline.payload.configuration import pack
from trunkline.payload.unit import machine_program

pytestmark = pytest.mark.slow

HOST, SPARE = "edge.example.com", "edge-2.example.com"
OLD, NEW = "0ld" * 20, "new" * 20
# A secret store of files, in the place of the cloud's.
STORE = "import sys; print(open(f'{sys.argv[1]}/{sys.argv[2]}').read())"


@frozen
class Edge:
    """An Envoy whose configuration comes from the items in `folder`."""

    port: int
    folder: Path
    log: Path
    collector: Collector | None = None

    def store(
        self,
        *prefixes: str,
        upstream: Service | None = None,
        keys: Sequence[str] = (OLD,),
        limit: int = 65_536,
        header: str = "",
        check: dict[str, Any] | None = None,
    ) -> None:
        """Write what the edge is to serve, as Terraform does."""
        made = resources(
            site="aws",
            zone="us-east-1a",
            cloud="aws",
            routes=dict.fromkeys(prefixes, DEFAULT_FORWARDING),
            upstreams={None: Upstream.from_url(upstream.url)} if upstream else {},
            listener=LoopbackListener(port=self.port),
            guard=KeyGuard([HOST, SPARE, f"127.0.0.1:{self.port}"]),
            folder=str(self.folder),
            log_limit=f"{self.folder}/log-limit.json",
            collector=self.collector,
            backbone_check=check is not None,
        )
        encoded = base64.b64encode(header.encode()).decode()
        for number, item in enumerate(pack(made, keys, limit, header=encoded, check=check), 1):
            (self.folder / ("item" if number == 1 else f"item-{number}")).write_text(item)

    def status(self, target: str, key: str | None = OLD, host: str = HOST) -> int:
        shown: Any = {EDGE_KEY_HEADER: key} if key is not None else {}
        return ask(self.port, target, Host=host, **shown).status

    def serves(self, target: str, status: int = 200, key: str = OLD) -> None:
        eventually(lambda: self.status(target, key) == status)


@pytest.fixture
def edge(envoy_path: str) -> Iterator[Edge]:
    with running_edge(envoy_path) as made:
        yield made


@contextlib.contextmanager
def running_edge(envoy_path: str, otlp: Otlp | None = None) -> Iterator[Edge]:
    with tempfile.TemporaryDirectory(prefix="edge") as name, contextlib.ExitStack() as stack:
        folder, port = Path(name), free_port()
        made = Edge(port, folder, folder / "sync.log", reporting(otlp, ZONE, name))
        made.store("/api/v5", header="Bearer of-the-collector" if otlp else "")
        (folder / "log-limit.json").write_text(json.dumps(log_limit()))
        bootstrap = dynamic_bootstrap(
            site="aws",
            zone="us-east-1a",
            folder=name,
            admin_socket=f"{name}/admin.sock",
            collector=reporting(otlp, "us-east-1a", name),
        )
        [statistics] = bootstrap["static_resources"]["listeners"]
        statistics["address"]["socket_address"]["port_value"] = free_port()  # tests run at once
        (folder / "envoy.json").write_text(json.dumps(bootstrap))
        settings = {
            "fetch": [sys.executable, "-c", STORE, name],
            "item": "item",
            "seconds": 0.2,
            "zone": "us-east-1a",
            "envoy": envoy_path,
            "bootstrap": f"{name}/envoy.json",
            "folder": name,
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        (folder / "sync.py").write_text(machine_program("sync"))
        stack.enter_context(_running([sys.executable, "-I", "sync.py", "settings.json"], made))
        eventually((folder / "lds.json").exists)
        options = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warn"]
        command = [envoy_path, "-c", f"{name}/envoy.json", *options]
        stack.enter_context(listening(command, port, folder))
        made.serves("/api/v5")
        yield made


@contextlib.contextmanager
def _running(command: list[str], edge: Edge) -> Iterator[None]:
    with edge.log.open("wb") as log:
        process = subprocess.Popen(command, cwd=edge.folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@define
class Load:
    """Requests one after another over a few connections that stay open, until `end`."""

    edge: Edge
    target: str
    sent: int = 0
    failed: list[str] = Factory(list)
    ended: threading.Event = Factory(threading.Event)

    def ask_again_and_again(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=10)
        while not self.ended.is_set():
            self.sent += 1
            try:
                headers = {"Host": HOST, EDGE_KEY_HEADER: OLD}
                connection.request("GET", self.target, headers=headers)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failed.append(str(answer.status))
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()


@contextlib.contextmanager
def under_load(edge: Edge, target: str) -> Iterator[Load]:
    load = Load(edge, target)
    threads = [threading.Thread(target=load.ask_again_and_again) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.ended.set()
        for thread in threads:
            thread.join()


def reporting(otlp: Otlp | None, zone: str, folder: str) -> Collector | None:
    if otlp is None:
        return None
    return Collector(
        upstream=otlp.upstream,
        attributes={"zone": zone},
        seconds=1,
        header=otlp.header,
        folder=folder,
    )


def test_the_collector_learns_the_machine_s_zone_and_who_it_is(envoy_path: str) -> None:
    with collector() as received:
        otlp = Otlp(endpoint=f"http://127.0.0.1:{received.port}", header="x-api-key")
        with running_edge(envoy_path, otlp) as edge:
            eventually(lambda: all(received.resources.values()))
            edge.store("/api/v5", header="Bearer of-tomorrow")
            eventually(lambda: received.metadata[-1]["x-api-key"] == "Bearer of-tomorrow")
            assert "Bearer" not in edge.log.read_text()
    for kind, found in received.resources.items():
        assert {each["zone"] for each in found} == {"us-east-1a"}, kind
    assert {each.get("x-api-key") for each in received.metadata} == {
        "Bearer of-the-collector",
        "Bearer of-tomorrow",
    }


def test_only_who_has_the_key_and_calls_the_edge_by_its_name_gets_in(edge: Edge) -> None:
    for target in ("/api/v5", "/healthz", "/livez", "/elsewhere"):
        for how in ({"key": None}, {"key": ""}, {"key": NEW}, {"host": "api.example.com"}):
            assert edge.status(target, **how) == 403, (target, how)
    for host in (HOST, SPARE):
        for target in ("/livez", "/healthz", "/api/v5"):
            assert edge.status(target, host=host) == 200, (host, target)
    assert edge.status("/elsewhere") == 404


def test_the_key_is_not_for_the_upstream(edge: Edge) -> None:
    with service() as behind:
        edge.store("/api/v5", upstream=behind)
        edge.serves("/healthz")
        eventually(lambda: edge.status("/api/v5") == 200 and behind.hits != [])
        assert not [hit for hit in behind.hits if EDGE_KEY_HEADER in hit.headers]


def test_ten_changes_of_routes_and_upstreams_lose_no_request(edge: Edge) -> None:
    with service() as one, service() as other, under_load(edge, "/api/v5") as load:
        for number in range(10):
            edge.store("/api/v5", f"/new/{number}", upstream=(one, other, None)[number % 3])
            edge.serves(f"/new/{number}")
    assert load.failed == []
    assert load.sent > 100
    assert one.hits and other.hits
    assert "envoy bug" not in (edge.folder / "stderr").read_text()


def test_a_key_is_rotated_without_a_lost_request(edge: Edge) -> None:
    with under_load(edge, "/api/v5") as load:
        edge.store("/api/v5", keys=[NEW, OLD])
        edge.serves("/api/v5", key=NEW)
        assert edge.status("/api/v5", key=OLD) == 200
    assert load.failed == []
    edge.store("/api/v5", keys=[NEW, ""])
    edge.serves("/api/v5", status=403, key=OLD)
    assert edge.status("/api/v5", key=NEW) == 200
    assert edge.status("/api/v5", key="") == 403


def test_what_envoy_refuses_is_said_and_changes_nothing(edge: Edge) -> None:
    edge.store("/api/v5", "/not?for-envoy")
    eventually(lambda: "Envoy refuses it" in edge.log.read_text())
    assert "stays in place" in edge.log.read_text()
    assert edge.status("/api/v5") == 200
    edge.store("/api/v5", "/good")
    edge.serves("/good")


def test_a_store_that_fails_is_said_and_changes_nothing(edge: Edge) -> None:
    (edge.folder / "item").rename(edge.folder / "away")
    eventually(lambda: "item cannot be read: FileNotFoundError" in edge.log.read_text())
    assert edge.status("/api/v5") == 200
    (edge.folder / "away").rename(edge.folder / "item")
    eventually(lambda: "and can be read again" in edge.log.read_text())


def test_a_configuration_of_several_items_is_put_together(edge: Edge) -> None:
    edge.store(*(f"/long/{number}" for number in range(60)), limit=900)
    assert (edge.folder / "item-2").exists()
    edge.serves("/long/59")


def test_no_key_is_in_the_log(edge: Edge) -> None:
    edge.store("/api/v5", keys=[NEW, "short"])
    eventually(lambda: "less than 32" in edge.log.read_text())
    assert OLD not in edge.log.read_text() and NEW not in edge.log.read_text()
