"""The program that measures the backbone, asked as `trunkline backbone check` asks it.

tests/contract/backbone runs it over real WireGuard.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority

from trunkline.addresses.loopback import CHECK_PORT
from trunkline.backbone.check_client import DERIVED, CheckClient, CheckUnavailableError, Entry
from trunkline.envoy import CHECK_PREFIX
from trunkline.payload import backbone_check as program
from trunkline.payload import sync
from trunkline.payload.backbone_check import CheckError, CheckServer, Guard

EDGE_KEY = "5e" * 32
KEY = program.signature(EDGE_KEY, DERIVED)
NODES = [("aws-1", "127.0.0.1"), ("aws-2", "127.0.0.1"), ("google-1", "127.0.0.1")]


def configured(folder: Path, name: str, port: int = 1, **more: Any) -> dict[str, Any]:
    """What `sync.py` has put into a folder."""
    config = {
        "keys": [KEY],
        "zone": "z",
        "names": {"z": name},
        "port": port,
        "nodes": [{"name": n, "site": n[:-2], "address": a, "mtu": 1340} for n, a in NODES],
        "networks": ["127.0.0.0/8"],
        "services": [],
        **more,
    }
    folder.mkdir(exist_ok=True)
    (folder / "check.json").write_text(json.dumps(config))
    return config


@contextmanager
def serving(folder: Path, *, far: bool = False) -> Iterator[CheckServer]:
    server = CheckServer(("127.0.0.1", 0), str(folder), Guard(), far=far).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CheckServer]:
    """The program of aws-1, whose measurements are at once."""
    monkeypatch.setattr(program, "paths", lambda config: {"paths": []})
    configured(tmp_path / "node", "aws-1")
    with serving(tmp_path / "node") as made:
        yield made


def entry(server: CheckServer) -> Entry:
    return Entry("aws", "127.0.0.1", int(server.server_address[1]), tls=False)


def ask(server: CheckServer, *what: str, key: str = EDGE_KEY, **options: Any) -> dict[str, Any]:
    return CheckClient([key], timeout=5, **options).ask(entry(server), *what)


def status(server: CheckServer, path: str, headers: dict[str, str], method: str = "GET") -> int:
    connection = HTTPConnection("127.0.0.1", int(server.server_address[1]), timeout=5)
    connection.request(method, path, headers=headers)
    return connection.getresponse().status


def test_both_sides_agree_on_what_is_signed_and_where() -> None:
    assert f"{CHECK_PREFIX}/" == program.PREFIX
    assert (program.LOCAL_PORT, sync.CHECK) == (CHECK_PORT, DERIVED)


def test_a_signed_request_is_answered(server: CheckServer) -> None:
    assert ask(server, "aws-1", "paths") == {"node": "aws-1", "paths": []}


def test_without_a_valid_signature_there_is_no_such_path(server: CheckServer) -> None:
    path = f"{program.PREFIX}aws-1/paths"
    assert status(server, path, {}) == 404
    assert status(server, path, program.signed("of-another", "GET", path)) == 404
    assert status(server, path, program.signed(KEY, "POST", path)) == 404
    assert status(server, path, program.signed(KEY, "GET", f"{path}2")) == 404


def test_a_request_is_answered_once(server: CheckServer) -> None:
    path = f"{program.PREFIX}aws-1/paths"
    headers = program.signed(KEY, "GET", path)
    assert [status(server, path, headers) for _ in range(2)] == [200, 403]


def test_an_operator_whose_clock_is_off_signs_again_with_the_edges(
    server: CheckServer,
) -> None:
    behind = partial(ask, wall=lambda: time.time() - 10_000)
    assert behind(server, "aws-1", "paths")["node"] == "aws-1"


@pytest.mark.parametrize(
    "what",
    [("azure-1", "paths"), ("aws-1", "other"), ("aws-1", "throughput", "10.0.0.1"), ("aws-1",)],
)
def test_what_is_not_of_the_backbone_is_not_measured(
    server: CheckServer, what: tuple[str, ...]
) -> None:
    with pytest.raises(CheckUnavailableError, match=r"there is no node|does not know"):
        ask(server, *what)


def test_more_at_once_are_refused(server: CheckServer) -> None:
    for _ in range(program.AT_ONCE):
        server.slots.acquire()
    with pytest.raises(CheckUnavailableError, match="is measuring for others"):
        ask(server, "aws-1", "paths")


def test_streams_come_one_after_another(server: CheckServer) -> None:
    with server.stream, pytest.raises(CheckUnavailableError, match="a throughput already"):
        ask(server, "aws-1", "throughput", "google-1")


def test_a_request_for_another_node_goes_on_to_it(
    server: CheckServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(tmp_path / "other", "aws-2")
    with serving(tmp_path / "other", far=True) as other:
        configured(tmp_path / "node", "aws-1", port=int(other.server_address[1]))
        assert ask(server, "aws-2", "paths")["node"] == "aws-2"
        # What has come over the backbone goes no further.
        with pytest.raises(CheckUnavailableError, match="does not know this request"):
            ask(other, "google-1", "paths")
    with pytest.raises(CheckUnavailableError, match="aws-1 has no answer of aws-2"):
        ask(server, "aws-2", "paths")


def test_a_stream_is_counted_where_it_ends(
    server: CheckServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "MOST_BYTES", 3 * 2**20)
    configured(tmp_path / "other", "google-1")
    with serving(tmp_path / "other", far=True) as other:
        configured(tmp_path / "node", "aws-1", port=int(other.server_address[1]))
        answer = ask(server, "aws-1", "throughput", "google-1")
    assert answer["bytes"] == 3 * 2**20
    assert answer["mbit_per_second"] > 0


def test_no_stream_comes_from_outside_the_backbone(server: CheckServer) -> None:
    path = f"{program.PREFIX}aws-1/stream"
    assert status(server, path, program.signed(KEY, "POST", path), "POST") == 404


def test_a_silent_node_has_no_stream(server: CheckServer) -> None:
    with pytest.raises(CheckUnavailableError, match="no stream to google-1"):
        ask(server, "aws-1", "throughput", "google-1")


@pytest.mark.parametrize(
    ("carried", "found"), [(1340, 1340), (1233, 1233), (576, 576), (500, None)]
)
def test_the_longest_packet_that_arrives_is_found(
    monkeypatch: pytest.MonkeyPatch, carried: int, found: int | None
) -> None:
    def ping(_: object, __: int, size: int, ___: float) -> float | None:
        return 0.001 if size <= carried else None

    monkeypatch.setattr(program, "ping", ping)
    assert program.path_mtu(socket.socket(), 1340, 0.1) == found


def test_a_path_without_an_answer_is_given_up_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "ping", lambda *_: None)
    monkeypatch.setattr(program, "ping_socket", lambda _: socket.socket())
    path = program.path({"name": "google-1", "address": "127.0.0.9", "mtu": 1340})
    assert path == {"node": "google-1", "sent": 5, "lost": 5}


def test_what_is_lost_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([0.001, None] * 10)
    monkeypatch.setattr(program, "ping", lambda *_: next(answers))
    monkeypatch.setattr(program, "ping_socket", lambda _: socket.socket())
    monkeypatch.setattr(program, "path_mtu", lambda *_: 1340)
    path = program.path({"name": "google-1", "address": "127.0.0.9", "mtu": 1340})
    assert (path["sent"], path["lost"], path["round_trip_ms"]) == (20, 10, 1.0)


def test_a_machine_whose_sysctl_forbids_pings_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(socket, "socket", refused)
    with pytest.raises(CheckError, match="ping_group_range"):
        program.ping_socket("127.0.0.1")


# --- services


@contextmanager
def answering(answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A service on a port, which reads a request, answers it and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            link, _ = listening.accept()
            try:
                spoken = context.wrap_socket(link, server_side=True) if context else link
                if answer:
                    spoken.recv(4096)
                    spoken.sendall(answer)
                spoken.close()
            except OSError:
                link.close()

        threading.Thread(target=serve, daemon=True).start()
        yield int(listening.getsockname()[1])


def asked(port: int, **more: Any) -> dict[str, Any]:
    fixed = {"name": "llm", "host": "localhost", "port": port, "protocol": "https"}
    return {**fixed, "plain": False, "server": None, "ca": None, **more}


def seen(port: int, networks: tuple[str, ...] = ("127.0.0.0/8",), **more: Any) -> dict[str, Any]:
    return program.service({"networks": networks}, asked(port, **more))


def test_a_service_shows_its_certificate_and_its_first_byte(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "private")
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", authority.server("localhost")) as port:
        found = seen(port, ca=Path(authority.certificate).read_text())
    assert "error" not in found
    assert found["addresses"] == ["127.0.0.1"]
    assert found["certificate"]["names"] == ["localhost"]
    assert found["status"] == 200
    assert 0 < found["handshake_ms"] <= found["first_byte_ms"]


def test_a_private_endpoint_is_asked_for_the_certificate_of_the_server(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "private")
    ca = Path(authority.certificate).read_text()
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", authority.server("api.example.com")) as port:
        found = seen(port, server="api.example.com", at="127.0.0.1", ca=ca)
    assert "error" not in found
    assert found["connected_to"] == "127.0.0.1"
    assert found["certificate"]["names"] == ["api.example.com"]


def test_a_certificate_of_nobody_is_refused(tmp_path: Path) -> None:
    context = Authority(tmp_path, "private").server("localhost")
    with answering(b"HTTP/1.1 200 OK\r\n\r\n", context) as port:
        assert "the certificate is not valid" in seen(port)["error"]


def test_what_an_edge_answers_is_not_the_services_answer() -> None:
    said = b"HTTP/1.1 503 x\r\ntrunkline-site: google\r\ntrunkline-response-flags: UH\r\n\r\n"
    with answering(said) as port:
        assert seen(port, plain=True)["error"] == "google answers 503 in its place"
    with answering(said.replace(b"UH", b"-")) as port:
        found = seen(port, plain=True)
    assert ("error" in found, found["status"]) == (False, 503)


def test_a_connection_that_an_edge_closes_reaches_no_service() -> None:
    with answering(b"") as port:
        assert seen(port, plain=True, protocol="tcp")["error"] == "closes the connection"


def test_a_name_that_leads_elsewhere_is_said() -> None:
    assert "not to an edge of this site" in seen(9, networks=("10.10.0.0/16",))["error"]


def test_a_name_that_does_not_resolve_is_said() -> None:
    assert "does not resolve" in seen(9, host="no-such-name.invalid")["error"]
