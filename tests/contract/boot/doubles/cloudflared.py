#!/usr/bin/python3
"""A double of cloudflared, which is in no registry: it runs on the test machine as the agent.

It takes the flags that the real one takes for `tunnel run` and refuses others, reads its token,
reports readiness the way the real one does, and says on its output what it was started with: the
token only as a digest, since the journal must never hold a token.
"""

import argparse
import hashlib
import http.server
import json
import os
import pathlib
import socket
import sys

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


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path in ("/ready", "/metrics", "/healthcheck")
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(b'{"status":200,"readyConnections":4}' if known else b"")

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
    notify()
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
