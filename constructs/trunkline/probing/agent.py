"""The agent of a probe machine: says that it stands, and where.

Standard library only, one file: it travels in user data. `GET /healthz` answers 200 with
{"site", "cloud", "zone", "uptime_seconds"} as JSON. Everything else is 404.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers health checks; `where` and `started` are set on the subclass that serves."""

    where: dict[str, str]
    started: float
    timeout = 5

    def do_GET(self) -> None:
        if self.path != "/healthz":
            self.send_error(404)
            return
        self._answer({**self.where, "uptime_seconds": round(time.monotonic() - self.started)})

    def _answer(self, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        return "trunkline-probe"


def server(where: dict[str, str], address: str, port: int) -> ThreadingHTTPServer:
    """A server that is bound and not yet running; `port` 0 takes a free one."""
    fields = {"where": where, "started": time.monotonic()}
    return ThreadingHTTPServer((address, port), type("BoundHandler", (Handler,), fields))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="the agent of a trunkline probe")
    for name in ("site", "cloud", "zone"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--address", default="0.0.0.0")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    where = {"site": options.site, "cloud": options.cloud, "zone": options.zone}
    server(where, options.address, options.port).serve_forever()


if __name__ == "__main__":
    main()
