"""Asking names and servers; the servers are on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority

from trunkline.check import asking
from trunkline.check.certificates import certificate
from trunkline.check.line import State


class Service(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(204 if self.path == "/healthz" else 404)
        self.send_header("Trunkline-Site", self.headers.get("said", "none"))
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_an_answer_has_a_status_and_headers() -> None:
    with serving() as port:
        answer = asking.ask(f"http://127.0.0.1:{port}/healthz", {"said": "aws"})
    assert (answer.status, answer.headers["trunkline-site"], answer.expires) == (204, "aws", None)
    assert list(certificate("a", answer)) == []


def test_tls_tells_how_long_its_certificate_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "authority", days=2)
    with serving(authority.server("localhost")) as port:
        url = f"https://localhost:{port}/"
        with pytest.raises(OSError, match="certificate verify failed"):
            asking.ask(url)
        monkeypatch.setenv("SSL_CERT_FILE", authority.certificate)
        answer = asking.ask(url)
    assert answer.status == 404
    assert answer.expires is not None
    assert timedelta(days=1) < answer.expires - datetime.now(UTC) < timedelta(days=2)
    [line] = certificate("localhost", answer)
    assert line.state is State.WARNING


def test_what_is_no_http_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(OSError, match="not HTTP"):
            asking.ask(f"http://127.0.0.1:{server.getsockname()[1]}")


def test_a_name_without_an_address_is_told_from_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(code: int) -> Any:
        def lookup(*given: object, **options: object) -> object:
            raise socket.gaierror(code, "said")

        return lookup

    assert asking.resolve("localhost")
    monkeypatch.setattr(socket, "getaddrinfo", failing(socket.EAI_NONAME))
    assert not asking.resolve("api.example.com")
    monkeypatch.setattr(socket, "getaddrinfo", failing(socket.EAI_AGAIN))
    with pytest.raises(OSError, match="said"):
        asking.resolve("api.example.com")
