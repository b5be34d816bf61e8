"""A sample service: answers every request with JSON that says where it is.

Standard library only, one file: it is copied into the machine's folder. Run it as
`python -I -S sample.py CONFIG.json`; the file holds site, cloud, zone, address and port.

HTTP/1.1 with keep-alive and pipelining (RFC 9112). Bodies are read and dropped. What a client can
make it hold is bounded: the head of a request, answers that nobody reads, connections.
`GET /healthz` answers 200. What is no request gets 400, and the connection ends.
"""

from __future__ import annotations

import json
import selectors
import signal
import socket
import sys
import time

MOST_HEAD = 16_384  # bytes
MOST_BODY = 16 * 2**20
MOST_UNREAD = 65_536  # bytes of answers that wait; no more requests are taken meanwhile
MOST_LINE = 1_024  # bytes of a chunk's size, or of a trailer
MOST_CONNECTIONS = 512
IDLE = 120.0  # seconds
CHUNK = 65_536
REASONS = {
    200: "OK",
    400: "Bad Request",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}
TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class RefusedError(Exception):
    """A request that gets an error and the end of the connection."""

    def __init__(self, status: int) -> None:
        super().__init__(REASONS[status])
        self.status = status


class Request:
    """The head of a request; RefusedError where it breaks RFC 9112."""

    def __init__(self, head: bytes) -> None:
        line, *lines = head.split(b"\r\n")
        words = line.split(b" ")
        if len(words) != 3 or not words[0] or not words[1] or not TOKEN.issuperset(words[0]):
            raise RefusedError(400)
        self.method, self.target, version = words
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise RefusedError(505 if version.startswith(b"HTTP/") else 400)
        headers = _headers(lines)
        if version == b"HTTP/1.1" and b"host" not in headers:
            raise RefusedError(400)
        self.host = headers.get(b"host", b"")
        connection = headers.get(b"connection", b"").lower()
        self.keeps_alive = version == b"HTTP/1.1" and b"close" not in connection
        self.expects = headers.get(b"expect", b"").lower() == b"100-continue"
        self.chunked = b"transfer-encoding" in headers
        self.length = _length(headers)


def _headers(lines: list[bytes]) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or not TOKEN.issuperset(name):
            raise RefusedError(400)
        name, value = name.lower(), value.strip(b" \t")
        if name in headers and name in (b"host", b"content-length", b"transfer-encoding"):
            raise RefusedError(400)
        headers[name] = value
    return headers


def _length(headers: dict[bytes, bytes]) -> int:
    """The length of a body that is not chunked, in bytes."""
    coding = headers.get(b"transfer-encoding")
    length = headers.get(b"content-length", b"0")
    if coding is not None and coding.lower() != b"chunked":
        raise RefusedError(501)
    if (coding is not None and b"content-length" in headers) or not length.isdigit():
        raise RefusedError(400)
    if len(length) > 12 or int(length) > MOST_BODY:
        raise RefusedError(413)
    return int(length)


class Connection:
    """What one client has sent and not been answered; bytes in by `receive`, out of `outbox`."""

    def __init__(self, answer: Answer) -> None:
        self.outbox = bytearray()
        self.ends = False
        self._inbox = bytearray()
        self._answer = answer
        self._request: Request | None = None
        self._skip = 0  # bytes of the body that are still to come
        self._body = 0  # bytes of a chunked body so far
        self._in_trailers = False

    def receive(self, data: bytes) -> None:
        """Take bytes from the client, and answer what is complete."""
        self._inbox += data
        self.go_on()

    def go_on(self) -> None:
        """Answer what is complete, as long as answers are read."""
        try:
            while not self.ends and len(self.outbox) < MOST_UNREAD and self._step():
                pass
        except RefusedError as refusal:
            self.outbox += _response(refusal.status, b'{"error": %d}\n' % refusal.status, False)
            self.ends = True
        if self.ends:
            self._inbox.clear()

    def _step(self) -> bool:
        """Take the next part of a request; False where more bytes are needed."""
        if self._request is None:
            return self._read_head()
        if self._skip:
            dropped = min(self._skip, len(self._inbox))
            del self._inbox[:dropped]
            self._skip -= dropped
            return dropped > 0
        if self._request.chunked:
            return self._read_line(self._request)
        self._respond(self._request)
        return True

    def _read_head(self) -> bool:
        end = self._inbox.find(b"\r\n\r\n")
        if end > MOST_HEAD or (end < 0 and len(self._inbox) > MOST_HEAD):
            raise RefusedError(431)
        if end < 0:
            return False
        self._request = Request(bytes(self._inbox[:end]))
        del self._inbox[: end + 4]
        self._skip, self._body, self._in_trailers = self._request.length, 0, False
        if self._request.expects:
            self.outbox += b"HTTP/1.1 100 Continue\r\n\r\n"
        return True

    def _read_line(self, request: Request) -> bool:
        """One line of a chunked body: the size of a chunk, or a trailer."""
        end = self._inbox.find(b"\r\n")
        if end > MOST_LINE or (end < 0 and len(self._inbox) > MOST_LINE):
            raise RefusedError(400)
        if end < 0:
            return False
        line = bytes(self._inbox[:end])
        del self._inbox[: end + 2]
        if self._in_trailers:
            if not line:
                self._respond(request)
        else:
            self._begin_chunk(line.partition(b";")[0].strip())
        return True

    def _begin_chunk(self, digits: bytes) -> None:
        if not digits or len(digits) > 8 or digits.strip(b"0123456789abcdefABCDEF"):
            raise RefusedError(400)
        size = int(digits, 16)
        self._body += size
        if self._body > MOST_BODY:
            raise RefusedError(413)
        self._in_trailers = size == 0
        self._skip = size + 2 if size else 0

    def _respond(self, request: Request) -> None:
        body = self._answer.body(request)
        response = _response(200, body, request.keeps_alive)
        self.outbox += response[: -len(body)] if request.method == b"HEAD" else response
        self.ends = not request.keeps_alive
        self._request = None


def _response(status: int, body: bytes, keeps_alive: bool) -> bytes:
    close = b"" if keeps_alive else b"connection: close\r\n"
    return (
        b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%s\r\n"
        % (status, REASONS[status].encode(), len(body), close)
    ) + body


class Answer:
    """What the service says: where it is, and what it was asked."""

    def __init__(self, site: str, cloud: str, zone: str) -> None:
        self._where = {"site": site, "cloud": cloud, "zone": zone, "served_by": "sample"}

    def body(self, request: Request) -> bytes:
        """The answer to `request`; the target as it came, byte for byte."""
        if request.target == b"/healthz":
            return b'{"status": "ok"}\n'
        asked = {
            "method": request.method.decode("latin-1"),
            "path": request.target.decode("latin-1"),
            "host": request.host.decode("latin-1"),
        }
        return json.dumps({**self._where, **asked}).encode() + b"\n"


class Server:
    """Connections, and whose turn it is."""

    def __init__(self, listener: socket.socket, answer: Answer) -> None:
        self._listener, self._answer = listener, answer
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._connections: dict[socket.socket, Connection] = {}
        self._active: dict[socket.socket, float] = {}
        self._accepts = True

    def serve(self) -> None:
        """Serve for ever."""
        swept = time.monotonic()
        while True:
            for key, _ in self._selector.select(1.0):
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._attend(key.fileobj)
            if time.monotonic() - swept > 1.0:
                swept = time.monotonic()
                self._sweep(swept)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:  # no more file descriptors
            self._pause()
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[client] = Connection(self._answer)
        self._active[client] = time.monotonic()
        self._selector.register(client, selectors.EVENT_READ)
        if len(self._connections) >= MOST_CONNECTIONS:
            self._pause()

    def _pause(self) -> None:
        """Let new clients wait in the queue until others have gone."""
        self._selector.unregister(self._listener)
        self._accepts = False

    def _attend(self, client: socket.socket) -> None:
        connection = self._connections[client]
        self._active[client] = time.monotonic()
        try:
            if connection.outbox:  # nothing is read while answers wait
                self._send(client, connection)
                connection.go_on()
            else:
                data = client.recv(CHUNK)
                if not data:
                    self._close(client)
                    return
                connection.receive(data)
            self._send(client, connection)
        except BlockingIOError:
            pass
        except OSError:
            self._close(client)
            return
        if connection.ends and not connection.outbox:
            self._close(client)
            return
        wanted = selectors.EVENT_WRITE if connection.outbox else selectors.EVENT_READ
        if self._selector.get_key(client).events != wanted:
            self._selector.modify(client, wanted)

    def _send(self, client: socket.socket, connection: Connection) -> None:
        while connection.outbox:
            sent = client.send(connection.outbox)
            del connection.outbox[:sent]
            if not connection.outbox:
                connection.go_on()

    def _close(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        del self._connections[client], self._active[client]
        client.close()

    def _sweep(self, now: float) -> None:
        """Close who has been idle for long, and go on accepting where there is room."""
        for client in [client for client, last in self._active.items() if now - last > IDLE]:
            self._close(client)
        if not self._accepts and len(self._connections) < MOST_CONNECTIONS:
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._accepts = True


def main(path: str) -> None:
    """Serve as the file at `path` says."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  pathlib would be most of the start
        config = json.load(file)
    answer = Answer(config["site"], config["cloud"], config["zone"])
    listener = socket.create_server((config["address"], config["port"]), backlog=1024)
    listener.setblocking(False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"answers on {config['address']}:{config['port']}", flush=True)
    Server(listener, answer).serve()


if __name__ == "__main__":
    main(sys.argv[1])
