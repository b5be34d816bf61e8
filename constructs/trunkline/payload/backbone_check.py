"""Measures the backbone from its own node: the paths to other nodes, and the services used here.

A machine gets this program with its configuration; it needs the standard library only. It ends
where another one is put in its place. Usage: backbone-check.py FOLDER, in which `sync.py` keeps
`check.json`: `keys`, of which a request must be signed with one; `zone` and `names`, the node in
each zone; `port`, where nodes answer one another on the overlay; `nodes`, each with `name`, `site`,
`address` and `mtu`; `networks`, the site's own ranges; and `services`, each with `name`, `host`,
`port`, `protocol`, `plain`, `server`, `ca`, and `at`, where the server has a private endpoint.

It listens on LOCAL_PORT of loopback, for Envoy, and on `port` of the node's own address, for other
nodes. All requests are below PREFIX, begin with a node's name, and are signed over method, path,
time and nonce; a response over the nonce and its body. Who asks names nodes alone: there is no way
to have anything else measured.

- `GET NODE/paths`: round trip, loss and MTU to every other node.
- `GET NODE/services`: how the services answer here.
- `GET NODE/throughput/OTHER`: how much a stream to another node carries.
- `POST NODE/stream`: the other end of that, between nodes only.

A request for another node goes on to it: a tunnel leads to any node of a site.
"""

import contextlib
import errno
import hmac
import http.client
import http.server
import ipaddress
import json
import secrets
import socket
import ssl
import statistics
import struct
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

CONFIG = "check.json"
PREFIX = "/.trunkline/backbone/"
LOCAL_PORT = 8082
TIME, NONCE, SIGNATURE = "x-trunkline-time", "x-trunkline-nonce", "x-trunkline-signature"
SKEW = 15 * 60  # seconds that an operator's clock may be off
NONCES = 4096
AT_ONCE = 4  # requests; more are refused

PINGS, PAUSE, PATIENCE = 20, 0.05, 1.0
HEADERS = 28  # of IPv4 and ICMP
LEAST_MTU = 576
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_FREEBIND = 10, 2, 15  # socket has no names for them

MOST_BYTES, MOST_SECONDS = 128 * 2**20, 2.0
WARM_SECONDS = 0.5  # until TCP has found its rate
CHUNK = bytes(256 * 2**10)

SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"  # as Envoy has it
STEP_SECONDS = 5.0  # for each step with a service
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])

Json = dict[str, Any]


class CheckError(Exception):
    """What cannot be measured; the message says why."""

    __slots__ = ()  # a machine gets this program without its docstrings, and a class needs a body


# --- what the file says


def read(folder: str) -> Json:
    config: Json = json.loads(Path(folder, CONFIG).read_text())
    return config


def own_name(config: Json) -> str:
    name: str = config["names"][config["zone"]]
    return name


def node_of(config: Json, name: str) -> Json:
    for node in config["nodes"]:
        if node["name"] == name:
            found: Json = node
            return found
    raise CheckError(f"there is no node {name} on this backbone")


# --- signatures


def signature(key: str, message: bytes) -> str:
    return hmac.digest(key.encode(), message, "sha256").hex()


def signed(key: str, method: str, path: str) -> dict[str, str]:
    """The headers of a request."""
    stamp, nonce = f"{time.time():.3f}", secrets.token_hex(16)
    tag = signature(key, f"{method}\n{path}\n{stamp}\n{nonce}".encode())
    return {TIME: stamp, NONCE: nonce, SIGNATURE: tag}


class Guard:
    """Which requests are authentic, recent and new."""

    def __init__(self) -> None:
        self.nonces: dict[str, float] = {}
        self.lock = threading.Lock()

    def key(self, config: Json, method: str, path: str, headers: Any) -> str:
        """The key with which a request is signed; empty where with none."""
        text = f"{method}\n{path}\n{headers.get(TIME, '')}\n{headers.get(NONCE, '')}".encode()
        given = headers.get(SIGNATURE, "").encode("utf-8", "replace")
        for key in config["keys"]:
            if hmac.compare_digest(signature(key, text).encode(), given):
                return str(key)
        return ""

    def is_new(self, headers: Any) -> bool:
        """Whether an authentic request is recent, and did not come before."""
        now, then, nonce = time.time(), float(headers[TIME]), headers[NONCE]
        with self.lock:
            self.nonces = {key: value for key, value in self.nonces.items() if value > now}
            if not abs(now - then) <= SKEW or nonce in self.nonces or len(self.nonces) >= NONCES:
                return False
            self.nonces[nonce] = then + SKEW
        return True


# --- paths


def ping_socket(address: str) -> socket.socket:
    """Sends pings without a right of its own; each one whole, or not at all."""
    try:
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    except PermissionError:
        raise CheckError("may not ping: net.ipv4.ping_group_range leaves it out") from None
    link.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    link.connect((address, 0))
    return link


def ping(link: socket.socket, number: int, size: int, patience: float) -> float | None:
    """The round trip of a packet of `size` bytes in seconds; None where no answer comes."""
    packet = struct.pack("!BBHHH", 8, 0, 0, 0, number) + bytes(size - HEADERS)
    began = time.perf_counter()
    try:
        link.send(packet)
        while (left := began + patience - time.perf_counter()) > 0:
            link.settimeout(left)
            head = link.recv(65536)[:8]
            if len(head) == 8 and head[0] == 0 and head[6:8] == packet[6:8]:
                return time.perf_counter() - began
    except OSError as error:
        if error.errno not in (errno.EMSGSIZE, None):  # a time-out has none
            time.sleep(PAUSE)
    return None


def path_mtu(link: socket.socket, most: int, patience: float) -> int | None:
    """The longest packet that arrives, `most` at most; None where not even a short one does."""
    numbers = iter(range(1000, 65536))

    def fits(size: int) -> bool:
        return any(ping(link, next(numbers), size, patience) is not None for _ in range(2))

    if fits(most):
        return most
    low, high = LEAST_MTU, most
    if not fits(low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def path(node: Json) -> Json:
    """What the way to a node is like."""
    found: Json = {"node": node["name"], "sent": PINGS, "lost": PINGS}
    try:
        with ping_socket(node["address"]) as link:
            times = []
            for number in range(PINGS):
                times.append(ping(link, number, 64, PATIENCE))
                time.sleep(PAUSE)
                if number == 4 and not any(times):
                    return {**found, "sent": number + 1, "lost": number + 1}
            answered = [taken for taken in times if taken is not None]
            if not answered:
                return found
            mtu = path_mtu(link, node["mtu"], min(PATIENCE, max(0.2, 4 * max(answered))))
    except (CheckError, OSError) as error:
        return {**found, "error": str(error)}
    return {
        **found,
        "lost": PINGS - len(answered),
        "round_trip_ms": round(statistics.median(answered) * 1000, 3),
        "mtu": mtu,
        "configured_mtu": node["mtu"],
    }


def paths(config: Json) -> Json:
    others = [node for node in config["nodes"] if node["name"] != own_name(config)]
    with ThreadPoolExecutor(32) as pool:
        return {"paths": list(pool.map(path, others))}


# --- throughput


def throughput(config: Json, other: str) -> Json:
    """What a stream to another node carries, as that one counts it."""
    node = node_of(config, other)
    if other == own_name(config):
        raise CheckError("a node has no stream to itself")
    way = f"{PREFIX}{other}/stream"
    try:
        with contextlib.closing(
            http.client.HTTPConnection(node["address"], config["port"], timeout=5)
        ) as connection:
            connection.putrequest("POST", way)
            headers = {**signed(config["keys"][0], "POST", way), "Content-Length": str(MOST_BYTES)}
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            send(connection.sock)
            answer = connection.getresponse()
            found: Json = json.loads(answer.read(65536))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CheckError(f"no stream to {other}: {error or type(error).__name__}") from None
    return found


def send(link: socket.socket) -> None:
    left, until = MOST_BYTES, time.monotonic() + MOST_SECONDS
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the other end has enough
        while left and time.monotonic() < until:
            left -= link.send(CHUNK[:left])
        link.shutdown(socket.SHUT_WR)


def receive(stream: Any) -> Json:
    """How much came in how long, without the beginning where there is more."""
    buffer, total, warm = bytearray(len(CHUNK)), 0, 0
    began = last = time.monotonic()
    warm_at = began
    while total < MOST_BYTES and last - began < 2 * MOST_SECONDS:
        count = stream.readinto1(buffer)
        last = time.monotonic()
        if not count:
            break
        total += count
        if last - began < WARM_SECONDS:
            warm, warm_at = total, last
    if last - warm_at < 0.2:
        warm, warm_at = 0, began
    seconds = max(last - warm_at, 1e-6)
    return {"bytes": total, "mbit_per_second": round((total - warm) * 8 / seconds / 1e6, 1)}


# --- services


def services(config: Json) -> Json:
    with ThreadPoolExecutor(8) as pool:
        return {"services": list(pool.map(lambda each: service(config, each), config["services"]))}


def service(config: Json, asked: Json) -> Json:
    """How a service answers: its addresses, its certificate, the time to the first byte."""
    found: Json = {"service": asked["name"], "host": asked["host"], "far": bool(asked["server"])}
    try:
        name = asked.get("at") or asked["server"] or asked["host"]
        addresses = resolve(name, asked["port"])
        found["addresses"] = addresses
        at = addresses[0] if asked["server"] else near(config, addresses)
        found["connected_to"] = at
        began = time.perf_counter()
        with socket.create_connection((at, asked["port"]), STEP_SECONDS) as link:
            link.settimeout(STEP_SECONDS)
            talk(link, asked, found, began)
    except ssl.SSLCertVerificationError as error:
        found["error"] = f"the certificate is not valid: {error.verify_message}"
    except (CheckError, OSError, ValueError) as error:
        found["error"] = str(error) or type(error).__name__
    return found


def resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        raise CheckError(f"the name {host} does not resolve: {error}") from None
    return sorted({str(each[4][0]) for each in found})


def near(config: Json, addresses: list[str]) -> str:
    """The edge of this site to which the name leads."""
    ranges = [ipaddress.ip_network(each) for each in config["networks"]]
    for address in addresses:
        if any(ipaddress.ip_address(address) in each for each in ranges):
            return address
    raise CheckError(f"the name leads to {', '.join(addresses)}, not to an edge of this site")


def talk(link: socket.socket, asked: Json, found: Json, began: float) -> None:
    """Speak with it as an application does, until the first byte."""
    spoken = link
    if not asked["plain"]:
        spoken = handshake(link, asked, found)
        found["handshake_ms"] = since(began)
    if asked["protocol"] == "tls" or asked["server"]:
        return
    if asked["protocol"] == "tcp":
        still_open(link)
        return
    if asked["protocol"] == "grpc" and not asked["plain"]:
        spoken.sendall(HTTP2)
    else:
        ask = f"GET / HTTP/1.1\r\nHost: {asked['host']}\r\nUser-Agent: trunkline\r\n"
        spoken.sendall(f"{ask}Accept: */*\r\nConnection: close\r\n\r\n".encode())
    head = spoken.recv(4096)
    if not head:
        raise CheckError("closes the connection without an answer")
    found["first_byte_ms"] = since(began)
    if head.startswith(b"HTTP/1."):
        http_answer(head.decode("latin-1"), asked, found)


def http_answer(head: str, asked: Json, found: Json) -> None:
    """What was answered; with plain HTTP an edge may have answered in the service's place."""
    found["status"] = int(head.split(" ", 2)[1])
    lines = (line.partition(":") for line in head.split("\r\n\r\n")[0].split("\r\n")[1:])
    headers = {name.lower(): value.strip() for name, _, value in lines}
    if asked["plain"] and headers.get("trunkline-response-flags", "-") != "-":
        site = headers.get("trunkline-site", "an edge")
        raise CheckError(f"{site} answers {found['status']} in its place")


def handshake(link: socket.socket, asked: Json, found: Json) -> ssl.SSLSocket:
    context = ssl.create_default_context(cadata=asked["ca"] or None)
    if not asked["ca"]:
        with contextlib.suppress(OSError):
            context.load_verify_locations(SYSTEM_CA)
    # Envoy takes an authority without the extensions that Python 3.13 asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if asked["protocol"] == "grpc":
        context.set_alpn_protocols(["h2"])
    name = asked["server"] or asked["host"]
    spoken = context.wrap_socket(link, server_hostname=name)
    shown: Any = spoken.getpeercert()
    issuer = {name: value for part in shown.get("issuer", ()) for name, value in part}
    found["certificate"] = {
        "names": [value for _, value in shown.get("subjectAltName", ())][:10],
        "issuer": issuer.get("organizationName") or issuer.get("commonName", ""),
        "expires": int(ssl.cert_time_to_seconds(shown["notAfter"])),
    }
    return spoken


def still_open(link: socket.socket) -> None:
    """An edge takes a connection before it has one to the service, and closes it without one."""
    link.settimeout(2)
    with contextlib.suppress(TimeoutError):
        if not link.recv(1):
            raise CheckError("closes the connection")


def since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)


# --- requests


class CheckHandler(http.server.BaseHTTPRequestHandler):
    """Answers what is signed; all else gets the 404 of a path that does not exist."""

    server: "CheckServer"
    timeout = 10

    def version_string(self) -> str:
        return "trunkline"

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        self.handle_with(self.look)

    def do_POST(self) -> None:
        self.handle_with(self.take)

    def handle_with(self, answer: Callable[[Json, list[str]], Json]) -> None:
        self.close_connection = True
        try:
            config = read(self.server.folder)
            key = self.server.guard.key(config, self.command, self.path, self.headers)
        except (OSError, ValueError, KeyError):
            return self.reply(503, b"")
        if not key or not self.path.startswith(PREFIX):
            return self.reply(404, b"")
        parts = self.path.removeprefix(PREFIX).split("/")
        if self.command == "GET" and parts[0] != own_name(config) and not self.server.far:
            return self.relay(config, parts[0], key)
        if not self.server.guard.is_new(self.headers):
            return self.refuse(key)
        if not self.server.slots.acquire(blocking=False):
            return self.say(429, {"error": "is measuring for others; ask again"}, key)
        try:
            self.say(200, answer(config, parts), key)
        except CheckError as error:
            self.say(404, {"error": str(error)}, key)
        finally:
            self.server.slots.release()

    def look(self, config: Json, parts: list[str]) -> Json:
        match parts:
            case [name, "paths"] if name == own_name(config):
                return {"node": name, **paths(config)}
            case [name, "services"] if name == own_name(config):
                return {"node": name, **services(config)}
            case [name, "throughput", other] if name == own_name(config):
                with self.one_stream():
                    return {"node": name, "to": other, **throughput(config, other)}
        node_of(config, parts[0])
        raise CheckError(f"{own_name(config)} does not know this request")

    def take(self, config: Json, parts: list[str]) -> Json:
        if not self.server.far or parts != [own_name(config), "stream"]:
            raise CheckError(f"{own_name(config)} does not know this request")
        return receive(self.rfile)

    @contextlib.contextmanager
    def one_stream(self) -> Any:
        if not self.server.stream.acquire(blocking=False):
            raise CheckError("is measuring a throughput already; ask again")
        try:
            yield
        finally:
            self.server.stream.release()

    def relay(self, config: Json, name: str, key: str) -> None:
        """Ask the node that is meant, whose answer is its own."""
        passed = {each: self.headers[each] for each in (TIME, NONCE, SIGNATURE)}
        try:
            address = (node_of(config, name)["address"], config["port"])
            connection = http.client.HTTPConnection(*address, timeout=2)
            with contextlib.closing(connection):
                connection.connect()
                connection.sock.settimeout(60)
                connection.request("GET", self.path, headers=passed)
                answer = connection.getresponse()
                self.reply(answer.status, answer.read(2**20), answer.headers)
        except CheckError as error:
            self.say(404, {"error": str(error)}, key)
        except (OSError, http.client.HTTPException) as error:
            said = f"{own_name(config)} has no answer of {name} over the backbone: {error}"
            self.say(502, {"error": said}, key)

    def refuse(self, key: str) -> None:
        """Say this machine's time, with which an operator whose clock is off signs again."""
        stamp = f"{time.time():.3f}"
        text = f"refused\n{self.headers[NONCE]}\n{stamp}".encode()
        self.reply(403, b"", {TIME: stamp, SIGNATURE: signature(key, text)})

    def say(self, status: int, data: Json, key: str) -> None:
        body = json.dumps(data).encode()
        tag = signature(key, f"{self.headers[NONCE]}\n".encode() + body)
        self.reply(status, body, {SIGNATURE: tag})

    def reply(self, status: int, body: bytes, headers: Any = None) -> None:
        self.send_response(status)
        for name in (TIME, SIGNATURE):
            if headers and headers.get(name):
                self.send_header(name, headers[name])
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class CheckServer(http.server.ThreadingHTTPServer):
    """One of the two places where the program listens; `far` is that for other nodes."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], folder: str, guard: Guard, *, far: bool) -> None:
        self.folder, self.guard, self.far = folder, guard, far
        self.slots = threading.BoundedSemaphore(AT_ONCE)
        self.stream = threading.Lock()
        super().__init__(address, CheckHandler)

    def server_bind(self) -> None:
        # The overlay's address may come later.
        self.socket.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def start(self) -> "CheckServer":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self


def own_address(folder: str) -> tuple[str, int] | None:
    with contextlib.suppress(OSError, ValueError, KeyError, CheckError):
        config = read(folder)
        return node_of(config, own_name(config))["address"], config["port"]
    return None


def main(folder: str) -> None:
    guard = Guard()
    CheckServer(("127.0.0.1", LOCAL_PORT), folder, guard, far=False).start()
    far: CheckServer | None = None
    program = Path(__file__)
    put = program.stat().st_mtime_ns
    while program.stat().st_mtime_ns == put:
        address = own_address(folder)
        if address and (far is None or far.server_address != address):
            if far:
                far.shutdown()
                far.server_close()
            far = CheckServer(address, folder, guard, far=True).start()
        time.sleep(2)


if __name__ == "__main__":
    main(sys.argv[1])
