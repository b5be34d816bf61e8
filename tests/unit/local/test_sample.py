"""The sample service."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.loopback import ask, eventually, free_port, send_chunks
from support.programs import listens

from trunkline.local import certificates, sample
from trunkline.local.sample import MOST_HEADERS, MOST_LINE, Handler, SampleServer

GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
PROGRAM = Path(str(files("trunkline.local").joinpath("sample.py")))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    class InAws(Handler):
        where = {"site": "aws", "cloud": "local", "zone": "us-east-1a", "served_by": "sample"}  # noqa: RUF012

    with SampleServer(("127.0.0.1", 0), InAws) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def exchange(port: int, data: bytes) -> bytes:
    """All that the service answers to `data`, until it ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_it_says_where_it_is_and_what_the_request_was(port: int) -> None:
    answer = ask(port, "/api/v5?x=1", method="PATCH", host="api.example.com")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body) == {
        "site": "aws",
        "cloud": "local",
        "zone": "us-east-1a",
        "served_by": "sample",
        "method": "PATCH",
        "path": "/api/v5?x=1",
        "host": "api.example.com",
    }


def test_it_is_healthy(port: int) -> None:
    assert ask(port, "/healthz").status == 200


def test_head_has_the_length_and_no_body(port: int) -> None:
    head = exchange(port, GET.replace(b"GET", b"HEAD"))
    length = int(head.partition(b"content-length: ")[2].partition(b"\r")[0])
    assert head.endswith(b"\r\n\r\n")
    assert length == len(exchange(port, GET).partition(b"\r\n\r\n")[2]) + 1  # HEAD for GET


def test_bodies_are_dropped_and_the_connection_goes_on(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        body = b"x" * 300_000
        head = b"POST /1 HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body + GET.replace(b"/ ", b"/2 "))
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 2:
            answers += connection.recv(4096)
        assert b'"path": "/1"' in answers
        assert b'"path": "/2"' in answers


def test_chunked_bodies_are_dropped_too(port: int) -> None:
    assert send_chunks(port, "/", [b"a" * 70_000, b"b"], 0.01) == 200
    answers = exchange(port, CHUNKED + b"2;x=y\r\nab\r\n0\r\nt: u\r\n\r\n" + GET)
    assert answers.count(b"HTTP/1.1 200 OK") == 2


def test_a_client_that_waits_to_send_its_body_is_asked_for_it(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\nexpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"x")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    requests = b"".join(GET.replace(b"/ ", b"/%d " % i) for i in range(200))
    answers = exchange(port, requests)
    paths = [part.partition(b'"')[0] for part in answers.split(b'"path": "/')[1:]]
    assert paths == [b"%d" % i for i in range(200)]


@pytest.mark.parametrize(
    "request_",
    [GET.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"), b"GET / HTTP/1.0\r\n\r\n"],
)
def test_it_closes_where_the_client_asks_for_it(port: int, request_: bytes) -> None:
    answer = exchange(port, request_ + GET)
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert b"connection: close\r\n" in answer


def test_it_keeps_other_connections_open(port: int) -> None:
    assert b"connection: close" not in exchange(port, GET)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"-1\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"y" * MOST_LINE + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"x%d: y\r\n" % i for i in range(MOST_HEADERS + 1)),
    ],
)
def test_what_is_not_a_request_is_refused(port: int, garbage: bytes) -> None:
    answer = exchange(port, garbage)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request")
    assert answer.count(b"HTTP/1.1") == 1
    assert ask(port).status == 200


def test_a_client_that_leaves_in_its_body_gets_no_answer(port: int) -> None:
    assert exchange(port, b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx") == b""


def test_a_request_may_come_byte_by_byte(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in GET:
            connection.sendall(bytes([byte]))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_does_not_read_hinders_no_other(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as greedy:
        greedy.settimeout(0.5)
        with pytest.raises(TimeoutError):
            while True:
                greedy.sendall(GET * 1_000)
        assert ask(port).status == 200


def test_an_idle_client_is_disconnected(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handler, "timeout", 0.1)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(GET + b"GET /")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
        assert connection.recv(65_536) == b""


def test_clients_beyond_the_limit_wait_until_others_have_gone(port: int) -> None:
    crowd = [
        socket.create_connection(("127.0.0.1", port)) for _ in range(sample.MOST_CONNECTIONS + 50)
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(GET)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        for client in crowd:
            client.close()
        connection.settimeout(10)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=8), st.booleans())
def test_no_bytes_break_it(port: int, pieces: list[bytes], after_a_head: bool) -> None:
    answer = exchange(port, (CHUNKED if after_a_head else b"") + b"".join(pieces))
    assert answer == b"" or answer.startswith(b"HTTP/1.1 ")


def test_as_a_program_it_ends_at_once_on_sigterm(tmp_path: Path) -> None:
    at, config = free_port(), tmp_path / "sample.json"
    where = {"site": "aws", "cloud": "local", "zone": "us-east-1a"}
    config.write_text(json.dumps({**where, "address": "127.0.0.1", "port": at}))
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        eventually(lambda: listens(at))
        assert json.loads(ask(at).body)["zone"] == "us-east-1a"
        with socket.create_connection(("127.0.0.1", at), timeout=10) as connection:
            connection.sendall(GET)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
            before = time.monotonic()
            process.terminate()
            said = process.communicate(timeout=10)
        assert time.monotonic() - before < 1
        assert process.returncode == 0
        assert said == (f"answers on 127.0.0.1:{at}\n".encode(), b"")


def test_it_needs_one_file_and_the_standard_library_only() -> None:
    assert "trunkline." not in PROGRAM.read_text()


def test_who_accepts_events_gets_them_one_by_one(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /a HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n")
        pieces = list(iter(lambda: connection.recv(65_536), b""))
    head, _, rest = b"".join(pieces).partition(b"\r\n\r\n")
    assert b"content-type: text/event-stream" in head
    events = [json.loads(each.removeprefix(b"data: ")) for each in rest.split(b"\n\n") if each]
    assert [each["path"] for each in events] == ["/a"] * sample.EVENTS
    assert len(pieces) >= sample.EVENTS  # they were not kept until the end


def test_with_names_it_shows_a_certificate_of_an_authority_of_its_own(tmp_path: Path) -> None:
    port = free_port()
    where = {"site": "aws", "cloud": "local", "zone": "a", "address": "127.0.0.1", "port": port}
    config = tmp_path / "services.json"
    config.write_text(json.dumps({**where, "names": ["api.example.com", "*.b.example.com"]}))
    maker = Path(str(files("trunkline.local").joinpath("certificates.py")))
    command = [sys.executable, "-I", str(maker), config.name, str(PROGRAM)]
    authority = tmp_path / "authority.pem"
    for _ in range(2):  # the second start keeps what others have read
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
            eventually(lambda: listens(port))
            known = authority.read_bytes()
            names = ("api.example.com", "a.b.example.com")
            answers = [_ask_by_tls(port, name, authority) for name in names]
            with pytest.raises(ssl.SSLCertVerificationError):
                _ask_by_tls(port, "other.example.com", authority)
            process.terminate()
        assert all(b'"site": "aws"' in answer for answer in answers)
        assert authority.read_bytes() == known
    assert (tmp_path / "certificate.pem").stat().st_mode & 0o077 == 0
    assert b"PRIVATE" not in known


def _ask_by_tls(port: int, name: str, authority: Path) -> bytes:
    context = ssl.create_default_context(cafile=str(authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as channel,
    ):
        channel.sendall(GET)
        return channel.recv(65_536)


def test_the_certificate_is_made_before_the_program_is_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.json").write_text('{"names": ["a.example.com"]}')
    ran: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _, argv: ran.append(argv))
    certificates.main("c.json", "sample.py")
    assert ran == [[sys.executable, "-I", "-S", "sample.py", "c.json"]]
    assert sample._tls_context().get_ca_certs() == []  # it has loaded the pair
