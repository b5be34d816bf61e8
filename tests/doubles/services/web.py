"""A web server for doubles: one object answers for each host name."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def parameter(self, name: str) -> str | None:
        return parse_qs(self.query).get(name, [None])[0]


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def text(cls, body: str, status: int = 200) -> Response:
        return cls(status, body.encode(), {"Content-Type": "text/plain"})

    @classmethod
    def json(cls, body: Any, status: int = 200) -> Response:
        return cls(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


class Double(Protocol):
    def answer(self, request: Request) -> Response: ...


Doubles = Mapping[str, Double]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def answer(self) -> None:
        request = self._request()
        double = self.doubles().get(request.host)
        response = double.answer(request) if double else Response.text("no such host", 421)
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if request.method != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815 (http.server's names)

    def doubles(self) -> Doubles:
        assert isinstance(self.server, _Server)
        return self.server.doubles

    def _request(self) -> Request:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        host = headers.get("host", "").partition(":")[0]
        return Request(self.command, host, url.path, url.query, headers, body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the tests look at what the doubles remember."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    doubles: Doubles

    def handle_error(self, request: object, client_address: object) -> None:
        """A machine that is switched off leaves connections half open."""


@contextlib.contextmanager
def serving(port: int, doubles: Doubles, tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """Serve `doubles` on every address of the calling thread's network namespace."""
    server = _Server(("0.0.0.0", port), _Handler)
    server.doubles = doubles
    if tls:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
