"""Requests of HTTP/1 and HTTP/2 that are nearly right: seeds, changed at random places."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from trunkline.model import EDGE_KEY_HEADER

PREFIX = "/api/v5"
UNKNOWN = "no-key"  # in the paths of requests without the right key

PATHS = (
    *[f"{PREFIX}/orders"] * 8, f"{PREFIX}?q=1", f"{PREFIX}/../secret", f"{PREFIX}/%2e%2e/secret",
    f"{PREFIX}%2f..%2fsecret", "//api//v5/..;/secret", f"{PREFIX}/..%5csecret", "/secret",
    f"{PREFIX}0/x", f"/secret/..{PREFIX}", f"{PREFIX}/a%00b", f"{PREFIX}#/secret", "*", "/healthz",
    "http://another.example/secret", f"{PREFIX}/{'x' * 3000}", "/livez", f"{PREFIX}\\..\\secret",
)  # fmt: skip
METHODS = (
    "GET",
    "GET",
    "GET",
    "POST",
    "PUT",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "get",
    "G\x00",
)
HEADERS = (
    "Transfer-Encoding: chunked", "Transfer-Encoding: chunked, identity", "Content-Length: 0",
    "Content-Length: -1", "Content-Length: 5", "Transfer-Encoding : chunked", "X_Y: 1",
    "Forwarded: for=1.2.3.4", "X-Original-URL: /secret", "X-Rewrite-URL: /secret",
    "X-Forwarded-For: 1.2.3.4, 5.6.7.8", "Connection: close, x-real-ip", "Expect: 100-continue",
    "Upgrade: websocket", f"{EDGE_KEY_HEADER}: ", "Host: another.example", "Range: bytes=0-",
    "trunkline-site: another", "Cookie: " + "c" * 9000, "A: b\r\n c", "\x00: 1", "Trailer: x",
)  # fmt: skip
BODIES = (b"", b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"ZZ\r\nhello\r\n", b"5\r\nhel")


def http1(source: random.Random, host: str, key: str | None) -> bytes:
    """A request; without a key its path says so, and it carries another."""
    path = source.choice(PATHS)
    if key is None:
        path = f"{PREFIX}/{UNKNOWN}/{source.randrange(1000)}"
    shown = key or "0" * 64
    lines = [f"{source.choice(METHODS)} {path} HTTP/1.1", f"Host: {host}"]
    lines.append(f"{EDGE_KEY_HEADER}: {shown}")
    lines += source.sample(HEADERS, source.randrange(4))
    if source.random() < 0.2:
        source.shuffle(lines)
    request = "\r\n".join([*lines, "", ""]).encode("latin-1") + source.choice(BODIES)
    return _changed(source, request)


def http2(source: random.Random, host: str, key: str | None) -> bytes:
    """A connection with one request, in frames (RFC 9113); its headers are literals (RFC 7541)."""
    path = source.choice(PATHS) if key else f"{PREFIX}/{UNKNOWN}/{source.randrange(1000)}"
    fields = [
        (":method", source.choice(METHODS)), (":scheme", "http"), (":path", path),
        (":authority", host), (EDGE_KEY_HEADER, key or "0" * 64),
        *((name.lower(), value.strip()) for name, _, value in
          (each.partition(":") for each in source.sample(HEADERS, source.randrange(3)))),
    ]  # fmt: skip
    if source.random() < 0.2:
        source.shuffle(fields)
    block = b"".join(_literal(name) + _string(value) for name, value in fields)
    body = source.choice(BODIES)
    headers = _frame(1, 0x4 | (0 if body else 0x1), 1, block)
    data = _frame(0, 0x1, 1, body) if body else b""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _frame(4, 0, 0, b"")
    return preface + _changed(source, headers + data)


def _literal(name: str) -> bytes:
    return b"\x10" + _string(name)


def _string(text: str) -> bytes:
    raw = text.encode("latin-1")
    return _integer(len(raw)) + raw


def _integer(value: int) -> bytes:
    """An integer with a prefix of seven bits (RFC 7541, 5.1)."""
    if value < 127:
        return bytes([value])
    encoded, rest = bytearray([127]), value - 127
    while rest >= 128:
        encoded.append(rest % 128 + 128)
        rest //= 128
    return bytes([*encoded, rest])


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def _changed(source: random.Random, request: bytes) -> bytes:
    """The request with up to three changes, each at a random place; a fifth stays as it is."""
    text = bytearray(request)
    for _ in range(source.choice((0, 1, 1, 2, 3))):
        if text:
            source.choice(CHANGES)(source, text)
    return bytes(text)


def _replace(source: random.Random, text: bytearray) -> None:
    text[source.randrange(len(text))] = source.randrange(256)


def _insert(source: random.Random, text: bytearray) -> None:
    place = source.randrange(len(text))
    text[place:place] = source.choice((b"\r\n", b"\n", b" ", b"\x00", b"/", b"%2f", b":", b"\xff"))


def _delete(source: random.Random, text: bytearray) -> None:
    place = source.randrange(len(text))
    del text[place : place + source.choice((1, 1, 2, 20))]


def _repeat(source: random.Random, text: bytearray) -> None:
    place = source.randrange(len(text))
    text[place:place] = text[place : place + source.randrange(40)]


def _cut(source: random.Random, text: bytearray) -> None:
    del text[source.randrange(len(text)) :]


CHANGES: Sequence[Callable[[random.Random, bytearray], None]] = (
    _replace, _replace, _insert, _delete, _repeat, _cut,
)  # fmt: skip


def to_edge(seed: int, count: int, host: str, key: str) -> Iterator[bytes]:
    """So many requests, the same ones for a seed: a third without the key, a fifth HTTP/2."""
    source = random.Random(seed)
    for _ in range(count):
        make = http2 if source.random() < 0.2 else http1
        yield make(source, host, key if source.random() < 0.67 else None)


def to_worker(seed: int, count: int, host: str) -> Iterator[bytes]:
    """So many requests of clients, who need no key; the same ones for a seed."""
    source = random.Random(seed)
    for _ in range(count):
        yield http1(source, host, "a client's")
