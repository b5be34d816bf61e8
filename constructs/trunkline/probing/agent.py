"""The agent of a probe: measures the round trip to every other probe, and serves the results.

Standard library only, in one file: it is part of a machine's user data.
Run it as `python3 -I agent.py CONFIG.json`.

UDP `port` carries packets of 60 bytes between agents, big-endian: `TL1` and the kind, the ids of
sender and receiver, the sequence number, that of the packet that it answers, the sender's progress,
and 16 bytes of HMAC-SHA256. The key is derived from the shared key and the names of all zones, so
agents of another topology cannot take part. Kinds: `?` requests the receiver's progress, `!` is the
response, `>` is a ping, `<` its response. An agent answers and records a packet only if it is
authentic, for this agent, and newer than earlier packets of its sender. A sequence number is the
time of the agent's start in nanoseconds since 1970 plus its monotonic clock since. The first
sequence number of a sender must be within an hour of the receiver's clock; clocks are not compared
otherwise.

A sweep is a round-robin tournament (circle method) that each agent goes through by itself. Its
progress is one number: sweep, round, step of the meeting. In a meeting the agent with the lower
name measures first (step 1), then the other (step 2), then it is over (step 3). An agent waits for
a partner that responds and has less progress, and goes on if the partner is silent or has already
gone on. The agent with the least progress never waits for one with more, so there is no deadlock.

TCP `port` + 1 accepts and closes connections: other agents time their connect(). TCP `port` is for
operators: `GET /healthz`, and `GET /results`, which needs a signature.
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
import re
import select
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Any

QUERY, STATUS, PING, PONG = b"TL1?", b"TL1!", b"TL1>", b"TL1<"
PACKET = struct.Struct("!4s8s8sQQQ")
TAG = 16
WINDOW = 32  # packets of one sender that may overtake one another
HOUR = 3600 * 10**9
SKEW = 15 * 60  # seconds that an operator's clock may be off
NONCES = 4096
PREPARED = 16  # pings whose responses are sealed in advance
KEPT_SWEEPS = 24
POLL = 0.25  # seconds; agents announce progress, so polling only replaces lost packets
SHORT_SILENCE = 0.5  # seconds to wait for a peer that was silent before
STALL = 120.0  # seconds beyond a measurement to wait for a peer without progress
LOSS_SECONDS = 1
LOST_IN_A_ROW = 5  # lost pings after which a measurement ends
FEWEST_SAMPLES = 50
TIME, NONCE, SIGNATURE = "x-trunkline-time", "x-trunkline-nonce", "x-trunkline-signature"

Address = tuple[str, int]


class Config:
    """The content of CONFIG.json, checked; ValueError names the key that is wrong."""

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
    metadata: dict[str, Any] | None
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
        names = [zone_name(peer) for peer in self.peers]
        if self.name not in names or len(set(names)) != len(names):
            raise ValueError(f"peers must name every zone once, {self.name} included")
        if self.emulated_ms and not ipaddress.ip_network(self.address, False).is_loopback:
            raise ValueError("emulated_ms is for an address of loopback only")

    @property
    def name(self) -> str:
        return f"{self.site}/{self.zone}"


def zone_name(peer: dict[str, str]) -> str:
    return f"{peer['site']}/{peer['zone']}"


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


def _request(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"method", "path", "headers", "pattern"}
        and all(_text(value[key]) for key in ("method", "path", "pattern"))
        and isinstance(value["headers"], dict)
        and all(map(_text, value["headers"].values()))
    )


def _metadata(value: object) -> bool:
    return value is None or (
        isinstance(value, dict)
        and value.keys() == {"address", "requests", "physical_zone"}
        and _text(value["address"])
        and _list(_request)(value["requests"])
        and _text(value["physical_zone"])
    )


# Key: default (None for a required key, which the check refuses), check, and what it must be.
FIELDS: dict[str, tuple[object, Callable[[object], bool], str]] = {
    "version": (None, lambda value: value == 1, "1"),
    "site": (None, _text, "a name"),
    "cloud": (None, _text, "a name"),
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
    "metadata": (None, _metadata, "null or {address, requests, physical_zone}"),
    "clock_offset_seconds": (0, _number(-(10**7)), "seconds"),
}


class Channel:
    """Seals and opens packets; its sequence numbers only grow."""

    def __init__(self, key: bytes, names: list[str], name: str, wall_ns: int) -> None:
        secret = hmac.digest(key, "\n".join(["trunkline probe 1", *names]).encode(), "sha256")
        # Both halves of HMAC, computed once and copied: twice as fast as hmac.digest.
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in secret.ljust(64, b"\0")))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in secret.ljust(64, b"\0")))
        self.id = identity(name)
        self._base = wall_ns - time.monotonic_ns()
        self._last = 0
        self._lock = threading.Lock()

    def take(self, count: int = 1) -> int:
        """Reserve `count` consecutive sequence numbers, and return the first."""
        with self._lock:
            first = max(self._last + 1, self._base + time.monotonic_ns())
            self._last = first + count - 1
            return first

    def seal(
        self, kind: bytes, sender: bytes, receiver: bytes, sequence: int, echo: int, progress: int
    ) -> bytes:
        """A packet with its HMAC."""
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
    """The 8 bytes that identify a zone in packets."""
    return hashlib.sha256(name.encode()).digest()[:8]


class PeerState:
    """The state of another agent: its address, its last packets, and what was measured."""

    def __init__(self, entry: dict[str, str], port: int, delays_ms: dict[str, float]) -> None:
        self.name = zone_name(entry)
        self.id = identity(self.name)
        self.host, self.port = entry["host"], int(entry.get("port", port))
        self.delay_ns = int(delays_ms.get(self.name, 0) * 1e6)
        self.address: Address | None = None
        self.progress = 0
        self.last_packet = self.last_progress = 0.0
        self.silent = True
        self.sweeps: deque[dict[str, object]] = deque(maxlen=KEPT_SWEEPS)
        self.floor = 0  # pings below it get no response, except a prepared one, once
        self._recent: list[int] = []

    def is_new(self, sequence: int, wall_ns: int) -> bool:
        """Whether a query or status with this sequence number is new; records the number."""
        recent = self._recent
        if not recent:
            if not self._is_later(sequence, wall_ns):
                return False
        elif sequence <= recent[0] or sequence in recent:
            return False
        (heapq.heappush if len(recent) < WINDOW else heapq.heappushpop)(recent, sequence)
        self.floor = self.floor or sequence
        return True

    def is_new_ping(self, sequence: int, wall_ns: int) -> bool:
        """Whether a ping is newer than every ping before it, and not below the floor.

        The window does not apply: the pings of a measurement have sequence numbers from its start,
        and a status that is sent meanwhile has a later one.
        """
        if not self._is_later(sequence, wall_ns):
            return False
        self.floor = sequence + 1
        return True

    def _is_later(self, sequence: int, wall_ns: int) -> bool:
        return sequence >= self.floor if self.floor else abs(sequence - wall_ns) <= HOUR

    def record(self, progress: int, source: Address) -> None:
        """Record an authentic packet."""
        self.last_packet, self.silent = time.monotonic(), False
        if progress != self.progress:
            self.progress, self.last_progress = progress, self.last_packet
        if self.address is None and source[1] == self.port:
            self.address = source  # DNS has it later, or never

    def resolve(self) -> None:
        """Look up the address; if that fails, the last one is kept."""
        with contextlib.suppress(OSError, UnicodeError):
            found = socket.getaddrinfo(self.host, self.port, socket.AF_INET, socket.SOCK_DGRAM)
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


def progress_at(sweep: int, number: int, step: int) -> int:
    """Progress as one number that grows."""
    return sweep << 16 | number << 4 | step


ARRIVED, LOWER_MEASURES, HIGHER_MEASURES, PASSED = range(4)


class ProbeAgent:
    """The state of an agent, and the threads that work on it.

    The responder thread updates peers under `changed`, and the main thread waits for it.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.started = time.monotonic()
        self.names = sorted(map(zone_name, config.peers))
        peers = [PeerState(entry, config.port, config.emulated_ms or {}) for entry in config.peers]
        self.peers = {peer.name: peer for peer in peers if peer.name != config.name}
        self.by_id = {peer.id: peer for peer in self.peers.values()}
        self.partners = rounds(self.names, config.name)
        self.physical_zone = config.physical_zone
        self.key = b""
        self.phase = "waiting for the key"
        self.sweep, self.completed = 1, 0
        self.progress = progress_at(1, 0, ARRIVED)
        self.partner: PeerState | None = None
        self.measuring = False
        self.prepared: dict[bytes, bytes] = {}
        self.to_prepare: tuple[PeerState, int, int]
        self.changed = threading.Condition()
        self.channel: Channel
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp, self.http = socket.socket(), socket.socket()

    def wall(self) -> float:
        """The time by this machine's clock, in seconds since 1970."""
        return time.time() + self.config.clock_offset_seconds

    def listen(self) -> None:
        """Bind the ports; OSError if one is not free."""
        address, port = self.config.address, self.config.port
        self.udp.bind((address, port))
        for listener, number in ((self.http, port), (self.tcp, port + 1)):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, number))
            listener.listen(16)

    def run(self) -> None:
        """Wait for the key, measure, and then only serve the results; never returns."""
        start(accept, self.tcp)
        start(serve, self, self.http)
        start(self._find_physical_zone)
        self.key = wait_for_key(self.config.key_file)
        self.channel = Channel(self.key, self.names, self.config.name, int(self.wall() * 1e9))
        start(self._respond)
        start(self._resolve)
        self._await_peers()
        while not 0 < self.config.sweeps < self.sweep:
            began = time.monotonic()
            self._run_sweep()
            self._rest(began + self.config.interval_seconds)
        self.phase = "done"
        threading.Event().wait()

    def health(self) -> dict[str, object]:
        """What `GET /healthz` returns."""
        return {
            **{key: getattr(self.config, key) for key in ("site", "cloud", "zone")},
            "uptime_seconds": round(time.monotonic() - self.started, 1),
            "sweep": self.sweep,
            "phase": self.phase,
        }

    def results(self) -> dict[str, object]:
        """What `GET /results` returns: everything that is known; times in microseconds."""
        return {
            "version": 1,
            **self.health(),
            "physical_zone": self.physical_zone,
            "time": self.wall(),
            "completed": self.completed,
            "emulated": bool(self.config.emulated_ms),
            "samples": self.config.samples,
            "peers": {
                peer.name: {"heard": peer.last_packet > 0, "sweeps": list(peer.sweeps)}
                for peer in self.peers.values()
            },
        }

    # The responder thread: responds at once, or after the emulated latency.

    def _respond(self) -> None:
        due: list[tuple[int, bytes, Address]] = []
        receive, send = self.udp.recvfrom, self.udp.sendto
        while True:
            if due and not self._send_due(due):
                continue
            try:
                data, source = receive(256)
                pong = self.prepared.pop(data, None)
                if pong is not None:
                    send(pong, source)
            except OSError:
                continue  # an earlier packet was refused, or there is no route back
            if pong is not None:
                if not self.prepared:
                    self._prepare(*self.to_prepare)
                continue
            arrived = time.perf_counter_ns()
            packet = self._accept(data, source)
            if packet is None:
                continue
            kind, peer, sequence, progress = packet
            if kind == QUERY:
                self._send(self._seal(STATUS, peer, sequence), source)
            elif kind == PING and self._may_measure(peer, progress):
                pong = self._seal(PONG, peer, sequence)
                if peer.delay_ns:
                    heapq.heappush(due, (arrived + peer.delay_ns, pong, source))
                else:
                    self._send(pong, source)
                    self._prepare(peer, sequence + 1, progress)

    def _send_due(self, due: list[tuple[int, bytes, Address]]) -> bool:
        """Send the next response when it is due; True if a packet arrived before that."""
        wait = (due[0][0] - time.perf_counter_ns()) / 1e9
        if wait > 0:
            return bool(select.select([self.udp], [], [], wait)[0])
        _, pong, source = heapq.heappop(due)
        self._send(pong, source)
        return False

    def _accept(self, data: bytes, source: Address) -> tuple[bytes, PeerState, int, int] | None:
        """Kind, sender, sequence and progress of a packet that is authentic and new."""
        packet = self.channel.open(data)
        if packet is None:
            return None
        kind, sender, sequence, _, progress = packet
        peer = self.by_id.get(sender)  # not this agent itself: its own packets are not reflected
        if peer is None:
            return None
        is_new = peer.is_new_ping if kind == PING else peer.is_new
        if not is_new(sequence, int(self.wall() * 1e9)):
            return None
        if kind != PING and not self._is_measuring(peer, progress):
            # A packet outside a measurement is older than the pings of the next one, or ends them.
            peer.floor = max(peer.floor, sequence + 1)
        with self.changed:
            peer.record(progress, source)
            self.changed.notify_all()
        return kind, peer, sequence, progress

    def _is_measuring(self, peer: PeerState, progress: int) -> bool:
        """Whether this is the progress of `peer` in its step of a meeting."""
        step = LOWER_MEASURES if peer.name < self.config.name else HIGHER_MEASURES
        return progress & 15 == step

    def _may_measure(self, peer: PeerState, progress: int) -> bool:
        """Whether `peer` may measure now: an agent takes part in one measurement at a time."""
        return peer is self.partner and not self.measuring and progress >> 4 == self.progress >> 4

    def _prepare(self, peer: PeerState, first: int, progress: int) -> None:
        """Seal the responses to the next pings, so that they are sent without delay.

        The time to seal a response is then not part of the measured round trip.
        """
        peer.last_packet = time.monotonic()
        self.prepared = {}
        if self._may_measure(peer, progress):
            end = first + PREPARED
            for sequence in range(first, end):
                ping = self.channel.seal(PING, peer.id, self.channel.id, sequence, 0, progress)
                self.prepared[ping] = self._seal(PONG, peer, sequence)
            peer.floor, self.to_prepare = end, (peer, end, progress)

    def _seal(self, kind: bytes, peer: PeerState, echo: int = 0) -> bytes:
        channel = self.channel
        return channel.seal(kind, channel.id, peer.id, channel.take(), echo, self.progress)

    def _send(self, packet: bytes, address: Address) -> None:
        with contextlib.suppress(OSError):  # such as no route; an agent that waits queries again
            self.udp.sendto(packet, address)

    def _query(self, peer: PeerState) -> None:
        if peer.address is not None:
            self._send(self._seal(QUERY, peer), peer.address)

    def _resolve(self) -> None:
        """Look up the addresses of silent peers, at growing intervals."""
        pause = 0.2
        while True:
            for peer in self.peers.values():
                if (peer.silent or peer.address is None) and not self.measuring:
                    peer.resolve()
            time.sleep(pause)
            pause = min(pause * 1.5, 15)

    def _find_physical_zone(self) -> None:
        """Query the cloud until it responds; just after boot it may not be ready."""
        query = self.config.metadata
        while query and not self.physical_zone:
            with contextlib.suppress(OSError, ValueError):
                self.physical_zone = find_physical_zone(query)
            time.sleep(0 if self.physical_zone else 30)

    # The main thread: the tournament.

    def _advance(self, number: int, step: int, measuring: bool = False) -> None:
        with self.changed:
            self.measuring, self.prepared = measuring, {}
            self.progress = progress_at(self.sweep, number, step)
            self.changed.notify_all()

    def _await_peers(self) -> None:
        """Wait until all peers are up, others have begun, or the deadline has passed."""
        self.phase = "gathering"
        deadline = time.monotonic() + self.config.deadline_seconds
        pause = 0.02
        with self.changed:
            while not self._can_begin() and (left := deadline - time.monotonic()) > 0:
                for peer in self.peers.values():
                    if peer.silent:
                        self._query(peer)
                self.changed.wait_for(self._can_begin, min(pause, left))
                pause = min(pause * 1.5, 2)
            self.sweep = max([1, *(peer.progress >> 16 for peer in self.peers.values())])
        if self.sweep > 1:
            self._rest(time.monotonic() + self.config.interval_seconds)

    def _can_begin(self) -> bool:
        return self._has_begun() or not any(peer.silent for peer in self.peers.values())

    def _has_begun(self) -> bool:
        begun = progress_at(self.sweep, 1, 0)
        return any(peer.progress >= begun for peer in self.peers.values())

    def _rest(self, until: float) -> None:
        """Wait until the time, or until a peer has begun the next sweep."""
        self.phase, self.partner = "resting", None
        self._advance(0, ARRIVED)
        gc.collect()
        if not 0 < self.config.sweeps < self.sweep:
            with self.changed:
                self.changed.wait_for(self._has_begun, max(0, until - time.monotonic()))

    def _run_sweep(self) -> None:
        """One sweep: every round in order."""
        self.phase = "measuring"
        for number, name in enumerate(self.partners, 1):
            self.partner = self.peers[name] if name else None
            self._advance(number, ARRIVED)
            for peer in self.peers.values() if number == 1 else ():
                self._query(peer)  # announces that the sweep has begun
            if self.partner:
                self._meet(self.partner, number)
        self.completed += 1
        self.sweep += 1

    def _meet(self, peer: PeerState, number: int) -> None:
        """Measure with `peer` in turn, and keep the result."""
        self._query(peer)
        lower = self.config.name < peer.name
        goal = ARRIVED if lower else HIGHER_MEASURES
        result = None
        if self._await(peer, number, goal):
            step = LOWER_MEASURES if lower else HIGHER_MEASURES
            self._advance(number, step, measuring=True)
            result = measure(self, peer)
            self._advance(number, HIGHER_MEASURES if lower else PASSED)
            self._query(peer)  # announces that it is the peer's turn
            if lower:
                self._await(peer, number, PASSED)
        self._advance(number, PASSED)
        if result:
            peer.sweeps.append({"sweep": self.sweep, "at": round(self.wall(), 1), **result})

    def _await(self, peer: PeerState, number: int, step: int) -> bool:
        """Wait until `peer` is at this step; False if it is silent, stalls, or has gone on."""
        began, queried = time.monotonic(), 0.0
        with self.changed:
            while peer.progress < progress_at(self.sweep, number, step):
                now = time.monotonic()
                patience = SHORT_SILENCE if peer.silent else self.config.silence_seconds
                if now - max(peer.last_packet, began) > patience:
                    peer.silent = True
                    return False
                stall = STALL + self.config.samples * LOSS_SECONDS
                if now - max(peer.last_progress, began) > stall:
                    return False
                if now - max(peer.last_packet, queried) > POLL:
                    self._query(peer)
                    queried = now
                self.changed.wait(POLL)
            return peer.progress < progress_at(self.sweep, number, PASSED)


# Measuring.


def measure(agent: ProbeAgent, peer: PeerState) -> dict[str, object] | None:
    """Round trips and TCP connects to `peer`; None if it does not respond."""
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


def ping(agent: ProbeAgent, peer: PeerState, link: socket.socket) -> tuple[list[int], int]:
    """Round trips in nanoseconds, in order, and the number lost; none if `peer` has gone away."""
    channel, config = agent.channel, agent.config
    times: list[int] = []
    lost = lost_in_a_row = 0
    first = channel.take(config.samples)
    for sequence in range(first, first + config.samples):
        packet = channel.seal(PING, channel.id, peer.id, sequence, 0, agent.progress)
        taken = round_trip(channel, peer, link, packet, sequence)
        if taken is None:
            lost, lost_in_a_row = lost + 1, lost_in_a_row + 1
            if lost_in_a_row == LOST_IN_A_ROW:
                return [], lost
        else:
            lost_in_a_row = 0
            times.append(taken)
        if config.settle and settled(times):
            break
        pause(config)
    return times, lost


def pause(config: Config) -> None:
    """Wait before the next ping. A short wait is busy: a processor that has slept is slow."""
    if config.pause_ms > 1 or config.emulated_ms:
        time.sleep(config.pause_ms / 1000)
    else:
        until = time.perf_counter() + config.pause_ms / 1000
        while time.perf_counter() < until:
            pass


def round_trip(
    channel: Channel, peer: PeerState, link: socket.socket, packet: bytes, sequence: int
) -> int | None:
    """Nanoseconds from sending `packet` to its response; None if it is lost."""
    begin = time.perf_counter_ns()
    try:
        link.send(packet)
        while True:
            data = link.recv(256)
            end = time.perf_counter_ns()
            response = channel.open(data)
            if response and (response[0], response[1], response[3]) == (PONG, peer.id, sequence):
                return end - begin
            if end - begin > LOSS_SECONDS * 10**9:
                return None
    except OSError:  # a timeout, or the port is closed
        return None


def settled(times: list[int]) -> bool:
    """Whether the median is known well enough: its 95 % confidence interval is narrow.

    The interval lies between the order statistics n/2 -+ 1.96 sqrt(n)/2 (binomial, as in Le Boudec,
    Performance Evaluation, 2.2.2). Narrow is 2 % of the median or 5 us. Checked every ten samples.
    """
    count = len(times)
    if count < FEWEST_SAMPLES or count % 10:
        return False
    ordered, half = sorted(times), 0.98 * count**0.5
    width = ordered[min(count - 1, int(count / 2 + half))] - ordered[int(count / 2 - half)]
    return width <= max(0.02 * ordered[count // 2], 5000)


def figures(times: list[int], lost: int) -> dict[str, object]:
    """Microseconds: minimum, nearest-rank percentiles, and jitter.

    Jitter is the mean absolute difference of consecutive round trips (RFC 3550 without smoothing).
    """
    ordered = sorted(times)
    steps = [abs(after - before) for before, after in pairwise(times)]
    ranks = {f"p{rank}": ordered[-(-rank * len(ordered) // 100) - 1] for rank in (50, 90, 99)}
    found = {"min": ordered[0], **ranks, "jitter": sum(steps) / max(1, len(steps))}
    rounded = {key: round(value / 1000, 2) for key, value in found.items()}
    return {"sent": len(times) + lost, "lost": lost, **rounded}


def connects(config: Config, address: Address) -> dict[str, float] | None:
    """Minimum and median TCP connect time in microseconds; None if all failed.

    Not with emulated latencies: the kernel answers a connect, without the emulated delay.
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


# The TCP servers.


def accept(listening: socket.socket) -> None:
    """Accept and close: other agents time their connect()."""
    while True:
        try:
            listening.accept()[0].close()
        except OSError:
            time.sleep(0.1)  # such as no file descriptors left


def serve(agent: ProbeAgent, listening: socket.socket) -> None:
    """Serve operators, four at a time. http.server would take 3 MB and send its version."""
    service = ProbeService(agent)
    slots = threading.BoundedSemaphore(4)
    while True:
        try:
            connection, source = listening.accept()
        except OSError:
            time.sleep(0.1)
            continue
        if service.is_allowed(source[0]) and slots.acquire(blocking=False):
            start(service.handle, connection, source[0], slots)
        else:
            connection.close()


class ProbeService:
    """The HTTP responses; `nonces` holds requests for as long as they could be replayed."""

    def __init__(self, agent: ProbeAgent) -> None:
        self.agent = agent
        self.operators = [ipaddress.ip_network(each, False) for each in agent.config.operators]
        self.nonces: dict[str, float] = {}
        self.lock = threading.Lock()

    def is_allowed(self, source: str) -> bool:
        """Whether a client may connect at all."""
        return ipaddress.ip_address(source).is_loopback or self._is_operator(source)

    def handle(self, connection: socket.socket, source: str, slot: threading.Semaphore) -> None:
        """Read one request, respond, close."""
        try:
            with connection:
                connection.settimeout(3)
                method, path, headers = read_request(connection)
                status, extra, body = self._respond(method, path, headers, source)
                connection.sendall(response(status, extra, body, self.agent.wall()))
        except (OSError, ValueError):
            pass  # gone, slow, or not HTTP: no response
        finally:
            slot.release()

    def _respond(
        self, method: str, path: str, headers: dict[str, str], source: str
    ) -> tuple[str, str, bytes]:
        if (method, path) == ("GET", "/healthz"):
            return "200 OK", "", json.dumps(self.agent.health()).encode()
        if (method, path) != ("GET", "/results"):
            return "404 Not Found", "", b""
        if not self._is_operator(source) or not self._is_signed(path, headers):
            return "403 Forbidden", "", b""
        if not self._is_new(headers):
            return "403 Forbidden", self._signed_time(headers[NONCE]), b""
        with self.agent.changed:
            self.agent.changed.wait_for(lambda: not self.agent.measuring, 1)
            body = json.dumps(self.agent.results()).encode()
        tag = self._tag(f"{headers[NONCE]}\n".encode() + body)
        return "200 OK", f"{SIGNATURE}: {tag}\r\n", body

    def _is_operator(self, source: str) -> bool:
        address = ipaddress.ip_address(source)
        return any(address in network for network in self.operators)

    def _is_signed(self, path: str, headers: dict[str, str]) -> bool:
        """Whether a request is authentic, and for this agent."""
        stamp, nonce = headers.get(TIME, ""), headers.get(NONCE, "")
        text = f"GET\n{path}\n{self.agent.config.name}\n{stamp}\n{nonce}"
        given = headers.get(SIGNATURE, "").encode()
        tag = self._tag(text.encode()).encode()
        return bool(self.agent.key) and hmac.compare_digest(tag, given)

    def _is_new(self, headers: dict[str, str]) -> bool:
        """Whether an authentic request is recent, and did not come before."""
        nonce = headers[NONCE]
        now, then = self.agent.wall(), float(headers[TIME])
        with self.lock:
            self.nonces = {key: value for key, value in self.nonces.items() if value > now}
            if not abs(now - then) <= SKEW or nonce in self.nonces or len(self.nonces) >= NONCES:
                return False
            self.nonces[nonce] = then + SKEW
        return True

    def _signed_time(self, nonce: str) -> str:
        """This agent's time, as headers: an operator whose clock is off signs again with it."""
        stamp = f"{self.agent.wall():.3f}"
        tag = self._tag(f"refused\n{nonce}\n{stamp}".encode())
        return f"{TIME}: {stamp}\r\n{SIGNATURE}: {tag}\r\n"

    def _tag(self, message: bytes) -> str:
        key = hmac.digest(self.agent.key, b"trunkline results 1", "sha256")
        return hmac.digest(key, message, "sha256").hex()


def read_request(connection: socket.socket) -> tuple[str, str, dict[str, str]]:
    """Method, path and headers (lower case) of a request; ValueError if it is not valid."""
    data, deadline = b"", time.monotonic() + 3
    while b"\r\n\r\n" not in data:
        more = connection.recv(4096)
        data += more
        if not more or len(data) > 4096 or time.monotonic() > deadline:
            raise ValueError("not a valid request")
    first, *lines = data.split(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    return method, path, {name.lower(): value for name, value in headers.items()}


def response(status: str, extra: str, body: bytes, wall: float) -> bytes:
    """An HTTP response, after which the connection is closed."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(wall))
    head = f"HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n{extra}"
    return f"{head}Content-Type: application/json\r\nConnection: close\r\n\r\n".encode() + body


# The cloud's metadata service.


def find_physical_zone(query: dict[str, Any]) -> str:
    """The physical zone, by the requests of the configuration; OSError or ValueError if one fails.

    The groups that a pattern matches are used in the headers of later requests and in the result.
    """
    found: dict[str, str] = {}
    for request in query["requests"]:
        headers = "".join(
            f"{name}: {value.format_map(found)}\r\n" for name, value in request["headers"].items()
        )
        text = fetch(query["address"], request["method"], request["path"], headers)
        match = re.fullmatch(request["pattern"], text)
        if match is None:
            raise ValueError(f"{request['path']} answered {text!r}")
        found.update(match.groupdict())
    return str(query["physical_zone"].format_map(found))


def fetch(server: str, method: str, path: str, headers: str) -> str:
    """The body of an HTTP response with status 200; OSError or ValueError for any other."""
    host, port = server.split(":")
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


def start(function: Callable[..., None], *arguments: object) -> None:
    """Run a function in a thread that does not keep the process alive."""
    threading.Thread(target=function, args=arguments, daemon=True).start()


def wait_for_key(path: str) -> bytes:
    """The 32 bytes of the key in a file, 64 hexadecimal digits, as soon as they are there."""
    while True:
        with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:  # noqa: PTH123
            key = bytes.fromhex(file.read(256).strip())
            if len(key) == 32:
                return key
        time.sleep(0.2)


def exit_process(arguments: threading.ExceptHookArgs) -> None:
    """End the whole process if a thread fails, so that its supervisor restarts it."""
    sys.__excepthook__(
        arguments.exc_type, arguments.exc_value or SystemExit(), arguments.exc_traceback
    )
    os._exit(1)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        return report_error("usage: agent.py CONFIG.json")
    try:
        with open(arguments[0], encoding="utf-8") as file:  # noqa: PTH123
            config = Config(json.load(file))
    except (OSError, ValueError, RecursionError) as error:
        return report_error(f"{arguments[0]}: {error}")
    agent = ProbeAgent(config)
    try:
        agent.listen()
    except OSError as error:
        return report_error(
            f"cannot listen on {config.address}:{config.port} and the port after it: {error}"
        )
    set_up_process()
    agent.run()
    return 0


def report_error(message: str) -> int:
    """Print one line to stderr, and return the exit code of a mistake in the input."""
    print(message, file=sys.stderr)
    return 2


def set_up_process() -> None:
    """Set the process up to measure."""
    threading.excepthook = exit_process
    gc.disable()  # collected after each sweep
    with contextlib.suppress(OSError), open("/proc/self/timerslack_ns", "w") as file:  # noqa: PTH123
        file.write("1")  # Linux rounds sleeps up by 50 us otherwise


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
    sys.exit(130)
