"""Waiting for one machine of an edge that has others; Cloudflare's API is a double on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs
import pytest
from support.examples import ROOT, THREE

from trunkline.deploy import replicas
from trunkline.deploy.connectors import Connectors, ConnectorsError
from trunkline.deploy.health import EdgeError, EdgeWaiter
from trunkline.deploy.replicas import ReplicaWaiter
from trunkline.topology import load

TOPOLOGY = load(THREE)
AWS = TOPOLOGY.site("aws")
PUBLIC = load(ROOT / "tests" / "golden" / "topologies" / "public-replicas.yaml")


class Cloudflare:
    """What the API answers: the connectors of each time that it is asked, then the last ones."""

    def __init__(self) -> None:
        self.connectors: list[list[str]] = [[]]
        self.status = 200
        self.body: bytes | None = None
        self.url = ""

    def answer(self, path: str) -> bytes:
        if self.body is not None:
            return self.body
        if "/connections" not in path:
            assert path == "/accounts/acme/cfd_tunnel?name=three-clouds-edge-aws&is_deleted=false"
            return json.dumps({"result": [{"id": "t", "name": "three-clouds-edge-aws"}]}).encode()
        now = self.connectors.pop(0) if len(self.connectors) > 1 else self.connectors[0]
        clients = [{"id": each, "conns": [{"is_pending_reconnect": False}]} for each in now]
        gone = {"id": "gone", "conns": [{"is_pending_reconnect": True}]}
        return json.dumps({"result": [*clients, gone]}).encode()


@pytest.fixture
def cloudflare(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloudflare]:
    found = Cloudflare()

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(found.answer(self.path))

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    found.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(replicas, "PAUSE", 0.01)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


def waiter(url: str, seconds: float = 5, **env: str) -> ReplicaWaiter:
    given = {"CLOUDFLARE_API_TOKEN": "token", "CLOUDFLARE_BASE_URL": url, **env}
    return ReplicaWaiter(EdgeWaiter(TOPOLOGY, seconds, "the key"), Connectors("acme", given))


def nothing(text: str) -> None:
    raise AssertionError(text)


def test_a_new_machine_serves_once_the_tunnel_has_its_connector(cloudflare: Cloudflare) -> None:
    cloudflare.connectors = [["a", "b"], ["b"], ["b"], ["b", "c"]]
    wait = waiter(cloudflare.url)
    before = wait.serving(AWS)
    assert before == frozenset("ab")
    wait.until_serving(AWS, [AWS.zone], before, nothing)
    assert cloudflare.connectors == [["b", "c"]]


def test_a_machine_that_stays_away_is_told(cloudflare: Cloudflare) -> None:
    cloudflare.connectors = [["b"]]
    with pytest.raises(EdgeError, match=r"no new connector.*run the command again"):
        waiter(cloudflare.url, 0.05).until_serving(AWS, [AWS.zone], frozenset("ab"), nothing)


def test_a_machine_stays_until_another_one_serves(cloudflare: Cloudflare) -> None:
    cloudflare.connectors = [["a"], ["a"], ["a", "b"]]
    waiter(cloudflare.url).until_another(AWS, [AWS.zone])
    cloudflare.connectors = [["a"]]
    with pytest.raises(EdgeError, match="not begun: no other machine of its site serves"):
        waiter(cloudflare.url, 0.05).until_another(AWS, [AWS.zone])
    cloudflare.connectors = [[]]  # nobody misses what serves nobody
    waiter(cloudflare.url).until_another(AWS, [AWS.zone])


def test_without_an_answer_it_says_so_and_waits_as_long_as_a_machine_may_take() -> None:
    said: list[str] = []
    wait = waiter("http://127.0.0.1:9", 0.05, CLOUDFLARE_API_TOKEN="")
    assert wait.serving(AWS) is None
    wait.until_another(AWS, [AWS.zone])
    wait.until_serving(AWS, [AWS.zone], None, said.append)
    assert said == [
        "nothing tells whether the new machine serves (CLOUDFLARE_API_TOKEN is not set): "
        "waiting 0 s"
    ]
    wait.waiter.stop.set()
    with pytest.raises(EdgeError, match="may not serve yet"):
        wait.until_serving(AWS, [AWS.zone], None, said.append)


def test_zero_seconds_do_not_wait() -> None:
    wait = waiter("http://127.0.0.1:9", 0)
    wait.until_another(AWS, [AWS.zone])
    wait.until_serving(AWS, [AWS.zone], None, nothing)
    wait.until_serving(AWS, [AWS.zone], frozenset("a"), nothing)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (403, b"{}", "answers with status 403"),
        (200, b"no JSON", "cannot be read"),
        (200, b"[]", "cannot be read"),
    ],
)
def test_an_answer_that_is_none_is_told(
    cloudflare: Cloudflare, status: int, body: bytes, why: str
) -> None:
    cloudflare.status, cloudflare.body = status, body
    with pytest.raises(ConnectorsError, match=why):
        waiter(cloudflare.url).connectors.of("three-clouds-edge-aws")


def test_a_tunnel_that_is_not_there_has_no_connectors(cloudflare: Cloudflare) -> None:
    cloudflare.body = b'{"result": []}'
    assert waiter(cloudflare.url).connectors.of("three-clouds-edge-aws") == frozenset()
    with pytest.raises(ConnectorsError, match="does not answer"):
        waiter("http://127.0.0.1:9").connectors.of("three-clouds-edge-aws")


@attrs.frozen
class Public(EdgeWaiter):
    """Public machines, of which those of `down` do not answer."""

    down: dict[str, int] = attrs.field(factory=dict)

    def refusal(self, url: str) -> str:
        for name in self.down:
            if url == f"https://{name}/livez" and self.down[name]:
                self.down[name] -= 1
                return "status 522"
        return ""


def public(seconds: float, **down: Any) -> ReplicaWaiter:
    names = {f"spread-edge-aws{name}.example.com": count for name, count in down["down"].items()}
    return ReplicaWaiter(Public(PUBLIC, seconds, "the key", down=names), Connectors(""))


def test_public_machines_are_asked_by_their_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "PAUSE", 0.01)
    aws = PUBLIC.site("aws")
    assert public(5, down={}).serving(aws) == frozenset(
        {"spread-edge-aws.example.com", "spread-edge-aws-us-east-1b.example.com"}
    )
    public(5, down={"-us-east-1b": 3}).until_serving(aws, ["us-east-1b"], frozenset(), nothing)
    public(5, down={"-us-east-1b": 3}).until_another(aws, ["us-east-1a"])
    away = public(0.05, down={"-us-east-1b": 10**9})
    with pytest.raises(EdgeError, match=r"aws-us-east-1b\.example\.com does not answer"):
        away.until_serving(aws, ["us-east-1b"], frozenset(), nothing)
    with pytest.raises(EdgeError, match="no other machine of its site serves"):
        public(0.05, down={"-us-east-1b": 10**9}).until_another(aws, ["us-east-1a"])
