"""Doubles for the two ends of a proxy: an HTTP service on loopback whose behaviour a test chooses,
and clients that send bytes as they are."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import define, field, frozen

Behaviour = Callable[[BaseHTTPRequestHandler], None]
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def eventually(check: Callable[[], object], seconds: float = 20) -> None:
    """Wait until `check` is true; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.02)


# What a service does with a request.


def answer(status: int = 200, body: bytes = b"hello", **headers: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return behave


def stream(pieces: int, pause: float) -> Behaviour:
    """`pieces` chunks of one byte, `pause` seconds before each but the first."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for piece in range(pieces):
            time.sleep(pause if piece else 0)
            handler.wfile.write(b"1\r\nx\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    return behave


def hang(seconds: float = 15) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        handler.close_connection = True

    return behave


def disconnect(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def echo_websocket(handler: BaseHTTPRequestHandler) -> None:
    """Accept the upgrade, send the first frame back without its mask, and close."""
    key = handler.headers["sec-websocket-key"].encode()
    accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_GUID).digest()).decode()
    handler.send_response(101)
    handler.send_header("upgrade", "websocket")
    handler.send_header("connection", "Upgrade")
    handler.send_header("sec-websocket-accept", accept)
    handler.end_headers()
    head = handler.rfile.read(2)
    length = head[1] & 0x7F
    mask = handler.rfile.read(4)
    data = bytes(b ^ mask[i % 4] for i, b in enumerate(handler.rfile.read(length)))
    handler.wfile.write(bytes([head[0], length]) + data)
    handler.close_connection = True


@frozen
class Hit:
    """A request as the service got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    body_pieces: int


@define
class Service:
    """A running double; `behave` may change at any time, `hits` are what came in."""

    server: ThreadingHTTPServer
    behave: Behaviour
    hits: list[Hit] = field(factory=list)
    sockets: list[socket.socket] = field(factory=list)

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def refuse(self) -> None:
        """Stop listening, as a process that ends in order; connections that are there go on."""
        self.server.shutdown()
        self.server.server_close()

    def kill(self) -> None:
        """Stop listening and cut every connection, as a machine that is switched off."""
        self.refuse()
        for connection in self.sockets:
            with contextlib.suppress(OSError):  # it may be closed already
                connection.shutdown(socket.SHUT_RDWR)


def _body(handler: BaseHTTPRequestHandler) -> tuple[bytes, int]:
    """The request's body, and in how many chunks it came (0 where it was not chunked)."""
    if handler.headers.get("transfer-encoding") != "chunked":
        return handler.rfile.read(int(handler.headers.get("content-length", 0))), 0
    pieces = []
    while size := int(handler.rfile.readline(), 16):
        pieces.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(pieces), len(pieces)


def _handler_of(services: list[Service]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            services[0].sockets.append(self.connection)

        def handle_any(self) -> None:
            (service,) = services
            headers = {name.lower(): value for name, value in self.headers.items()}
            body, pieces = _body(self)
            service.hits.append(Hit(self.command, self.path, headers, body, pieces))
            service.behave(self)

        do_GET = do_HEAD = do_POST = do_DELETE = do_OPTIONS = handle_any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # with the default of 5 a burst is refused

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # proxies hang up in many of the tests


@contextlib.contextmanager
def service(tls: ssl.SSLContext | None = None) -> Iterator[Service]:
    """An HTTP/1.1 service on a free port of loopback."""
    services: list[Service] = []
    server = _Server(("127.0.0.1", 0), _handler_of(services))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    services.append(Service(server, answer()))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield services[0]
    services[0].kill()


# What a client does.


@frozen
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    port: int,
    target: str = "/",
    *,
    method: str = "GET",
    body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
    **headers: str,
) -> Reply:
    """One request with `target` sent as it is; a header's `__` stands for a hyphen."""
    connection = http.client.HTTPConnection("localhost", port, timeout=20)
    if tls:
        connection = http.client.HTTPSConnection("localhost", port, timeout=20, context=tls)
    sent = {name.replace("__", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, target, body, sent)
        response = connection.getresponse()
        received = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, received, response.read())
    finally:
        connection.close()


def arrivals(port: int, target: str) -> list[float]:
    """When each byte of a streamed answer came, in seconds after the request was sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    start = time.monotonic()
    connection.request("GET", target)
    response = connection.getresponse()
    times = []
    while response.read(1):
        times.append(time.monotonic() - start)
    connection.close()
    return times


def send_chunks(port: int, target: str, pieces: list[bytes], pause: float) -> int:
    """POST a chunked body piece by piece; the status of the answer."""

    def slowly() -> Iterator[bytes]:
        for piece in pieces:
            yield piece
            time.sleep(pause)

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", target, slowly(), encode_chunked=True)
    status = connection.getresponse().status
    connection.close()
    return status


def websocket_echo(port: int, target: str, message: bytes, host: str = "127.0.0.1") -> bytes:
    """Open a WebSocket, send `message` (up to 125 bytes) and return the data of the first frame."""
    with socket.create_connection((host, port), timeout=10) as connection:
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET {target} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n"
            f"connection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n"
            "".encode()
        )
        reader = connection.makefile("rb")
        status = reader.readline()
        assert b" 101 " in status, status
        while reader.readline().strip():
            pass
        connection.sendall(bytes([0x81, 0x80 | len(message), 0, 0, 0, 0]) + message)
        return reader.read(2 + len(message))[2:]
