"""Cloudflare: tunnels that are logged in, and the Worker in workerd behind its hostname.

operator ──TLS──▶ workerd :443 ──▶ the Worker ──▶ its fetch ──▶ origins :9000 ──▶ a tunnel's
                                                                   connection ──▶ the edge
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import queue
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from contract.boot.doubles.trust import Authority
from contract.boot.network import inside
from support.workerd import find_workerd

from rehearsal.names import RECORD
from rehearsal.world import State, World

TUNNEL = "cloudflare_zero_trust_tunnel_cloudflared"
CONFIG = "cloudflare_zero_trust_tunnel_cloudflared_config"
SCRIPT, ROUTE = "cloudflare_workers_script", "cloudflare_workers_route"
EFFECTIVE = frozenset((TUNNEL, CONFIG, SCRIPT, ROUTE, RECORD))
REMEMBERED = frozenset(("cloudflare_zone_setting", "cloudflare_zone", "cloudflare_ruleset"))
TUNNEL_PORT, ORIGINS_PORT = 7844, 9000
TUNNEL_DOWN = (530, b"error code: 1033\n")  # Cloudflare's own words for a tunnel without an agent
UNREACHABLE = (521, b"error code: 521\n")  # and for an origin that takes no connection


def token(tunnel: str, account: str) -> str:
    """The token of a tunnel, in the form of the real ones: base64 of account, tunnel and secret."""
    secret = base64.b64encode(f"secret of {tunnel}".encode()).decode()
    text = json.dumps({"a": account, "t": tunnel, "s": secret})
    return base64.b64encode(text.encode()).decode()


@dataclass
class Connection:
    """One connection of an agent, which carries one request."""

    socket: socket.socket
    source: str

    def is_open(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            try:
                return self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
            except BlockingIOError:
                return True
            except OSError:
                return False
        return True


@dataclass
class CloudflareEdge:
    """What stands in Cloudflare's namespace."""

    world: World
    namespace: str
    folder: Path
    authority: Authority
    tunnels: dict[str, queue.SimpleQueue[Connection]] = field(default_factory=dict)
    carrying: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _worker: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    # --- tunnels

    def is_connected(self, tunnel: str) -> bool:
        """Whether an agent holds a connection now; those that have ended are dropped."""
        with self._lock:
            held = self.tunnels.get(tunnel)
            open_ones = []
            while held and not held.empty():
                connection = held.get()
                if connection.is_open():
                    open_ones.append(connection)
                else:
                    connection.socket.close()
            for connection in open_ones:
                assert held
                held.put(connection)
        return bool(open_ones) or self.carrying.get(tunnel, 0) > 0

    def drop(self, source: str) -> None:
        """Forget the connections of a machine that is gone without a word."""
        for held in list(self.tunnels.values()):
            kept = []
            while not held.empty():
                connection = held.get()
                if connection.source == source:
                    connection.socket.close()
                else:
                    kept.append(connection)
            for connection in kept:
                held.put(connection)

    def _log_in(self, agent: socket.socket, source: str) -> None:
        """The agent's token for the service of its tunnel; nothing for a token that is not one."""
        agent.settimeout(10)
        line = b""
        with contextlib.suppress(OSError):
            while not line.endswith(b"\n") and (byte := agent.recv(1)):
                line += byte
        tunnel = self._tunnel_of(line.decode(errors="replace").strip())
        service = self._service_of(tunnel) if tunnel else None
        with contextlib.suppress(OSError):
            agent.sendall(f"{service or ''}\n".encode())
        if not tunnel or not service:
            agent.close()
            return
        agent.settimeout(None)
        with self._lock:
            pool = self.tunnels.setdefault(tunnel, queue.SimpleQueue())
        pool.put(Connection(agent, source))

    def _tunnel_of(self, text: str) -> str | None:
        try:
            said = json.loads(base64.b64decode(text))
        except ValueError:
            return None
        found = self.world.one(TUNNEL, id=said.get("t"))
        if found is None or text != token(found["id"], found["account_id"]):
            return None
        return str(found["id"])

    def _service_of(self, tunnel: str) -> str | None:
        config = self.world.one(CONFIG, tunnel_id=tunnel)
        rules = (config or {}).get("config", {}).get("ingress") or []
        return next((rule["service"] for rule in rules if rule.get("hostname")), None)

    def take(self, host: str) -> tuple[str, Connection] | None:
        """A connection to the origin behind a proxied hostname; None where there is none."""
        record = self.world.one(RECORD, name=host)
        content = str(record["content"]) if record and record.get("proxied") else ""
        tunnel = content.removesuffix(".cfargotunnel.com")
        held = self.tunnels.get(tunnel)
        while held:
            try:
                connection = held.get(timeout=0.5)
            except queue.Empty:
                return None
            if connection.is_open():
                return tunnel, connection
            connection.socket.close()
        return None

    # --- public edges

    def public_origin(self, host: str) -> str | None:
        """The address behind a proxied hostname; None where a tunnel is behind it."""
        record = self.world.one(RECORD, name=host, type="A")
        return str(record["content"]) if record and record.get("proxied") else None

    def connect(self, address: str, host: str) -> socket.socket:
        """A TLS connection to a public edge, with Cloudflare's client certificate."""
        with inside(self.namespace):
            plain = socket.create_connection((address, 443), timeout=10)
        return self.authority.client().wrap_socket(plain, server_hostname=host)

    # --- the Worker

    def deploy(self) -> None:
        """Run the Worker of the route, or none where there is no route or no script."""
        self._worker.close()
        self._worker = contextlib.ExitStack()
        routes = self.world.all(ROUTE)
        script = next(
            (s for r in routes if (s := self.world.one(SCRIPT, script_name=r["script"]))), None
        )
        if script is not None:
            self._worker.enter_context(self._workerd(script, routes))

    @contextlib.contextmanager
    def _workerd(self, script: State, routes: list[State]) -> Iterator[None]:
        names = [route["pattern"].partition("/")[0] for route in routes]
        certificate, key = self.authority.certify(names)
        (self.folder / script["main_module"]).write_text(script["content"])
        (self.folder / "worker.capnp").write_text(_config(script, certificate, key))
        program = find_workerd()
        assert program, "workerd is not installed; run: make node_modules/ready"
        with (self.folder / "workerd.log").open("ab") as log:
            process = subprocess.Popen(
                [
                    *("ip", "netns", "exec", self.namespace, "setpriv", "--pdeathsig", "KILL"),
                    *(str(program), "serve", "worker.capnp"),
                ],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield
        finally:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Take agents in, and requests of the Worker for origins."""
        edge = self

        class Origins(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each answer waits for a delayed acknowledgement

            def answer(self) -> None:
                forward(edge, self)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = answer  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                pass

        with inside(self.namespace):
            agents = socket.create_server(("0.0.0.0", TUNNEL_PORT), backlog=64)
            origins = _Server(("127.0.0.1", ORIGINS_PORT), Origins)
        threading.Thread(target=self._accept, args=(agents,), daemon=True).start()
        threading.Thread(target=origins.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield
        finally:
            self._worker.close()
            agents.close()
            origins.shutdown()
            origins.server_close()

    def _accept(self, agents: socket.socket) -> None:
        while True:
            try:
                agent, (source, _) = agents.accept()
            except OSError:
                return
            threading.Thread(target=self._log_in, args=(agent, source), daemon=True).start()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """The Worker gives up on an origin that is too slow, and goes away."""


def forward(edge: CloudflareEdge, request: Any) -> None:
    """Send a request of the Worker through the tunnel of its host, and the answer back."""
    host = request.headers.get("host", "").partition(":")[0]
    body = request.rfile.read(int(request.headers.get("content-length") or 0))
    headers: Mapping[str, str] = {}
    status, content = TUNNEL_DOWN
    if address := edge.public_origin(host):
        status, content = UNREACHABLE
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, headers, content = _exchange(edge.connect(address, host), request, body)
    elif found := edge.take(host):
        tunnel, connection = found
        edge.carrying[tunnel] = edge.carrying.get(tunnel, 0) + 1
        try:
            status, headers, content = _exchange(connection.socket, request, body)
        except (OSError, http.client.HTTPException):
            status, content = 502, b"error code: 502\n"
        finally:
            edge.carrying[tunnel] -= 1
            connection.socket.close()
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content)


def _exchange(
    carried: socket.socket, request: Any, body: bytes
) -> tuple[int, Mapping[str, str], bytes]:
    carried.settimeout(30)
    far = http.client.HTTPConnection("origin")
    far.sock = carried
    headers = {name: value for name, value in request.headers.items() if not _is_of_hop(name)}
    far.request(request.command, request.path, body or None, {**headers, "Connection": "close"})
    answer = far.getresponse()
    kept = {name: value for name, value in answer.getheaders() if not _is_of_hop(name)}
    return answer.status, kept, answer.read()


def _is_of_hop(name: str) -> bool:
    return name.lower() in ("connection", "content-length", "transfer-encoding", "keep-alive")


def _config(script: State, certificate: str, key: str) -> str:
    bindings = ", ".join(
        f"( name = {json.dumps(each['name'])}, text = {json.dumps(each['text'])} )"
        for each in script.get("bindings") or []
    )
    return f"""\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ( name = "worker",
      worker = (
        modules = [ ( name = {json.dumps(script["main_module"])},
                      esModule = embed {json.dumps(script["main_module"])} ) ],
        compatibilityDate = {json.dumps(script["compatibility_date"])},
        bindings = [ {bindings} ],
        globalOutbound = "origins" ) ),
    ( name = "origins", external = ( address = "127.0.0.1:{ORIGINS_PORT}", http = () ) ),
  ],
  sockets = [ ( name = "https", address = "*:443", service = "worker",
    https = ( options = (), tlsOptions = ( keypair = (
      privateKey = {json.dumps(key)}, certificateChain = {json.dumps(certificate)} ) ) ) ) ],
);
"""
