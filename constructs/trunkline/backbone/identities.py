"""Identities of ZeroTier: a key, and the address that a hash of its public half gives.

An identity of type 0 is written `ADDRESS:0:PUBLIC`. Its public half is one of X25519, then one of
Ed25519. Its address is the end of a hash that takes 2 MB, and the hash has to begin with a byte
below 17, which one of 15 has (`node/Identity.cpp` of https://github.com/zerotier/ZeroTierOne). So
many are tried, all made of one key of 32 bytes (`payload/zerotier.py`).

The hash consists of a stream of Salsa20, https://cr.yp.to/snuffle/spec.pdf, which depends on no
other result: so its blocks are computed side by side, each word of all of them in one long number.
"""

from __future__ import annotations

import hashlib
import os
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import accumulate, count
from operator import xor

from trunkline.payload.zerotier import private_half

MEMORY = 2 * 1024 * 1024
FIRST_BYTE_BELOW = 17
RESERVED = 0xFF  # what no address begins with

_BLOCK = 64
_BLOCKS = MEMORY // _BLOCK + MEMORY // 16
_WORD = 0xFFFFFFFF
_LANE = 5  # bytes that a word of 4 takes in a long number: its sum with another is longer
_SIDE_BY_SIDE = 4096
_ROUNDS = (
    *((0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11)),  # of columns
    *((0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14)),  # of rows
)

Run = Callable[[Callable[[tuple[str, int]], str], Iterable[tuple[str, int]]], Iterable[str]]


def identities(keys: Iterable[str]) -> dict[str, str]:
    """The identity of each key of 64 hexadecimal digits, on all processors; seconds for each."""
    wanted = list(keys)
    workers = os.cpu_count() or 1
    if workers == 1 or not wanted:
        return {key: _first(key, map, 1) for key in wanted}
    import signal
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    ignore = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for this process
    spawn = get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, signal.signal, ignore) as pool:
        return {key: _first(key, pool.map, workers) for key in wanted}


def _first(key: str, run: Run, at_once: int) -> str:
    """The first identity among a key's candidates, of which `run` tries some side by side."""
    tries = (
        [(key, candidate) for candidate in range(start, start + at_once)]
        for start in count(0, at_once)
    )
    return next(found for tried in tries for found in run(_identity, tried) if found)


def _identity(candidate: tuple[str, int]) -> str:
    """The identity that a candidate of a key makes; empty where it makes none."""
    public = public_half(private_half(*candidate))
    address = address_of(public)
    return f"{address}:0:{public.hex()}" if address else ""


def public_half(private: bytes) -> bytes:
    """The public half of an identity's 64 private bytes."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    agrees = X25519PrivateKey.from_private_bytes(private[:32]).public_key()
    signs = Ed25519PrivateKey.from_private_bytes(private[32:]).public_key()
    return agrees.public_bytes_raw() + signs.public_bytes_raw()


def address_of(public: bytes) -> str:
    """The address, 10 hexadecimal digits, that a public half has; empty where it may have none."""
    digest = slow_hash(public)
    address = digest[59:]
    if digest[0] >= FIRST_BYTE_BELOW or address[0] == RESERVED or not any(address):
        return ""
    return address.hex()


def slow_hash(public: bytes) -> bytes:
    """SHA-512, mixed with 2 MB that are made of it, in an order that they say themselves."""
    digest = hashlib.sha512(public).digest()
    stream = _stream(digest[:32], digest[32:40])
    blocks = [
        int.from_bytes(stream[at : at + _BLOCK], "big") for at in range(0, len(stream), _BLOCK)
    ]
    kept = MEMORY // _BLOCK
    memory = _numbers(accumulate(blocks[:kept], xor))
    # Each step mixes one more block into the whole digest: it is kept without them, and what has
    # been mixed in stands here for each step.
    mixed = _numbers(accumulate(blocks[kept:], xor, initial=0))
    words = _numbers([int.from_bytes(digest, "big")])
    size = len(memory)
    for step in range(0, size, 2):
        one = memory[step] % 8
        other = memory[step + 1] % size
        pad = mixed[4 * step + one]
        memory[other], words[one] = words[one] ^ pad, memory[other] ^ pad
    last = mixed[-8:]
    return b"".join((a ^ b).to_bytes(8, "big") for a, b in zip(words, last, strict=True))


def _numbers(blocks: Iterable[int]) -> array[int]:
    """The numbers of 8 bytes that blocks of 64 hold, as ZeroTier reads them: the highest first."""
    found = array("Q", b"".join(block.to_bytes(_BLOCK, "big") for block in blocks))
    if sys.byteorder == "little":
        found.byteswap()
    return found


# --- Salsa20


def _stream(key: bytes, nonce: bytes) -> bytes:
    """All blocks of the stream that the hash takes, one after another."""
    words = _words(key)
    constants = _words(b"expand 32-byte k")
    made = bytearray(_BLOCKS * _BLOCK)
    for start in range(0, _BLOCKS, _SIDE_BY_SIDE):
        counters = _lanes().numbers + start * _lanes().ones
        first, second = (value * _lanes().ones for value in _words(nonce))
        rest = [value * _lanes().ones for value in (*constants, *words)]
        state = [
            *(rest[0], *rest[4:8], rest[1], first, second, counters),
            *(0, rest[2], *rest[8:12], rest[3]),
        ]
        for word, text in enumerate(_block(state)):
            for byte in range(4):
                at = start * _BLOCK + word * 4 + byte
                made[at : (start + _SIDE_BY_SIDE) * _BLOCK : _BLOCK] = text[byte::_LANE]
    return bytes(made)


def _block(state: list[int]) -> Iterator[bytes]:
    """The words of Salsa20 of 20 rounds, each of all blocks."""
    masks = _lanes().masks
    mixed = list(state)
    for _ in range(10):
        for a, b, c, d in _ROUNDS:
            for to, one, other, bits in ((b, a, d, 7), (c, b, a, 9), (d, c, b, 13), (a, d, c, 18)):
                total = mixed[one] + mixed[other]
                high, low = masks[bits]
                mixed[to] ^= total << bits & high | total >> 32 - bits & low
    for word, before in zip(mixed, state, strict=True):
        total = word + before & _lanes().ones * _WORD
        yield total.to_bytes(_LANE * _SIDE_BY_SIDE, "little")


class _Lanes:
    """Long numbers that hold a word for each of the blocks that are computed side by side."""

    def __init__(self) -> None:
        def all_of(values: Iterable[int]) -> int:
            return int.from_bytes(b"".join(v.to_bytes(_LANE, "little") for v in values), "little")

        self.ones = all_of([1] * _SIDE_BY_SIDE)
        self.numbers = all_of(range(_SIDE_BY_SIDE))
        self.masks: Mapping[int, tuple[int, int]] = {
            bits: (self.ones * (_WORD >> bits << bits), self.ones * ((1 << bits) - 1))
            for bits in (7, 9, 13, 18)
        }


@cache
def _lanes() -> _Lanes:
    return _Lanes()


def _words(text: bytes) -> list[int]:
    return [int.from_bytes(text[at : at + 4], "little") for at in range(0, len(text), 4)]
