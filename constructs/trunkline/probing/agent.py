"""The agent of a probe: measures the round trip to every other probe, and hands out the results.

Standard library only, one file: it travels in user data.
Run it as `python3 -I agent.py CONFIG.json`.

UDP `port` carries packets of 60 bytes between agents, big-endian: `TL1` and the kind, the ids of
sender and receiver, a sequence, the sequence that is answered, the sender's progress, and 16 bytes
of HMAC-SHA256. The key is derived from the shared one and the names of all zones, so agents of
another topology stay strangers. Kinds: `?` asks how far the receiver is, `!` says it, `>` is a
ping, `<` its answer. A packet gets no answer, and leaves nothing behind, unless it is authentic, is
for this agent and is newer than what its sender sent before. Sequences are nanoseconds since 1970
at the agent's start plus its monotonic clock since; a sender that is not known yet must be within
an hour of the receiver's clock, and no clock is compared otherwise.

A sweep is a round-robin tournament (circle method) that each agent walks through by itself. Its
progress is one number: sweep, round, step of the meeting. In a meeting the agent with the lower
name measures first (step 1), then the other (step 2), then it is over (step 3). An agent waits for
a partner that answers and is not as far, and goes on when it is silent or has gone on itself. Who
is least far never waits for one who is further, so there is no deadlock.

TCP `port` + 1 accepts and closes: peers time their connect(). TCP `port` is for operators:
`GET /healthz`, and `GET /results`, which a signature must accompany.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import heapq
import hmac
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise

ASK, NEWS, PING, PONG = b"TL1?", b"TL1!", b"TL1>", b"TL1<"
PACKET = struct.Struct("!4s8s8sQQQ")
TAG = 16
WINDOW = 32  # how many packets of one sender may overtake one another
HOUR = 3600 * 10**9
SKEW = 15 * 60  # seconds that an operator's clock may be off
NONCES = 4096
ROW = 16  # how many pings are foreseen
KEPT_SWEEPS = 24
POLL = 0.25  # seconds; news is pushed, so this only makes up for lost packets
BRIEF = 0.5  # seconds of patience with a peer that was silent before
STALL = 120.0  # seconds beyond a measurement after which even a peer that answers is given up
LOSS_SECONDS = 1
LOST_IN_A_ROW = 5  # after so many a peer has gone away
FEWEST_SAMPLES = 50
TIME, NONCE, SIGNATURE = "x-trunkline-time", "x-trunkline-nonce", "x-trunkline-signature"

Address = tuple[str, int]


class Config:
    """What CONFIG.json says, checked; ValueError names the key that is wrong."""

    version: int
    site: str
    cloud: str
    zone: str
    address: str
    port: int
    key_file: str
    operators: list[str]
    peers: list[dict[str, str]]
    samples: int
    pause_ms: float
    settle: bool
    tcp_connects: int
    deadline_seconds: float
    interval_seconds: float
    silence_seconds: float
    sweeps: int
    emulated_ms: dict[str, float] | None
    physical_zone: str | None
    metadata: str
    clock_offset_seconds: float

    def __init__(self, data: object) -> None:
        if not isinstance(data, dict):
            raise ValueError("the file must hold an object")
        for key in data:
            if key not in FIELDS:
                raise ValueError(f"there is no key {key}")
        for key, (default, fits, what) in FIELDS.items():
            value = data.get(key, default)
            if not fits(value):
                raise ValueError(f"{key} must be {what}")
            setattr(self, key, value)
        names = [f"{peer['site']}/{peer['zone']}" for peer in self.peers]
        if self.name not in names or len(set(names)) != len(names):
            raise ValueError(f"peers must name every zone once, {self.name} included")
        if self.emulated_ms and self.cloud != "local":
            raise ValueError("emulated_ms is for cloud local only")

    @property
    def name(self) -> str:
        return f"{self.site}/{self.zone}"


def _text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _number(least: float, most: float = 1e9) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
    )


def _whole(least: int, most: int = 10**9) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and _number(least, most)(value)


def _network(value: object) -> bool:
    try:
        return isinstance(value, str) and ipaddress.ip_network(value, False).version == 4
    except ValueError:
        return False


def _peer(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() - {"port"} == {"site", "zone", "host"}
        and all(_text(value[key]) for key in ("site", "zone", "host"))
        and _whole(1, 65534)(value.get("port", 1))
    )


def _list(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _latencies(value: object) -> bool:
    return value is None or (
        isinstance(value, dict) and all(map(_number(0, 10_000), value.values()))
    )


# Key: default (None without one is refused by the check), check, and what it must be.
FIELDS: dict[str, tuple[object, Callable[[object], bool], str]] = {
    "version": (None, lambda value: value == 1, "1"),
    "site": (None, _text, "a name"),
    "cloud": (None, lambda value: value in ("aws", "google", "azure", "local"), "a cloud's name"),
    "zone": (None, _text, "a name"),
    "address": ("0.0.0.0", lambda value: _network(value), "an IPv4 address"),
    "port": (None, _whole(1, 65534), "a port, with the next one free as well"),
    "key_file": (None, _text, "a path"),
    "operators": ([], _list(_network), "a list of IPv4 ranges"),
    "peers": (None, _list(_peer), "a list of {site, zone, host, port where it differs}"),
    "samples": (200, _whole(1, 100_000), "a whole number from 1 to 100000"),
    "pause_ms": (0.2, _number(0, 1000), "milliseconds from 0 to 1000"),
    "settle": (True, lambda value: isinstance(value, bool), "true or false"),
    "tcp_connects": (5, _whole(0, 100), "a whole number from 0 to 100"),
    "deadline_seconds": (600, _number(0), "seconds"),
    "interval_seconds": (600, _number(0), "seconds"),
    "silence_seconds": (3, _number(0.1, 60), "seconds from 0.1 to 60"),
    "sweeps": (0, _whole(0), "a whole number, 0 for no end"),
    "emulated_ms": (None, _latencies, "milliseconds by site/zone"),
    "physical_zone": (None, lambda value: value is None or _text(value), "a name or null"),
    "metadata": ("169.254.169.254:80", _text, "host:port"),
    "clock_offset_seconds": (0, _number(-(10**7)), "seconds"),
}


class Channel:
    """Seals and opens packets; the sequences that it hands out only ever grow."""

    def __init__(self, key: bytes, names: list[str], name: str, wall_ns: int) -> None:
        secret = hmac.digest(key, "\n".join(["trunkline probe 1", *names]).encode(), "sha256")
        # The two halves of HMAC, ready to be copied: twice as fast as hmac.digest.
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in secret.ljust(64, b"\0")))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in secret.ljust(64, b"\0")))
        self.id = identity(name)
        self._base = wall_ns - time.monotonic_ns()
        self._last = 0
        self._lock = threading.Lock()

    def take(self, count: int = 1) -> int:
        """The first of `count` fresh sequences in a row."""
        with self._lock:
            first = max(self._last + 1, self._base + time.monotonic_ns())
            self._last = first + count - 1
            return first

    def seal(
        self, kind: bytes, sender: bytes, receiver: bytes, sequence: int, echo: int, progress: int
    ) -> bytes:
        body = PACKET.pack(kind, sender, receiver, sequence, echo, progress)
        return body + self._tag(body)

    def open(self, data: bytes) -> tuple[bytes, bytes, int, int, int] | None:
        """Kind, sender, sequence, echo and progress of an authentic packet for this agent."""
        body = data[:-TAG]
        if len(body) != PACKET.size or not hmac.compare_digest(self._tag(body), data[-TAG:]):
            return None
        kind, sender, receiver, *numbers = PACKET.unpack(body)
        return (kind, sender, *numbers) if receiver == self.id else None

    def _tag(self, body: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(body)
        outer.update(inner.digest())
        return outer.digest()[:TAG]


def identity(name: str) -> bytes:
    """The 8 bytes that stand for a zone in packets."""
    return hashlib.sha256(name.encode()).digest()[:8]


class Peer:
    """Another agent: where it is, what it said last, and what was measured."""

    def __init__(self, entry: dict[str, str], port: int, delays_ms: dict[str, float]) -> None:
        self.name = f"{entry['site']}/{entry['zone']}"
        self.id = identity(self.name)
        self.host, self.port = entry["host"], int(entry.get("port", port))
        self.delay_ns = int(delays_ms.get(self.name, 0) * 1e6)
        self.address: Address | None = None
        self.progress = 0
        self.heard = self.moved = 0.0
        self.lost = True
        self.sweeps: deque[dict[str, object]] = deque(maxlen=KEPT_SWEEPS)
        self.floor = 0  # no ping below it gets an answer, but those that were foreseen, once
        self._recent: list[int] = []

    def admit(self, sequence: int, wall_ns: int) -> bool:
        """Whether the sequence of a question or of news is new; it is not the next time."""
        recent = self._recent
        if not recent:
            if not self._follows(sequence, wall_ns):
                return False
        elif sequence <= recent[0] or sequence in recent:
            return False
        (heapq.heappush if len(recent) < WINDOW else heapq.heappushpop)(recent, sequence)
        self.floor = self.floor or sequence
        return True

    def admit_ping(self, sequence: int, wall_ns: int) -> bool:
        """Whether a ping is newer than every ping before it, and than what its floor was set by.

        Not judged by the window: the pings of a measurement have their sequences from its start,
        and news that is sent meanwhile has later ones.
        """
        if not self._follows(sequence, wall_ns):
            return False
        self.floor = sequence + 1
        return True

    def _follows(self, sequence: int, wall_ns: int) -> bool:
        return sequence >= self.floor if self.floor else abs(sequence - wall_ns) <= HOUR

    def hear(self, progress: int, source: Address) -> None:
        """Note a sign of life."""
        self.heard, self.lost = time.monotonic(), False
        if progress != self.progress:
            self.progress, self.moved = progress, self.heard
        if self.address is None and source[1] == self.port:
            self.address = source  # DNS knows it later, or never

    def resolve(self) -> None:
        try:
            found = socket.getaddrinfo(self.host, self.port, socket.AF_INET, socket.SOCK_DGRAM)
        except (OSError, UnicodeError):
            return  # an address that was known stays
        self.address = (str(found[0][4][0]), self.port)


def rounds(names: list[str], name: str) -> list[str | None]:
    """The partner of `name` in each round, by the circle method; None sits out.

    n-1 rounds for an even number of names, n for an odd one.
    """
    circle: list[str | None] = [*sorted(names), *([None] if len(names) % 2 else [])]
    partners = []
    for _ in range(len(circle) - 1):
        partners.append(circle[-1 - circle.index(name)])
        circle.insert(1, circle.pop())
    return partners


def at(sweep: int, number: int, step: int) -> int:
    """Progress as one number that grows."""
    return sweep << 16 | number << 4 | step


ARRIVED, LOWER_MEASURES, HIGHER_MEASURES, PASSED = range(4)


class Agent:
    """The state of an agent, and the threads that work on it.

    `news` guards what the responder hears and the main thread waits for.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.started = time.monotonic()
        self.names = sorted(f"{peer['site']}/{peer['zone']}" for peer in config.peers)
        peers = [Peer(entry, config.port, config.emulated_ms or {}) for entry in config.peers]
        self.peers = {peer.name: peer for peer in peers if peer.name != config.name}
        self.by_id = {peer.id: peer for peer in self.peers.values()}
        self.partners = rounds(self.names, config.name)
        self.physical_zone = config.physical_zone
        self.key = b""
        self.phase = "waiting for the key"
        self.sweep, self.completed = 1, 0
        self.progress = at(1, 0, ARRIVED)
        self.partner: Peer | None = None
        self.measuring = False
        self.foreseen: dict[bytes, bytes] = {}
        self.next_row: tuple[Peer, int, int]
        self.news = threading.Condition()
        self.channel: Channel
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp, self.http = socket.socket(), socket.socket()

    def wall(self) -> float:
        """This machine's idea of the time, in seconds since 1970."""
        return time.time() + self.config.clock_offset_seconds

    def listen(self) -> None:
        """Take the ports; OSError where one is not to be had."""
        address, port = self.config.address, self.config.port
        self.udp.bind((address, port))
        for listener, number in ((self.http, port), (self.tcp, port + 1)):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, number))
            listener.listen(16)

    def run(self) -> None:
        """Wait for the key, measure, and then stay for those who ask; never returns."""
        start(accept, self.tcp)
        start(serve, self, self.http)
        start(self._find_physical_zone)
        self.key = wait_for_key(self.config.key_file)
        self.channel = Channel(self.key, self.names, self.config.name, int(self.wall() * 1e9))
        start(self._respond)
        start(self._resolve)
        self._gather()
        while not 0 < self.config.sweeps < self.sweep:
            began = time.monotonic()
            self._walk()
            self._rest(began + self.config.interval_seconds)
        self.phase = "done"
        threading.Event().wait()

    def health(self) -> dict[str, object]:
        return {
            **{key: getattr(self.config, key) for key in ("site", "cloud", "zone")},
            "uptime_seconds": round(time.monotonic() - self.started, 1),
            "sweep": self.sweep,
            "phase": self.phase,
        }

    def results(self) -> dict[str, object]:
        """Everything that is known, as `GET /results` hands it out; times in microseconds."""
        return {
            "version": 1,
            **self.health(),
            "physical_zone": self.physical_zone,
            "time": self.wall(),
            "completed": self.completed,
            "emulated": bool(self.config.emulated_ms),
            "samples": self.config.samples,
            "peers": {
                peer.name: {"heard": peer.heard > 0, "sweeps": list(peer.sweeps)}
                for peer in self.peers.values()
            },
        }

    # The responder thread: answers at once, or when the emulated distance is behind it.

    def _respond(self) -> None:
        due: list[tuple[int, bytes, Address]] = []
        receive, send = self.udp.recvfrom, self.udp.sendto
        while True:
            if due and not self._deliver(due):
                continue
            try:
                data, source = receive(256)
                pong = self.foreseen.pop(data, None)
                if pong is not None:
                    send(pong, source)
            except OSError:
                continue  # an earlier answer found nobody, or there is no way back
            if pong is not None:
                if not self.foreseen:
                    self._foresee(*self.next_row)
                continue
            arrived = time.perf_counter_ns()
            packet = self._admit(data, source)
            if packet is None:
                continue
            kind, peer, sequence, progress = packet
            if kind == ASK:
                self._send(self._seal(NEWS, peer, sequence), source)
            elif kind == PING and self._turn(peer, progress):
                pong = self._seal(PONG, peer, sequence)
                if peer.delay_ns:
                    heapq.heappush(due, (arrived + peer.delay_ns, pong, source))
                else:
                    self._send(pong, source)
                    self._foresee(peer, sequence + 1, progress)

    def _deliver(self, due: list[tuple[int, bytes, Address]]) -> bool:
        """Send what is due; True where a packet came in before."""
        wait = (due[0][0] - time.perf_counter_ns()) / 1e9
        if wait > 0:
            return bool(select.select([self.udp], [], [], wait)[0])
        _, pong, source = heapq.heappop(due)
        self._send(pong, source)
        return False

    def _admit(self, data: bytes, source: Address) -> tuple[bytes, Peer, int, int] | None:
        """Kind, sender, sequence and progress of a packet that is authentic and new."""
        packet = self.channel.open(data)
        if packet is None:
            return None
        kind, sender, sequence, _, progress = packet
        peer = self.by_id.get(sender)  # without this agent itself, so nothing can be reflected
        if peer is None:
            return None
        admit = peer.admit_ping if kind == PING else peer.admit
        if not admit(sequence, int(self.wall() * 1e9)):
            return None
        if kind != PING and not self._measures(peer, progress):
            # What is sent outside a measurement is older than its pings, or ends them.
            peer.floor = max(peer.floor, sequence + 1)
        with self.news:
            peer.hear(progress, source)
            self.news.notify_all()
        return kind, peer, sequence, progress

    def _measures(self, peer: Peer, progress: int) -> bool:
        """Whether `peer` is in its step of a meeting when it says so."""
        step = LOWER_MEASURES if peer.name < self.config.name else HIGHER_MEASURES
        return progress & 15 == step

    def _turn(self, peer: Peer, progress: int) -> bool:
        """Whether `peer` may measure now: nobody is in two measurements at once."""
        return peer is self.partner and not self.measuring and progress >> 4 == self.progress >> 4

    def _foresee(self, peer: Peer, first: int, progress: int) -> None:
        """Seal the answers to the next pings of a row, which go out at once then.

        Nothing else happens between such a ping and its answer, so nothing else is measured.
        """
        peer.heard = time.monotonic()
        self.foreseen = {}
        if self._turn(peer, progress):
            end = first + ROW
            for sequence in range(first, end):
                ping = self.channel.seal(PING, peer.id, self.channel.id, sequence, 0, progress)
                self.foreseen[ping] = self._seal(PONG, peer, sequence)
            peer.floor, self.next_row = end, (peer, end, progress)

    def _seal(self, kind: bytes, peer: Peer, echo: int = 0) -> bytes:
        channel = self.channel
        return channel.seal(kind, channel.id, peer.id, channel.take(), echo, self.progress)

    def _send(self, packet: bytes, address: Address) -> None:
        with contextlib.suppress(OSError):  # no route, for instance; whoever waits asks again
            self.udp.sendto(packet, address)

    def _ask(self, peer: Peer) -> None:
        if peer.address is not None:
            self._send(self._seal(ASK, peer), peer.address)

    def _resolve(self) -> None:
        """Look up the addresses of peers that are silent, less and less often."""
        pause = 0.2
        while True:
            for peer in self.peers.values():
                if (peer.lost or peer.address is None) and not self.measuring:
                    peer.resolve()
            time.sleep(pause)
            pause = min(pause * 1.5, 15)

    def _find_physical_zone(self) -> None:
        """Ask the cloud until it says; it may not be ready yet when the machine has just booted."""
        ask = PHYSICAL_ZONE.get(self.config.cloud)
        while ask and not self.physical_zone:
            with contextlib.suppress(OSError, ValueError):
                self.physical_zone = ask(self.config.metadata)
            time.sleep(0 if self.physical_zone else 30)

    # The main thread: the tournament.

    def _advance(self, number: int, step: int, measuring: bool = False) -> None:
        with self.news:
            self.measuring, self.foreseen = measuring, {}
            self.progress = at(self.sweep, number, step)
            self.news.notify_all()

    def _gather(self) -> None:
        """Wait until all peers are up, others have begun, or the deadline has passed."""
        self.phase = "gathering"
        deadline = time.monotonic() + self.config.deadline_seconds
        pause = 0.02
        with self.news:
            while not self._complete() and (left := deadline - time.monotonic()) > 0:
                for peer in self.peers.values():
                    if peer.lost:
                        self._ask(peer)
                self.news.wait_for(self._complete, min(pause, left))
                pause = min(pause * 1.5, 2)
            self.sweep = max([1, *(peer.progress >> 16 for peer in self.peers.values())])
        if self.sweep > 1:
            self._rest(time.monotonic() + self.config.interval_seconds)

    def _complete(self) -> bool:
        return self._begun() or not any(peer.lost for peer in self.peers.values())

    def _begun(self) -> bool:
        return any(peer.progress >= at(self.sweep, 1, 0) for peer in self.peers.values())

    def _rest(self, until: float) -> None:
        """Wait for the time, or until a peer has begun the next sweep."""
        self.phase, self.partner = "resting", None
        self._advance(0, ARRIVED)
        gc.collect()
        if not 0 < self.config.sweeps < self.sweep:
            with self.news:
                self.news.wait_for(self._begun, max(0, until - time.monotonic()))

    def _walk(self) -> None:
        """One sweep: every round in order."""
        self.phase = "measuring"
        for number, name in enumerate(self.partners, 1):
            self.partner = self.peers[name] if name else None
            self._advance(number, ARRIVED)
            for peer in self.peers.values() if number == 1 else ():
                self._ask(peer)  # it tells them that the sweep has begun
            if self.partner:
                self._meet(self.partner, number)
        self.completed += 1
        self.sweep += 1

    def _meet(self, peer: Peer, number: int) -> None:
        """Measure with `peer` in turn, and keep the result."""
        self._ask(peer)
        lower = self.config.name < peer.name
        goal = ARRIVED if lower else HIGHER_MEASURES
        result = None
        if self._reach(peer, number, goal):
            step = LOWER_MEASURES if lower else HIGHER_MEASURES
            self._advance(number, step, measuring=True)
            result = measure(self, peer)
            self._advance(number, HIGHER_MEASURES if lower else PASSED)
            self._ask(peer)  # it is the other's turn
            if lower:
                self._reach(peer, number, PASSED)
        self._advance(number, PASSED)
        if result:
            peer.sweeps.append({"sweep": self.sweep, "at": round(self.wall(), 1), **result})

    def _reach(self, peer: Peer, number: int, step: int) -> bool:
        """Wait for `peer` to come so far; False where it is silent, stuck, or has gone on."""
        began, asked = time.monotonic(), 0.0
        with self.news:
            while peer.progress < at(self.sweep, number, step):
                now = time.monotonic()
                patience = BRIEF if peer.lost else self.config.silence_seconds
                if now - max(peer.heard, began) > patience:
                    peer.lost = True
                    return False
                if now - max(peer.moved, began) > STALL + self.config.samples * LOSS_SECONDS:
                    return False
                if now - max(peer.heard, asked) > POLL:
                    self._ask(peer)
                    asked = now
                self.news.wait(POLL)
            return peer.progress < at(self.sweep, number, PASSED)


# Measuring.


def measure(agent: Agent, peer: Peer) -> dict[str, object] | None:
    """Round trips and TCP connects to `peer`; None where it does not answer."""
    if peer.address is None:
        return None
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.bind((agent.config.address, 0))
            link.connect(peer.address)
            # Cheaper than settimeout, which polls before each call.
            link.setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", LOSS_SECONDS, 0)
            )
            times, lost = ping(agent, peer, link)
    except OSError:
        return None
    if not times:
        return None
    return {**figures(times, lost), "tcp": connects(agent.config, peer.address)}


def ping(agent: Agent, peer: Peer, link: socket.socket) -> tuple[list[int], int]:
    """Round trips in nanoseconds, in order, and how many were lost; none if `peer` went away."""
    channel, config = agent.channel, agent.config
    times: list[int] = []
    lost = missed = 0
    first = channel.take(config.samples)
    for sequence in range(first, first + config.samples):
        packet = channel.seal(PING, channel.id, peer.id, sequence, 0, agent.progress)
        taken = round_trip(channel, peer, link, packet, sequence)
        if taken is None:
            lost, missed = lost + 1, missed + 1
            if missed == LOST_IN_A_ROW:
                return [], lost
        else:
            missed = 0
            times.append(taken)
        if config.settle and settled(times):
            break
        pause(config)
    return times, lost


def pause(config: Config) -> None:
    """Wait before the next ping: awake if it is short, because a processor that slept is slow."""
    if config.pause_ms > 1 or config.emulated_ms:
        time.sleep(config.pause_ms / 1000)
    else:
        until = time.perf_counter() + config.pause_ms / 1000
        while time.perf_counter() < until:
            pass


def round_trip(
    channel: Channel, peer: Peer, link: socket.socket, packet: bytes, sequence: int
) -> int | None:
    """Nanoseconds until the answer to `packet` is here; None where it is lost."""
    begin = time.perf_counter_ns()
    try:
        link.send(packet)
        while True:
            data = link.recv(256)
            end = time.perf_counter_ns()
            answer = channel.open(data)
            if answer and (answer[0], answer[1], answer[3]) == (PONG, peer.id, sequence):
                return end - begin
            if end - begin > LOSS_SECONDS * 10**9:
                return None
    except OSError:  # time is over, or nobody listens there
        return None


def settled(times: list[int]) -> bool:
    """Whether the median will hardly change: its 95 % confidence interval is narrow.

    The interval lies between the order statistics n/2 -+ 1.96 sqrt(n)/2 (binomial, as in Le Boudec,
    Performance Evaluation, 2.2.2); narrow is 2 % of the median or 5 us. Asked every ten samples.
    """
    count = len(times)
    if count < FEWEST_SAMPLES or count % 10:
        return False
    ordered, half = sorted(times), 0.98 * count**0.5
    width = ordered[min(count - 1, int(count / 2 + half))] - ordered[int(count / 2 - half)]
    return width <= max(0.02 * ordered[count // 2], 5000)


def figures(times: list[int], lost: int) -> dict[str, object]:
    """Microseconds: least, nearest-rank percentiles, and jitter.

    Jitter is the mean absolute difference of consecutive round trips (RFC 3550 without smoothing).
    """
    ordered = sorted(times)
    steps = [abs(after - before) for before, after in pairwise(times)]
    ranks = {f"p{rank}": ordered[-(-rank * len(ordered) // 100) - 1] for rank in (50, 90, 99)}
    found = {"min": ordered[0], **ranks, "jitter": sum(steps) / max(1, len(steps))}
    rounded = {key: round(value / 1000, 2) for key, value in found.items()}
    return {"sent": len(times) + lost, "lost": lost, **rounded}


def connects(config: Config, address: Address) -> dict[str, float] | None:
    """Least and median TCP connect time in microseconds; None where none succeeded.

    Not with emulated distances: the kernel answers, and knows nothing of them.
    """
    times = []
    for _ in range(0 if config.emulated_ms else config.tcp_connects):
        with contextlib.suppress(OSError), socket.socket() as connection:
            connection.bind((config.address, 0))
            connection.settimeout(2)
            begin = time.perf_counter_ns()
            connection.connect((address[0], address[1] + 1))
            times.append((time.perf_counter_ns() - begin) / 1000)
    times.sort()
    middle = (len(times) - 1) // 2
    return {"min": round(times[0], 2), "p50": round(times[middle], 2)} if times else None


# What operators and TCP peers reach.


def accept(listening: socket.socket) -> None:
    """Accept and close: peers time their connect()."""
    while True:
        try:
            listening.accept()[0].close()
        except OSError:
            time.sleep(0.1)  # no file descriptors left, for instance


def serve(agent: Agent, listening: socket.socket) -> None:
    """Answer operators, four at a time. Python's own server would cost 3 MB and says too much."""
    service = Service(agent)
    slots = threading.BoundedSemaphore(4)
    while True:
        try:
            connection, source = listening.accept()
        except OSError:
            time.sleep(0.1)
            continue
        if service.knows(source[0]) and slots.acquire(blocking=False):
            start(service.answer, connection, source[0], slots)
        else:
            connection.close()


class Service:
    """The HTTP answers; `nonces` remembers requests for as long as they could be replayed."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.operators = [ipaddress.ip_network(each, False) for each in agent.config.operators]
        self.nonces: dict[str, float] = {}
        self.lock = threading.Lock()

    def knows(self, source: str) -> bool:
        return ipaddress.ip_address(source).is_loopback or self._is_operator(source)

    def answer(self, connection: socket.socket, source: str, slot: threading.Semaphore) -> None:
        """Read one request, answer it, close."""
        try:
            with connection:
                connection.settimeout(3)
                method, path, headers = read_request(connection)
                status, extra, body = self._reply(method, path, headers, source)
                connection.sendall(response(status, extra, body, self.agent.wall()))
        except (OSError, ValueError):
            pass  # gone, slow, or no HTTP: it learns nothing
        finally:
            slot.release()

    def _reply(
        self, method: str, path: str, headers: dict[str, str], source: str
    ) -> tuple[str, str, bytes]:
        if (method, path) == ("GET", "/healthz"):
            return "200 OK", "", json.dumps(self.agent.health()).encode()
        if (method, path) != ("GET", "/results"):
            return "404 Not Found", "", b""
        if not self._is_operator(source) or not self._is_signed(path, headers):
            return "403 Forbidden", "", b""
        with self.agent.news:
            self.agent.news.wait_for(lambda: not self.agent.measuring, 1)
            body = json.dumps(self.agent.results()).encode()
        tag = self._tag(f"{headers[NONCE]}\n".encode() + body)
        return "200 OK", f"{SIGNATURE}: {tag}\r\n", body

    def _is_operator(self, source: str) -> bool:
        address = ipaddress.ip_address(source)
        return any(address in network for network in self.operators)

    def _is_signed(self, path: str, headers: dict[str, str]) -> bool:
        """Whether a request is authentic, for this agent, of these minutes, and new."""
        stamp, nonce = headers.get(TIME, ""), headers.get(NONCE, "")
        text = f"GET\n{path}\n{self.agent.config.name}\n{stamp}\n{nonce}"
        given = headers.get(SIGNATURE, "").encode()
        if not self.agent.key or not hmac.compare_digest(self._tag(text.encode()).encode(), given):
            return False
        now, then = self.agent.wall(), float(stamp)
        with self.lock:
            self.nonces = {key: value for key, value in self.nonces.items() if value > now}
            if not abs(now - then) <= SKEW or nonce in self.nonces or len(self.nonces) >= NONCES:
                return False
            self.nonces[nonce] = then + SKEW
        return True

    def _tag(self, message: bytes) -> str:
        key = hmac.digest(self.agent.key, b"trunkline results 1", "sha256")
        return hmac.digest(key, message, "sha256").hex()


def read_request(connection: socket.socket) -> tuple[str, str, dict[str, str]]:
    """Method, path and headers (lower case) of a request; ValueError for what is none."""
    data, deadline = b"", time.monotonic() + 3
    while b"\r\n\r\n" not in data:
        more = connection.recv(4096)
        data += more
        if not more or len(data) > 4096 or time.monotonic() > deadline:
            raise ValueError("no request")
    first, *lines = data.split(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    return method, path, {name.lower(): value for name, value in headers.items()}


def response(status: str, extra: str, body: bytes, wall: float) -> bytes:
    """An HTTP answer; its Date tells an operator whose clock is off what time it is here."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(wall))
    head = f"HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n{extra}"
    return f"{head}Content-Type: application/json\r\nConnection: close\r\n\r\n".encode() + body


# The clouds' metadata services.


def fetch(place: str, method: str, path: str, headers: str) -> str:
    """The text that an HTTP server answers with status 200; OSError or ValueError without one."""
    host, port = place.split(":")
    with socket.create_connection((host, int(port)), 2) as connection:
        head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n{headers}"
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        data = b""
        while len(data) < 4096 and (more := connection.recv(4096)):
            data += more
    head, body = data.decode().split("\r\n\r\n", 1)
    if head.split(" ")[1] != "200":
        raise ValueError(head)
    return body.strip()


def aws_zone_id(place: str) -> str:
    """`use1-az4`, by IMDSv2."""
    lifetime = "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n"
    token = fetch(place, "PUT", "/latest/api/token", lifetime)
    path = "/latest/meta-data/placement/availability-zone-id"
    return fetch(place, "GET", path, f"X-aws-ec2-metadata-token: {token}\r\n")


def azure_physical_zone(place: str) -> str:
    """`eastus-az1`, as Resource Manager names it; the field came with this version of the service.

    The service itself writes `useast-AZ01`, with another name of the region. That the numbers are
    the same is how both are documented, and nowhere promised.
    """
    path = "/metadata/instance/compute/{}?api-version=2023-11-15&format=text"
    header = "Metadata: true\r\n"
    number = fetch(place, "GET", path.format("physicalZone"), header).lower().rpartition("-az")[2]
    region = fetch(place, "GET", path.format("location"), header)
    return f"{region}-az{int(number)}"


# Google tells nobody.
PHYSICAL_ZONE = {"aws": aws_zone_id, "azure": azure_physical_zone}


def start(function: Callable[..., None], *arguments: object) -> None:
    """Run a function in a thread that does not keep the process alive."""
    threading.Thread(target=function, args=arguments, daemon=True).start()


def wait_for_key(path: str) -> bytes:
    """The 32 bytes that 64 hexadecimal digits in a file stand for, as soon as they are there."""
    while True:
        with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:  # noqa: PTH123
            key = bytes.fromhex(file.read(256).strip())
            if len(key) == 32:
                return key
        time.sleep(0.2)


def crash(arguments: threading.ExceptHookArgs) -> None:
    """End the whole process when one thread fails, so that its supervisor starts it anew."""
    sys.__excepthook__(
        arguments.exc_type, arguments.exc_value or SystemExit(), arguments.exc_traceback
    )
    os._exit(1)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        return complain("usage: agent.py CONFIG.json")
    try:
        with open(arguments[0], encoding="utf-8") as file:  # noqa: PTH123
            config = Config(json.load(file))
    except (OSError, ValueError, RecursionError) as error:
        return complain(f"{arguments[0]}: {error}")
    agent = Agent(config)
    try:
        agent.listen()
    except OSError as error:
        return complain(
            f"cannot listen on {config.address}:{config.port} and the port after it: {error}"
        )
    prepare()
    agent.run()
    return 0


def complain(message: str) -> int:
    """One line for the journal, and the exit code of a mistake."""
    print(message, file=sys.stderr)
    return 2


def prepare() -> None:
    """Set the process up to measure."""
    threading.excepthook = crash
    gc.disable()  # a sweep collects when it is over
    with contextlib.suppress(OSError), open("/proc/self/timerslack_ns", "w") as file:  # noqa: PTH123
        file.write("1")  # Linux rounds sleeps up by 50 us otherwise


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
