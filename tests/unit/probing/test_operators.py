"""What an agent serves over HTTP, and which clients it refuses."""

from __future__ import annotations

import contextlib
import hmac
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from support.agents import PORT, Fleet, fleet
from support.loopback import eventually

from trunkline.probing.addresses import ProbeAddress
from trunkline.probing.client import ProbeUnavailableError, fetch

ZONE, REFUSING = "a/z0", "b/z1"


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("agents"), 2, sweeps=1) as running:
        running.start(ZONE)
        running.start(REFUSING, operators=["203.0.113.7/32"])
        running.sweeps(ZONE)
        yield running


def signed(
    agents: Fleet, zone: str = ZONE, path: str = "/results", ahead: float = 0
) -> dict[str, str]:
    secret = hmac.digest(bytes.fromhex(agents.key), b"trunkline results 1", "sha256")
    stamp, nonce = f"{time.time() + ahead:.3f}", f"{time.time_ns():032x}"
    text = f"GET\n{path}\n{zone}\n{stamp}\n{nonce}".encode()
    tag = hmac.digest(secret, text, "sha256").hex()
    return {"x-trunkline-time": stamp, "x-trunkline-nonce": nonce, "x-trunkline-signature": tag}


def get(
    agents: Fleet, path: str, headers: dict[str, str] | None = None, zone: str = ZONE
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(agents.address(zone).host, PORT, timeout=5)
    connection.request("GET", path, headers=headers or {})
    response = connection.getresponse()
    return response, response.read()


def test_health_names_the_zone_and_the_phase(agents: Fleet) -> None:
    response, body = get(agents, "/healthz")
    content = json.loads(body)
    assert response.status == 200
    first = content.pop("uptime_seconds")  # rounded to a tenth of a second
    assert content == {"site": "a", "cloud": "local", "zone": "z0", "sweep": 2, "phase": "done"}
    assert "Python" not in str(response.headers)
    eventually(lambda: json.loads(get(agents, "/healthz")[1])["uptime_seconds"] > first)


def test_a_signed_request_is_answered_once(agents: Fleet) -> None:
    headers = signed(agents)
    response, body = get(agents, "/results", headers)
    assert (response.status, json.loads(body)["completed"]) == (200, 1)
    replayed, nothing = get(agents, "/results", headers)
    assert (replayed.status, nothing) == (403, b"")


@pytest.mark.parametrize("ahead", [-14 * 60, 14 * 60])
def test_clocks_may_differ_by_a_quarter_of_an_hour(agents: Fleet, ahead: float) -> None:
    assert get(agents, "/results", signed(agents, ahead=ahead))[0].status == 200


@pytest.mark.parametrize("ahead", [-16 * 60, 16 * 60, float("nan"), float("inf")])
def test_a_larger_difference_is_refused_with_the_time_of_the_agent(
    agents: Fleet, ahead: float
) -> None:
    response, body = get(agents, "/results", signed(agents, ahead=ahead))
    assert (response.status, body) == (403, b"")
    assert float(response.headers["x-trunkline-time"]) == pytest.approx(time.time(), abs=5)
    assert len(response.headers["x-trunkline-signature"]) == 64


def test_a_stranger_is_not_told_the_time_under_a_signature(agents: Fleet) -> None:
    headers = {**signed(agents, ahead=-16 * 60), "x-trunkline-signature": "f" * 64}
    response, _ = get(agents, "/results", headers)
    assert response.status == 403
    assert "x-trunkline-signature" not in response.headers


@pytest.mark.parametrize("name", ["x-trunkline-time", "x-trunkline-nonce", "x-trunkline-signature"])
@pytest.mark.parametrize("value", [None, "", "0", "f" * 64, "\xe9"])
def test_a_forged_request_is_refused(agents: Fleet, name: str, value: str | None) -> None:
    headers = signed(agents)
    if value is None:
        del headers[name]
    else:
        headers[name] = value
    try:
        response, body = get(agents, "/results", headers)
    except (http.client.HTTPException, OSError):
        return  # the agent does not answer what is not HTTP
    assert (response.status, body) == (403, b"")


def test_a_request_that_is_signed_for_another_zone_is_refused(agents: Fleet) -> None:
    assert get(agents, "/results", signed(agents, zone="b/z1"))[0].status == 403


def test_a_request_with_another_key_is_refused(agents: Fleet) -> None:
    with pytest.raises(ProbeUnavailableError, match="it has another key"):
        fetch(agents.address(ZONE), bytes(32))


def test_only_operators_get_results(agents: Fleet) -> None:
    assert get(agents, "/results", signed(agents, zone=REFUSING), zone=REFUSING)[0].status == 403
    assert get(agents, "/healthz", zone=REFUSING)[0].status == 200


@pytest.mark.parametrize("path", ["/", "/results/", "/../etc/passwd", "/healthz?x=1"])
def test_any_other_path_is_not_found(agents: Fleet, path: str) -> None:
    response, body = get(agents, path, signed(agents, path=path))
    assert (response.status, body) == (404, b"")


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"x" * 10_000,
        b"GET / H\xff\r\n\r\n",
    ],
)
def test_an_invalid_request_gets_no_response(agents: Fleet, data: bytes) -> None:
    with socket.create_connection((agents.address(ZONE).host, PORT), timeout=5) as connection:
        connection.sendall(data)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    assert get(agents, "/healthz")[0].status == 200


def test_slow_clients_are_disconnected(agents: Fleet) -> None:
    host = agents.address(ZONE).host
    idle = [socket.create_connection((host, PORT), timeout=10) for _ in range(20)]
    for connection in idle:
        assert connection.recv(10) == b""  # closed at once, or after the timeout
        connection.close()
    assert get(agents, "/healthz")[0].status == 200


def test_the_port_for_connects_accepts_and_closes(agents: Fleet) -> None:
    with socket.create_connection((agents.address(ZONE).host, PORT + 1), timeout=5) as connection:
        assert connection.recv(10) == b""


def test_a_request_is_signed_again_with_the_time_in_the_refusal(agents: Fleet) -> None:
    key = bytes.fromhex(agents.key)
    results = fetch(agents.address(ZONE), key, wall=lambda: time.time() - 3 * 3600)
    assert results.content["completed"] == 1
    assert results.clock_ahead == pytest.approx(3 * 3600, abs=2)


def server_with(response: bytes, times: int = 1) -> Iterator[ProbeAddress]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(times):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(response)

        thread = threading.Thread(target=serve)
        thread.start()
        yield ProbeAddress("a", "z0", "127.0.0.1", listener.getsockname()[1])
        thread.join()


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "without a valid signature"),
        (
            b"HTTP/1.1 200 OK\r\nx-trunkline-signature: \xff\r\nContent-Length: 2\r\n\r\n{}",
            "without a valid signature",
        ),
        (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", "status 500"),
        (b"SSH-2.0-OpenSSH\r\n", "does not answer"),
        (b"", "does not answer"),
        (
            b"HTTP/1.1 403 No\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n",
            "it has another key",
        ),
        (
            b"HTTP/1.1 403 No\r\nx-trunkline-time: 0\r\nx-trunkline-signature: %s\r\n"
            b"Content-Length: 0\r\n\r\n" % (b"f" * 64),
            "it has another key",
        ),
    ],
)
def test_a_response_that_is_not_the_agents_is_not_used(response: bytes, reason: str) -> None:
    for address in server_with(response):
        with pytest.raises(ProbeUnavailableError, match=re.escape(reason)):
            fetch(address, bytes(32), timeout=5)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_an_answer_that_comes_byte_by_byte_ends_in_time(
    start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.probing.client.LIMIT", 1.0)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(start)
                while not done.wait(0.2):
                    connection.sendall(b"H")

        thread = threading.Thread(target=drip)
        thread.start()
        address = ProbeAddress("a", "z0", "127.0.0.1", listener.getsockname()[1])
        began = time.monotonic()
        with pytest.raises(ProbeUnavailableError, match="does not end its answer within 1 s"):
            fetch(address, bytes(32), timeout=5)
        assert time.monotonic() - began < 3
        done.set()
        thread.join()


def test_a_refusal_of_another_key_is_about_the_key(agents: Fleet) -> None:
    with pytest.raises(ProbeUnavailableError, match="it has another key"):
        fetch(agents.address(ZONE), bytes(32), wall=lambda: time.time() - 3 * 3600)


@pytest.mark.parametrize("change", [{"version": 2}, {"zone": "z1"}])
def test_results_of_another_version_or_zone_are_not_used(
    change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"version": 1, "site": "a", "zone": "z0", "time": 0, **change}).encode()
    monkeypatch.setattr("trunkline.probing.client._request", lambda *_: (200, None, body))
    with pytest.raises(ProbeUnavailableError, match="another version; deploy the probes again"):
        fetch(ProbeAddress("a", "z0", "192.0.2.1", PORT), bytes(32))


def test_a_host_name_that_does_not_exist_is_unavailable() -> None:
    with pytest.raises(ProbeUnavailableError, match="does not resolve: apply its stack probes-a"):
        fetch(ProbeAddress("a", "z0", "no-such-name.invalid", PORT), bytes(32))
