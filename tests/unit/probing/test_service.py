"""The agent's HTTP responses and the start of its process, without a running agent."""

from __future__ import annotations

import contextlib
import gc
import hmac
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.agents import Fleet

from trunkline.probing import agent as module
from trunkline.probing.agent import Config, ProbeAgent, ProbeService

ZONE = "a/z0"
KEY = bytes(32)


class EndOfTestError(Exception):
    """Ends a loop that has no end."""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[ProbeAgent]:
    made = ProbeAgent(Config(config(tmp_path)))
    made.key = KEY
    yield made
    for each in (made.udp, made.tcp, made.http):
        each.close()


def config(folder: Path) -> dict[str, Any]:
    return Fleet(folder, (ZONE,), {"operators": ["192.0.2.0/24"]}).config(ZONE, address="127.0.0.1")


def request(service: ProbeService, text: bytes, source: str = "192.0.2.7") -> bytes:
    """The response to a request."""
    near, far = socket.socketpair()
    with near:
        near.sendall(text)
        near.shutdown(socket.SHUT_WR)
        slot = threading.Semaphore(0)
        service.handle(far, source, slot)
        assert slot.acquire(blocking=False)
        with contextlib.suppress(ConnectionResetError):
            return near.recv(65536)
        return b""


def signed(path: str = "/results", key: bytes = KEY, ahead: float = 0) -> bytes:
    secret = hmac.digest(key, b"trunkline results 1", "sha256")
    stamp, nonce = f"{time.time() + ahead:.3f}", f"{time.time_ns():032x}"
    tag = hmac.digest(secret, f"GET\n{path}\n{ZONE}\n{stamp}\n{nonce}".encode(), "sha256").hex()
    headers = {"time": stamp, "nonce": nonce, "signature": tag}
    lines = [f"X-Trunkline-{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


def test_health_is_served_to_everybody(agent: ProbeAgent) -> None:
    response = request(ProbeService(agent), b"GET /healthz HTTP/1.1\r\n\r\n", "127.0.0.1")
    head, body = response.split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nDate: ")
    assert json.loads(body)["phase"] == "waiting for the key"


def test_results_are_served_once_per_signature(agent: ProbeAgent) -> None:
    service, text = ProbeService(agent), signed()
    head, body = request(service, text).split(b"\r\n\r\n")
    assert b"x-trunkline-signature: " in head
    assert json.loads(body)["version"] == 1
    assert request(service, text).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("ahead", [-16 * 60, 16 * 60, float("nan")])
def test_a_request_of_another_time_is_refused(agent: ProbeAgent, ahead: float) -> None:
    assert request(ProbeService(agent), signed(ahead=ahead)).startswith(b"HTTP/1.1 403")


def test_a_request_without_a_valid_signature_is_refused(agent: ProbeAgent) -> None:
    service = ProbeService(agent)
    assert request(service, signed(key=b"1" * 32)).startswith(b"HTTP/1.1 403")
    assert request(service, b"GET /results HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403")
    assert request(service, signed(), "203.0.113.1").startswith(b"HTTP/1.1 403")


def test_results_are_refused_until_the_agent_has_its_key(agent: ProbeAgent) -> None:
    agent.key = b""
    assert request(ProbeService(agent), signed(key=b"")).startswith(b"HTTP/1.1 403")


def test_old_nonces_are_forgotten_and_their_number_is_limited(
    agent: ProbeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NONCES", 2)
    service = ProbeService(agent)
    service.nonces = {"old": time.time() - 1, "recent": time.time() + 60}
    assert request(service, signed()).startswith(b"HTTP/1.1 200")
    assert "old" not in service.nonces
    assert request(service, signed()).startswith(b"HTTP/1.1 403")


def test_another_path_is_not_found(agent: ProbeAgent) -> None:
    assert request(ProbeService(agent), signed("/other")).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("text", [b"", b"GET / H\xff\r\n\r\n", b"GET /\r\n\r\n", b"x" * 5000])
def test_an_invalid_request_gets_no_response(agent: ProbeAgent, text: bytes) -> None:
    assert request(ProbeService(agent), text) == b""


def test_only_this_machine_and_operators_may_connect(agent: ProbeAgent) -> None:
    service = ProbeService(agent)
    sources = ("127.0.0.1", "192.0.2.7", "203.0.113.1")
    assert [service.is_allowed(source) for source in sources] == [True, True, False]


# The servers.


def listening(*results: Any) -> Any:
    """A double of a listening socket: accept() returns or raises these, and then ends the test."""
    remaining = iter(results)

    def accept() -> Any:
        result = next(remaining, EndOfTestError())
        if isinstance(result, Exception):
            raise result
        return result

    return SimpleNamespace(accept=accept)


def connection(closed: list[str], name: str) -> Any:
    return SimpleNamespace(close=lambda: closed.append(name))


def test_connections_of_other_agents_are_closed_at_once() -> None:
    closed: list[str] = []
    listener = listening(OSError("no descriptors"), (connection(closed, "one"), ("192.0.2.1", 1)))
    with pytest.raises(EndOfTestError):
        module.accept(listener)
    assert closed == ["one"]


def test_four_operators_are_served_at_a_time_and_strangers_never(
    agent: ProbeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []
    closed: list[str] = []
    monkeypatch.setattr(
        module, "start", lambda function, connection, source, slots: served.append(source)
    )
    strangers = [(connection(closed, "stranger"), ("203.0.113.1", 1))]
    operators = [(connection(closed, f"operator {n}"), ("192.0.2.7", n)) for n in range(6)]
    with pytest.raises(EndOfTestError):
        module.serve(agent, listening(OSError("no descriptors"), *strangers, *operators))
    assert served == ["192.0.2.7"] * 4
    assert closed == ["stranger", "operator 4", "operator 5"]


# The process.


def test_the_agent_runs_when_its_ports_are_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(module, "set_up_process", lambda: ran.append("set up"))
    monkeypatch.setattr(ProbeAgent, "listen", lambda self: ran.append("listen"))
    monkeypatch.setattr(ProbeAgent, "run", lambda self: ran.append("run"))
    (tmp_path / "c.json").write_text(json.dumps(config(tmp_path)))
    assert module.main([str(tmp_path / "c.json")]) == 0
    assert ran == ["listen", "set up", "run"]


def test_a_mistake_in_the_input_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = {**config(tmp_path), "address": "192.0.2.1"}
    (tmp_path / "c.json").write_text(json.dumps(taken))
    (tmp_path / "bad.json").write_text("{")
    calls: list[list[str]] = [[], [str(tmp_path / "bad.json")], [str(tmp_path / "c.json")]]
    assert [module.main(call) for call in calls] == [2, 2, 2]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "usage: agent.py CONFIG.json"
    assert lines[1].startswith(f"{tmp_path / 'bad.json'}: ")
    assert lines[2].startswith("cannot listen on 192.0.2.1:8100 and the port after it: ")
    assert len(lines) == 3


def test_a_thread_that_fails_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    arguments = SimpleNamespace(exc_type=KeyError, exc_value=KeyError("lost"), exc_traceback=None)
    module.exit_process(arguments)  # type: ignore[arg-type]
    assert codes == [1]
    assert "KeyError: 'lost'" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="timer slack is Linux's")
def test_the_process_measures_without_garbage_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    disabled: list[bool] = []
    monkeypatch.setattr(gc, "disable", lambda: disabled.append(True))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    module.set_up_process()
    assert disabled == [True]
    assert threading.excepthook is module.exit_process
