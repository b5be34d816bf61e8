"""A sample service: answers every request with JSON that says where it is.

Standard library only, one file: it is copied into the machine's folder. Run it as
`python -I -S sample.py CONFIG.json`; the file holds site, cloud, zone, address and port, and
`names` where it speaks TLS, with the certificate that lies beside it.

HTTP/1.1 with keep-alive, a thread for each connection. `GET /healthz` answers 200. Who accepts
`text/event-stream` gets a few server-sent events with pauses. Bodies are read and dropped. What is
not a request gets 400, and the connection ends. The handler of `http.server` would do, but takes
three times the CPU: it parses headers like those of an e-mail.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import BoundedSemaphore

TYPE_CHECKING = False  # that of `typing` costs memory
if TYPE_CHECKING:
    import ssl

MOST_CONNECTIONS = 200  # others wait; macOS gives a process 256 file descriptors
MOST_LINE = 16_384  # bytes of a request line or a header
MOST_HEADERS = 100
IDLE = 120.0  # seconds
CHUNK = 65_536  # bytes of a body that are read at once
EVENTS, PAUSE = 3, 0.1  # server-sent events of an answer, and seconds between them
HANDSHAKE = 10.0  # seconds that TLS may take


class Handler(StreamRequestHandler):
    """One connection."""

    timeout = IDLE
    disable_nagle_algorithm = True
    where: dict[str, str]  # what all answers say

    def handle(self) -> None:
        with suppress(OSError):  # the client has gone, or is idle
            while self._answer_next():
                pass

    def _answer_next(self) -> bool:
        """Answer the next request; False where it is the last one."""
        if not (line := self.rfile.readline(MOST_LINE)):
            return False
        try:
            method, target, version = line.split()
            headers = self._read_headers()
            self._drop_body(headers)
        except ValueError:
            self._send(b"400 Bad Request", b"connection: close\r\n", b'{"error": 400}\n')
            return False
        body = self._body(method, target, headers.get(b"host", b""))
        if b"text/event-stream" in headers.get(b"accept", b""):
            self._send_events(body)
            return False
        last = version != b"HTTP/1.1" or b"close" in headers.get(b"connection", b"").lower()
        self._send(b"200 OK", b"connection: close\r\n" if last else b"", body, method != b"HEAD")
        return not last

    def _read_headers(self) -> dict[bytes, bytes]:
        """The headers, or trailers, up to the empty line; ValueError where they are not."""
        headers: dict[bytes, bytes] = {}
        while (line := self.rfile.readline(MOST_LINE)) not in (b"\r\n", b"\n"):
            name, colon, value = line.partition(b":")
            if not colon or line[-1:] != b"\n" or len(headers) == MOST_HEADERS:
                raise ValueError
            headers[name.lower()] = value.strip()
        return headers

    def _drop_body(self, headers: dict[bytes, bytes]) -> None:
        if headers.get(b"expect", b"").lower() == b"100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if b"transfer-encoding" not in headers:
            self._drop(int(headers.get(b"content-length", b"0")))
            return
        while size := int(self.rfile.readline(MOST_LINE).partition(b";")[0], 16):
            self._drop(size)
            self.rfile.readline(MOST_LINE)
        self._read_headers()

    def _drop(self, count: int) -> None:
        if count < 0:
            raise ValueError
        while count:
            data = self.rfile.read(min(count, CHUNK))
            if not data:
                raise ConnectionError
            count -= len(data)

    def _body(self, method: bytes, target: bytes, host: bytes) -> bytes:
        if target == b"/healthz":
            return b'{"status": "ok"}\n'
        request = {"method": method, "path": target, "host": host}
        texts = {name: value.decode("latin-1") for name, value in request.items()}
        return json.dumps({**self.where, **texts}).encode() + b"\n"

    def _send(self, status: bytes, header: bytes, body: bytes, with_body: bool = True) -> None:
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n"
        self.wfile.write(head % (status, len(body), header) + (body if with_body else b""))

    def _send_events(self, body: bytes) -> None:
        """The body as events, until the connection ends."""
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        )
        for number in range(EVENTS):
            time.sleep(PAUSE if number else 0)
            self.wfile.write(b"data: %b\n" % body)


class SampleServer(ThreadingTCPServer):
    """Accepts connections, as many at once as it may have."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024
    _free = BoundedSemaphore(MOST_CONNECTIONS)
    tls: ssl.SSLContext | None = None

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self._free.acquire()
        super().process_request(request, client_address)

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(HANDSHAKE)
        with suppress(OSError), self.tls.wrap_socket(request, server_side=True) as channel:
            super().finish_request(channel, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        super().shutdown_request(request)
        self._free.release()


def _tls_context() -> ssl.SSLContext:
    import ssl  # megabytes that other samples do not need

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("certificate.pem")
    return context


def main(path: str) -> None:
    """Serve as the file at `path` says, until SIGTERM."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  pathlib would be most of the start
        config = json.load(file)
    Handler.where = {name: config[name] for name in ("site", "cloud", "zone")}
    Handler.where["served_by"] = "sample"
    server = SampleServer((config["address"], config["port"]), Handler)
    if "names" in config:
        server.tls = _tls_context()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f"answers on {config['address']}:{config['port']}", flush=True)
    server.serve_forever(poll_interval=3600)


if __name__ == "__main__":
    main(sys.argv[1])
