#!/usr/bin/python3
"""A double of cloudflared, which is in no registry: it runs on the test machine as the agent.

It takes the flags that the real one takes for `tunnel run` and refuses others, reads its token,
reports readiness the way the real one does, and says on its output what it was started with: the
token only as a digest, since the journal must never hold a token.

Where there is a Cloudflare (a host at the real one's name), it logs in with its token over a few
connections, and carries one request at a time over each to the service of its hostname, as the
rules say that Cloudflare sends. The real protocol is QUIC or HTTP/2; this one is a line each way
and then the bytes. Where there is none, it behaves as if it were connected.
"""

import argparse
import contextlib
import hashlib
import http.server
import json
import os
import pathlib
import re
import socket
import sys
import threading
import time

VERSION = "2026.9.3"
SWITCHES = ("--no-autoupdate", "--post-quantum", "--no-tls-verify")
VALUES = (
    "--metrics",
    "--loglevel",
    "--logfile",
    "--protocol",
    "--edge-ip-version",
    "--region",
    "--retries",
    "--grace-period",
    "--config",
    "--origincert",
    "--autoupdate-freq",
    "--pidfile",
    "--dns-resolver-addrs",
    "--edge-bind-address",
    "--ha-connections",
    "--label",
    "--transport-loglevel",
    "--management-diagnostics",
    "--output",
)


CLOUDFLARE = ("region1.v2.argotunnel.com", 7844)
CONNECTIONS = 8
connected: set[int] = set()


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path in ("/ready", "/metrics", "/healthcheck")
        status = (200 if connected else 503) if known else 404
        self.send_response(status)
        self.end_headers()
        body = json.dumps({"status": status, "readyConnections": len(connected)})
        self.wfile.write(body.encode() if known else b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cloudflared", allow_abbrev=False)
    parser.add_argument("words", nargs="*")
    for switch in SWITCHES:
        parser.add_argument(switch, nargs="?", const="true")
    for value in VALUES:
        parser.add_argument(value)
    tokens = parser.add_mutually_exclusive_group(required=True)
    tokens.add_argument("--token")
    tokens.add_argument("--token-file")
    return parser.parse_intermixed_args(arguments)


def token(given: argparse.Namespace) -> str:
    return given.token or pathlib.Path(given.token_file).read_text().strip()


def notify() -> None:
    """Tell systemd that the unit is ready, as the real agent does once it is connected."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect(address.replace("@", "\0", 1))
            channel.send(b"READY=1")


def carry(number: int, secret: str) -> None:
    """Hold one connection to Cloudflare, for one request after another."""
    while True:
        try:
            with socket.create_connection(CLOUDFLARE, timeout=10) as far:
                far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                notice_silence(far)
                far.sendall(f"{secret}\n".encode())
                services = json.loads(read_line(far))  # by hostname; none where it is refused
                if services:
                    connected.add(number)
                    notify()
                    far.settimeout(None)
                    serve_one(far, services)
        except (OSError, ValueError) as error:
            print("double", f"connection {number}: {error}", flush=True)
        finally:
            connected.discard(number)
        time.sleep(0 if service_was_used.is_set() else 1)


service_was_used = threading.Event()


def read_line(far: socket.socket) -> str:
    line = b""
    while not line.endswith(b"\n") and (byte := far.recv(1)):
        line += byte
    return line.decode().strip()


def serve_one(far: socket.socket, services: dict[str, str]) -> None:
    """Wait for a request, and splice it to its service until one of both ends it."""
    first = far.recv(65536)
    if not first:
        return
    service_was_used.set()
    found = re.search(rb"\r\nhost: ([^\r:]+)", first, re.IGNORECASE)
    service = services.get(found[1].decode().lower() if found else "")
    if service is None:
        far.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        return
    host, _, port = service.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as near:
        near.settimeout(None)
        near.sendall(first)
        back = threading.Thread(target=pump, args=(near, far), daemon=True)
        back.start()
        pump(far, near)
        back.join()


def pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def notice_silence(far: socket.socket) -> None:
    """Ask every second whether the other end lives, and give up after five, as the real agent.

    https://github.com/cloudflare/cloudflared/blob/master/quic/constants.go
    """
    far.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    tcp = {socket.TCP_KEEPIDLE: 1, socket.TCP_KEEPINTVL: 1, socket.TCP_KEEPCNT: 4}
    for option, value in {**tcp, socket.TCP_USER_TIMEOUT: 5000}.items():
        far.setsockopt(socket.IPPROTO_TCP, option, value)


def connect(secret: str) -> None:
    """Log in where there is a Cloudflare; ready at once where there is none."""
    try:
        socket.getaddrinfo(*CLOUDFLARE)
    except OSError:
        connected.update(range(4))
        notify()
        return
    for number in range(CONNECTIONS):
        threading.Thread(target=carry, args=(number, secret), daemon=True).start()


def main(arguments: list[str]) -> None:
    if arguments[:1] in (["--version"], ["version"]):
        sys.exit(print(f"cloudflared version {VERSION} (a double)"))
    given = parse(arguments)
    if given.words[:2] != ["tunnel", "run"]:
        sys.exit(f"only `tunnel run` is expected, not {given.words}")
    digest = hashlib.sha256(token(given).encode()).hexdigest()
    host, _, port = (given.metrics or "127.0.0.1:20241").rpartition(":")
    server = http.server.HTTPServer((host, int(port)), Ready)
    print("double", json.dumps({"argv": arguments, "token_sha256": digest}), flush=True)
    connect(token(given))
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
