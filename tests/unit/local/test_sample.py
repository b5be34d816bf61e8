"""The sample service."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.loopback import ask, eventually, free_port, send_chunks

from trunkline.local.sample import MOST_BODY, MOST_HEAD, MOST_UNREAD, Answer, Connection

GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    at = free_port()
    config = tmp_path_factory.mktemp("sample") / "sample.json"
    where = {"site": "aws", "cloud": "local", "zone": "us-east-1a"}
    config.write_text(json.dumps({**where, "address": "127.0.0.1", "port": at}))
    program = str(files("trunkline.local").joinpath("sample.py"))
    command = [sys.executable, "-I", "-S", program, str(config)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: _listens(at))
        yield at
        process.terminate()
        assert process.wait(5) == 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def exchange(port: int, data: bytes) -> bytes:
    """All that the service answers to `data`, once nothing more is sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def reply(data: bytes) -> bytes:
    """What a connection answers, without a socket."""
    connection = Connection(Answer("s", "c", "z"))
    connection.receive(data)
    return bytes(connection.outbox)


def test_it_says_where_it_is_and_what_it_was_asked(port: int) -> None:
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


def test_a_client_that_waits_to_send_its_body_is_told_to_go_on() -> None:
    head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\nexpect: 100-continue\r\n\r\n"
    assert reply(head) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    requests = b"".join(GET.replace(b"/ ", b"/%d " % i) for i in range(200))
    answers = exchange(port, requests)
    paths = [part.partition(b'"')[0] for part in answers.split(b'"path": "/')[1:]]
    assert paths == [b"%d" % i for i in range(200)]


def test_it_closes_where_the_client_asks_for_it() -> None:
    assert b"connection: close" in reply(GET.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"))
    assert b"connection: close" in reply(b"GET / HTTP/1.0\r\n\r\n")
    assert b"connection: close" not in reply(GET)


@pytest.mark.parametrize(
    ("garbage", "status"),
    [
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\n folded: x\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nhost: a\r\n\r\n", 505),
        (b"GET / XTTP/1.1\r\nhost: a\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1, 1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400),
        (CHUNKED.replace(b"host: a", b"host: a\r\ncontent-length: 1"), 400),
        (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (MOST_BODY + 1), 413),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9999999999999\r\n\r\n", 413),
        (CHUNKED + b"zz\r\n", 400),
        (CHUNKED + b"ffffffff\r\n", 413),
        (b"GET / HTTP/1.1\r\nx: " + b"y" * MOST_HEAD, 431),
    ],
)
def test_what_is_no_request_is_refused(garbage: bytes, status: int) -> None:
    connection = Connection(Answer("s", "c", "z"))
    connection.receive(garbage)
    assert bytes(connection.outbox).startswith(b"HTTP/1.1 %d " % status)
    assert connection.ends
    connection.receive(GET)
    assert bytes(connection.outbox).count(b"HTTP/1.1") == 1


def test_after_garbage_it_still_serves(port: int) -> None:
    assert exchange(port, b"\x00\xff\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request")
    assert ask(port).status == 200


def test_a_request_may_come_byte_by_byte() -> None:
    connection = Connection(Answer("s", "c", "z"))
    for byte in GET:
        connection.receive(bytes([byte]))
    assert bytes(connection.outbox) == reply(GET)


def test_who_does_not_read_gets_no_more_answers() -> None:
    connection = Connection(Answer("s", "c", "z"))
    connection.receive(GET * 5_000)
    assert len(connection.outbox) < 2 * MOST_UNREAD
    answers = 0
    while connection.outbox:
        answers += connection.outbox.count(b"HTTP/1.1 200")
        connection.outbox.clear()
        connection.go_on()
    assert answers == 5_000


def test_a_client_that_does_not_read_hinders_no_other(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as greedy:
        greedy.settimeout(0.5)
        with pytest.raises(TimeoutError):
            while True:
                greedy.sendall(GET * 1_000)
        assert ask(port).status == 200


def test_more_clients_than_it_takes_wait_their_turn(port: int) -> None:
    crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(600)]
    for client in crowd:
        client.close()
    deadline = time.monotonic() + 10
    assert ask(port).status == 200
    assert time.monotonic() < deadline


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=40), max_size=8), st.booleans())
def test_no_bytes_break_it(pieces: list[bytes], after_a_head: bool) -> None:
    connection = Connection(Answer("s", "c", "z"))
    if after_a_head:
        connection.receive(CHUNKED)
    for piece in pieces:
        connection.receive(piece)
    connection.receive(b"\r\n\r\n")
    assert len(connection.outbox) < 2 * MOST_UNREAD


@settings(max_examples=200)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.data())
def test_answers_do_not_depend_on_how_requests_are_cut(
    kinds: list[int], data: st.DataObject
) -> None:
    requests = [
        GET,
        b"POST /b HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
        CHUNKED + b"2;x=y\r\nab\r\n0\r\nt: u\r\n\r\n",
        b"HEAD /d HTTP/1.1\r\nhost: a\r\n\r\n",
    ]
    whole = b"".join(requests[kind] for kind in kinds)
    connection = Connection(Answer("s", "c", "z"))
    rest = whole
    while rest:
        cut = data.draw(st.integers(1, len(rest)))
        connection.receive(rest[:cut])
        rest = rest[cut:]
    assert bytes(connection.outbox) == reply(whole)
    assert bytes(connection.outbox).count(b"HTTP/1.1 200") == len(kinds)


def test_it_needs_one_file_and_the_standard_library_only() -> None:
    text = files("trunkline.local").joinpath("sample.py").read_text()
    assert "trunkline." not in text
    assert Path(str(files("trunkline.local").joinpath("sample.py"))).is_file()
