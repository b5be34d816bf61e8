"""A sample service: answers every request with JSON that says where it is.

Standard library only, one file: it is copied into the machine's folder. Run it as
`python -I -S sample.py CONFIG.json`; the file holds site, cloud, zone, address and port.

HTTP/1.1 with keep-alive, a thread for each connection. `GET /healthz` answers 200. Bodies are read
and dropped. What is not a request gets 400, and the connection ends. The handler of `http.server`
would do, but takes three times the CPU: it parses headers like those of an e-mail.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import BoundedSemaphore

MOST_CONNECTIONS = 200  # others wait; macOS gives a process 256 file descriptors
MOST_LINE = 16_384  # bytes of a request line or a header
MOST_HEADERS = 100
IDLE = 120.0  # seconds
CHUNK = 65_536  # bytes of a body that are read at once


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


class SampleServer(ThreadingTCPServer):
    """Accepts connections, as many at once as it may have."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024
    _free = BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self._free.acquire()
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        super().shutdown_request(request)
        self._free.release()


def main(path: str) -> None:
    """Serve as the file at `path` says, until SIGTERM."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  pathlib would be most of the start
        config = json.load(file)
    Handler.where = {name: config[name] for name in ("site", "cloud", "zone")}
    Handler.where["served_by"] = "sample"
    server = SampleServer((config["address"], config["port"]), Handler)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f"answers on {config['address']}:{config['port']}", flush=True)
    server.serve_forever(poll_interval=3600)


if __name__ == "__main__":
    main(sys.argv[1])
