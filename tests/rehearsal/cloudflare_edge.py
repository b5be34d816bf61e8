"""Cloudflare: its front, and what leads from it to an edge: tunnels, public origins, Origin Rules.

operator ──TLS──▶ workerd :443 ──▶ the Worker ──▶ its fetch ──▶ origins :9000 ──▶ a tunnel's
                             └── where no route names one ──────▶            connection ──▶ the edge
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from doubles.machines.network import inside
from doubles.providers.effects import RefusedError
from doubles.services.cloudflared import notice_silence
from doubles.services.trust import Authority, unverified_client

from rehearsal import analytics_api, cloudflare_api
from rehearsal.access import APPLICATION, TEAM, Access
from rehearsal.load_balancer import TYPES as BALANCING
from rehearsal.load_balancer import LoadBalancers
from rehearsal.names import API, RECORD
from rehearsal.rules import RuleError, parse
from rehearsal.workers import ORIGINS_PORT, ROUTE, SCRIPT, ZONE, Workers
from rehearsal.world import State, World, plain

TUNNEL = "cloudflare_zero_trust_tunnel_cloudflared"
CONFIG = "cloudflare_zero_trust_tunnel_cloudflared_config"
RULESET = "cloudflare_ruleset"
SETTING = "cloudflare_zone_setting"
OWN = (TUNNEL, CONFIG, SCRIPT, ROUTE, RECORD, RULESET, SETTING, ZONE, APPLICATION)
EFFECTIVE = frozenset((*OWN, *BALANCING))
REMEMBERED = frozenset(
    (
        "cloudflare_argo_smart_routing",
        "cloudflare_argo_tiered_caching",
        "cloudflare_tiered_cache",
        "cloudflare_logpush_job",
    )
)
FRONT_TYPES = frozenset((SCRIPT, ROUTE, RECORD, ZONE))
TUNNEL_PORT = 7844
NO_NAME = (530, b"error code: 1016\n")  # for a name that has no record
TUNNEL_DOWN = (530, b"error code: 1033\n")  # Cloudflare's own words for a tunnel without an agent
REFUSED = (521, b"error code: 521\n")  # for an origin that takes no connection
SILENT = (522, b"error code: 522\n")  # and for one that does not answer within 19 seconds
# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
CONNECT_SECONDS = 19
TUNNEL_DOMAIN = ".cfargotunnel.com"

Answer = tuple[int, Mapping[str, str], bytes]


def find_tunnels(world: World, config: State) -> dict[str, Any]:
    """The tunnels of the name that a data source asks for."""
    found = world.all(TUNNEL, name=config["name"], account_id=config["account_id"])
    return {"result": [{"id": each["id"], "name": each["name"]} for each in found]}


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


def rules_refused(ruleset: State) -> str | None:
    """Why Cloudflare does not take a ruleset, in its words; None where it does."""
    for rule in ruleset["rules"] or []:
        try:
            parse(rule["expression"])
        except RuleError as error:
            words = "is not a valid value for expression because the expression is invalid"
            return f"'{rule['expression']}' {words}: {error}"
    return None


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
    carrying: dict[str, list[Connection]] = field(default_factory=dict)
    _connectors: dict[tuple[str, str], str] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @cached_property
    def balancers(self) -> LoadBalancers:
        return LoadBalancers(self.world, self._check)

    @cached_property
    def access(self) -> Access:
        return Access(self.world)

    @cached_property
    def workers(self) -> Workers:
        return Workers(self.world, self.namespace, self.folder, self.authority)

    # --- tunnels

    def is_connected(self, tunnel: str) -> bool:
        """Whether an agent holds a connection now."""
        self._keep(Connection.is_open)
        return bool(self.tunnels.get(tunnel) or self.carrying.get(tunnel))

    def connectors(self, tunnel: str) -> list[str]:
        """The ids of the agents that are connected now; one that starts anew has another id."""
        self._keep(Connection.is_open)
        with self._changed:
            held = (*self.tunnels.get(tunnel, ()), *self.carrying.get(tunnel, ()))
            sources = {each.source for each in held}
            for key in [each for each in self._connectors if each[0] == tunnel]:
                if key[1] not in sources:
                    del self._connectors[key]
            return [
                self._connectors.setdefault((tunnel, source), str(uuid.uuid4()))
                for source in sorted(sources)
            ]

    def drop(self, source: str) -> None:
        """Forget the connections of a machine that is gone without a word."""
        self._keep(lambda connection: connection.source != source)
        with self._changed:
            for key in [each for each in self._connectors if each[1] == source]:
                del self._connectors[key]
            for tunnel, carried in self.carrying.items():
                self.carrying[tunnel] = [each for each in carried if each.source != source]
                for each in carried:
                    if each.source == source:
                        with contextlib.suppress(OSError):
                            each.socket.shutdown(socket.SHUT_RDWR)  # its request ends here

    @contextlib.contextmanager
    def carries(self, tunnel: str, connection: Connection) -> Iterator[None]:
        """Count the tunnel as connected while the block has a request on the connection."""
        with self._changed:
            self.carrying.setdefault(tunnel, []).append(connection)
        try:
            yield
        finally:
            with self._changed:
                others = (each for each in self.carrying[tunnel] if each is not connection)
                self.carrying[tunnel] = [*others]
            connection.socket.close()

    def _keep(self, wanted: Callable[[Connection], bool]) -> None:
        """Close every idle connection but those that are wanted."""
        with self._changed:
            for tunnel, held in self.tunnels.items():
                self.tunnels[tunnel] = [each for each in held if wanted(each)]
                for each in held:
                    if each not in self.tunnels[tunnel]:
                        each.socket.close()

    def _log_in(self, agent: socket.socket, source: str) -> None:
        """The agent's token for the services of its tunnel; none for a token that is not one."""
        agent.settimeout(10)
        line = b""
        with contextlib.suppress(OSError):
            while not line.endswith(b"\n") and (byte := agent.recv(1)):
                line += byte
        tunnel = self._tunnel_of(line.decode(errors="replace").strip())
        services = self._services_of(tunnel) if tunnel else {}
        with contextlib.suppress(OSError):
            agent.sendall(f"{json.dumps(services)}\n".encode())
        if not tunnel or not services:
            agent.close()
            return
        agent.settimeout(None)
        notice_silence(agent)
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

    def _services_of(self, tunnel: str) -> dict[str, str]:
        config = self.world.one(CONFIG, tunnel_id=tunnel)
        rules = (config or {}).get("config", {}).get("ingress") or []
        return {rule["hostname"]: rule["service"] for rule in rules if rule.get("hostname")}

    def take(self, tunnel: str) -> Connection | None:
        """An idle connection of a tunnel's agent; None where there is none."""
        if tunnel not in self.tunnels:
            return None
        with self._changed:
            while self._changed.wait_for(lambda: self.tunnels[tunnel], timeout=0.5):
                connection = self.tunnels[tunnel].pop(0)
                if connection.is_open():
                    return connection
                connection.socket.close()
        return None

    # --- origins

    def origin_of(self, request: Any, host: str) -> tuple[str, str]:
        """The name whose record leads to the origin, and the Host header that it gets.

        Origin Rules change both; of several that match the last one decides.
        https://developers.cloudflare.com/rules/origin-rules/faq/
        """
        name = header = host
        for parameters in self._matching("http_request_origin", request, host):
            name = parameters["origin"]["host"]
            header = parameters["host_header"]
        return name, header

    def added_headers(self, request: Any, host: str) -> dict[str, str]:
        """What Transform Rules set in a request before it leaves for the origin."""
        return {
            name: header["value"]
            for parameters in self._matching("http_request_late_transform", request, host)
            for name, header in parameters["headers"].items()
        }

    def _matching(self, phase: str, request: Any, host: str) -> Iterator[State]:
        """The parameters of a phase's rules that match a request, in their order."""
        fields = _fields(request, host)
        for ruleset in self.world.all(RULESET, phase=phase):
            for rule in ruleset["rules"]:
                if rule["enabled"] and parse(rule["expression"])(fields):
                    yield rule["action_parameters"]

    def balanced(self, request: Any, host: str) -> tuple[str, str] | None:
        """The address and the Host header by which a load balancer sends a request on."""
        endpoint = self.balancers.endpoint(host, _fields(request, host))
        return None if endpoint is None else (endpoint["address"], endpoint["header"]["host"][0])

    def _check(self, endpoint: State, path: str, headers: Mapping[str, str]) -> int:
        asked = _Check(path, dict(headers))
        status, _, _ = _to(self, endpoint["address"], asked, endpoint["header"]["host"][0], b"")
        return status

    def connect(self, record: State, host: str) -> socket.socket:
        """A TLS connection to a public edge.

        Cloudflare shows its client certificate where the zone's setting says so.
        """
        wanted = {"zone_id": record.get("zone_id"), "setting_id": "tls_client_auth"}
        setting = self.world.one(SETTING, **wanted)
        shows = setting is not None and plain(setting["value"]) == "on"
        context = self.authority.client() if shows else unverified_client()
        address = record["content"]
        with inside(self.namespace):
            bare = socket.create_connection((address, 443), timeout=CONNECT_SECONDS)
        return context.wrap_socket(bare, server_hostname=host)

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
            self.workers.end()
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


def _fields(request: Any, host: str) -> dict[str, str]:
    """What the expressions of rules see of a request."""
    return {
        "http.host": host,
        "http.request.uri.path": request.path.partition("?")[0],
        "http.request.method": request.command,
    }


@dataclass(frozen=True)
class _Check:
    """A request of a monitor."""

    path: str
    headers: Mapping[str, str]
    command: str = "GET"


def forward(edge: CloudflareEdge, request: Any) -> None:
    """Send a request to the origin of its host, and the answer back."""
    host = request.headers.get("host", "").partition(":")[0]
    body = request.rfile.read(int(request.headers.get("content-length") or 0))
    headers: Mapping[str, str] = {}
    if host == API and analytics_api.PATH.fullmatch(request.path):
        points = edge.workers.data_points()
        status, content = analytics_api.answer(edge.world, request, body, points)
    elif host == API:
        status, content = cloudflare_api.answer(edge.world, request, edge.connectors)
    elif host == TEAM:
        status, content = edge.access.certs(request.path)
    else:
        status, headers, content = _from_origin(edge, request, host, body)
    request.send_response_only(status)  # the origin has said the date
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(content)


def _from_origin(edge: CloudflareEdge, request: Any, host: str, body: bytes) -> Answer:
    asked = request.headers.get("x-forwarded-host") or host
    if refused := edge.access.refusal(asked + request.path.partition("?")[0], request.headers):
        return _error(refused)
    name, header = edge.origin_of(request, host)
    for added, value in edge.added_headers(request, host).items():
        del request.headers[added]
        request.headers[added] = value
    if balanced := edge.balanced(request, host):
        address, header = balanced
        return _to(edge, address, request, header, body)
    record = edge.world.one(RECORD, name=name, proxied=True)
    if record is None:
        return _error(NO_NAME)
    if record["content"].endswith(TUNNEL_DOMAIN):
        return _to(edge, record["content"], request, header, body)
    if record["type"] != "A":  # the discard prefix, which answers nobody
        return _error(SILENT)
    try:
        return _exchange(edge.connect(record, header), request, header, body)
    except TimeoutError:
        return _error(SILENT)
    except (OSError, http.client.HTTPException):
        return _error(REFUSED)


def _to(edge: CloudflareEdge, address: str, request: Any, header: str, body: bytes) -> Answer:
    """Through the tunnel that has an address of its own; other addresses have none here."""
    tunnel = address.removesuffix(TUNNEL_DOMAIN)
    if (connection := edge.take(tunnel)) is None:
        return _error(TUNNEL_DOWN)
    try:
        with edge.carries(tunnel, connection):
            return _exchange(connection.socket, request, header, body)
    except (OSError, http.client.HTTPException):
        return _error((502, b"error code: 502\n"))


def _error(words: tuple[int, bytes]) -> Answer:
    status, content = words
    return status, {}, content


def _exchange(carried: socket.socket, request: Any, header: str, body: bytes) -> Answer:
    carried.settimeout(30)
    far = http.client.HTTPConnection("origin")
    far.sock = carried
    headers = {name: value for name, value in request.headers.items() if not _is_of_hop(name)}
    sent = {**headers, "Host": header, "Connection": "close"}
    far.request(request.command, request.path, body or None, sent)
    answer = far.getresponse()
    kept = {name: value for name, value in answer.getheaders() if not _is_of_hop(name)}
    return answer.status, kept, answer.read()


def _is_of_hop(name: str) -> bool:
    """Whether a header is for one connection, or said anew."""
    hop = ("connection", "content-length", "transfer-encoding", "keep-alive", "host")
    return name.lower() in hop
