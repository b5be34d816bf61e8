"""Cloudflare: tunnels that are logged in, and the Worker in workerd behind its hostname.

operator ──TLS──▶ workerd :443 ──▶ the Worker ──▶ its fetch ──▶ origins :9000 ──▶ a tunnel's
                                                                   connection ──▶ the edge
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from doubles.machines.network import inside
from doubles.providers.effects import RefusedError
from doubles.services.trust import Authority
from support.workerd import find_workerd

from rehearsal.firewall import load_rules
from rehearsal.names import RECORD
from rehearsal.world import State, World

TUNNEL = "cloudflare_zero_trust_tunnel_cloudflared"
CONFIG = "cloudflare_zero_trust_tunnel_cloudflared_config"
ZONE = "cloudflare_zone"
SCRIPT, ROUTE = "cloudflare_workers_script", "cloudflare_workers_route"
EFFECTIVE = frozenset((TUNNEL, CONFIG, SCRIPT, ROUTE, RECORD))
REMEMBERED = frozenset(("cloudflare_zone_setting", ZONE, "cloudflare_ruleset"))
TUNNEL_PORT, ORIGINS_PORT = 7844, 9000
TUNNEL_DOWN = (530, b"error code: 1033\n")  # Cloudflare's own words for a tunnel without an agent
UNREACHABLE = (521, b"error code: 521\n")  # and for an origin that takes no connection


GRACE = 2.0  # seconds for requests that the old Workers have under way

# Which Worker answers a hostname; Cloudflare's own words where none does.
FRONT = """\
export default {
  fetch(request, env) {
    const worker = env[new URL(request.url).hostname];
    return worker ? worker.fetch(request) : new Response("error code: 1016\\n", { status: 530 });
  },
};
"""
_LEAD = """
table ip sky {{}}
delete table ip sky
table ip sky {{
  chain prerouting {{ type nat hook prerouting priority dstnat; tcp dport 443 redirect to {port}; }}
}}
"""


def find_zone(world: World, config: State) -> dict[str, Any]:
    """The zone that a data source's filter names; refused in the words of Cloudflare's provider."""
    wanted = config["filter"]
    zones = [
        zone
        for zone in world.all(ZONE, name=wanted["name"])
        if zone["account"]["id"] == wanted["account"]["id"]
    ]
    if len(zones) != 1:
        raise RefusedError(f"failed to find exactly one result: {len(zones)} found")
    return {"id": zones[0]["id"], "zone_id": zones[0]["id"]}


def token(tunnel: str, account: str) -> str:
    """The token of a tunnel, in the form of the real ones: base64 of account, tunnel and secret."""
    secret = base64.b64encode(f"secret of {tunnel}".encode()).decode()
    text = json.dumps({"a": account, "t": tunnel, "s": secret})
    return base64.b64encode(text.encode()).decode()


@dataclass(frozen=True)
class Connection:
    """One connection of an agent, which carries one request."""

    socket: socket.socket
    source: str

    def is_open(self) -> bool:
        try:
            return self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


@dataclass
class CloudflareEdge:
    """What stands in Cloudflare's namespace."""

    world: World
    namespace: str
    folder: Path
    authority: Authority
    tunnels: dict[str, list[Connection]] = field(default_factory=dict)
    carrying: dict[str, int] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _deploying: threading.Lock = field(default_factory=threading.Lock)
    _ports: Iterator[int] = field(default_factory=lambda: itertools.count(8443))
    _deployed: Mapping[str, State] = field(default_factory=dict)
    _workerd: subprocess.Popen[bytes] | None = None

    # --- tunnels

    def is_connected(self, tunnel: str) -> bool:
        """Whether an agent holds a connection now."""
        self._keep(Connection.is_open)
        return bool(self.tunnels.get(tunnel)) or self.carrying.get(tunnel, 0) > 0

    def drop(self, source: str) -> None:
        """Forget the connections of a machine that is gone without a word."""
        self._keep(lambda connection: connection.source != source)

    def _keep(self, wanted: Callable[[Connection], bool]) -> None:
        """Close every idle connection but those that are wanted."""
        with self._changed:
            for tunnel, held in self.tunnels.items():
                self.tunnels[tunnel] = [each for each in held if wanted(each)]
                for each in held:
                    if each not in self.tunnels[tunnel]:
                        each.socket.close()

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
        with self._changed:
            self.tunnels.setdefault(tunnel, []).append(Connection(agent, source))
            self._changed.notify()

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
        if tunnel not in self.tunnels:
            return None
        with self._changed:
            while self._changed.wait_for(lambda: self.tunnels[tunnel], timeout=0.5):
                connection = self.tunnels[tunnel].pop(0)
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

    # --- Workers

    def deploy(self) -> None:
        """Run the Workers as the routes are now; requests under way end with the old ones."""
        with self._deploying:
            workers = self._workers()
            if workers != self._deployed:
                before, self._workerd = self._workerd, self._start(workers) if workers else None
                self._deployed = workers
                if before:
                    threading.Timer(GRACE, _end, [before]).start()

    def _workers(self) -> dict[str, State]:
        """The script behind each hostname."""
        found = {
            route["pattern"].partition("/")[0]: self.world.one(SCRIPT, script_name=route["script"])
            for route in self.world.all(ROUTE)
        }
        return {host: script for host, script in found.items() if script}

    def _start(self, workers: Mapping[str, State]) -> subprocess.Popen[bytes]:
        """A workerd on a port of its own, to which 443 then leads."""
        port = next(self._ports)
        folder = self.folder / str(port)
        folder.mkdir()
        certificate, key = self.authority.certify(workers)
        for number, script in enumerate(workers.values()):
            (folder / f"{number}.js").write_text(script["content"])
        (folder / "front.js").write_text(FRONT)
        (folder / "workers.capnp").write_text(_config(workers, port, certificate, key))
        program = find_workerd()
        assert program, "workerd is not installed; run: make node_modules/ready"
        enter = ("ip", "netns", "exec", self.namespace, "setpriv", "--pdeathsig", "KILL")
        with (self.folder / "workerd.log").open("ab") as log:
            process = subprocess.Popen(
                [*enter, str(program), "serve", "workers.capnp"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._await(port, process)
        load_rules(self.namespace, _LEAD.format(port=port))
        return process

    def _await(self, port: int, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), inside(self.namespace):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            time.sleep(0.05)
        words = (self.folder / "workerd.log").read_text(errors="replace")[-2000:]
        raise AssertionError(f"workerd does not start:\n{words}")

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
            if self._workerd:
                _end(self._workerd)
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
    request.send_response_only(status)  # the origin has said the date
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


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _config(workers: Mapping[str, State], port: int, certificate: str, key: str) -> str:
    services = "".join(_service(number, each) for number, each in enumerate(workers.values()))
    hosts = ", ".join(
        f'( name = {json.dumps(host)}, service = "worker-{number}" )'
        for number, host in enumerate(workers)
    )
    return f"""\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    {services}
    ( name = "front",
      worker = (
        modules = [ ( name = "front.js", esModule = embed "front.js" ) ],
        compatibilityDate = "2026-01-01",
        bindings = [ {hosts} ] ) ),
    ( name = "origins", external = ( address = "127.0.0.1:{ORIGINS_PORT}", http = () ) ),
  ],
  sockets = [ ( name = "https", address = "*:{port}", service = "front",
    https = ( options = (), tlsOptions = ( keypair = (
      privateKey = {json.dumps(key)}, certificateChain = {json.dumps(certificate)} ) ) ) ) ],
);
"""


def _service(number: int, script: State) -> str:
    bindings = ", ".join(
        f"( name = {json.dumps(each['name'])}, text = {json.dumps(each['text'])} )"
        for each in script.get("bindings") or []
    )
    return f"""\
    ( name = "worker-{number}",
      worker = (
        modules = [ ( name = {json.dumps(script["main_module"])},
                      esModule = embed "{number}.js" ) ],
        compatibilityDate = {json.dumps(script["compatibility_date"])},
        bindings = [ {bindings} ],
        globalOutbound = "origins" ) ),
"""
