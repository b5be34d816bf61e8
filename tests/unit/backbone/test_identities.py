"""Identities of ZeroTier, held against those of its own tests."""

from __future__ import annotations

import hashlib
import os
from concurrent import futures
from typing import Any

import pytest

from trunkline.backbone import identities
from trunkline.backbone.identities import address_of, public_half
from trunkline.payload import zerotier

# KNOWN_GOOD_IDENTITY of selftest.cpp in https://github.com/zerotier/ZeroTierOne; KNOWN_BAD_IDENTITY
# there is the same with another address.
ADDRESS = "8e4df28b72"
PUBLIC = bytes.fromhex(
    "ac3d46abe0c21f3cfe7a6c8d6a85cfcffcb82fbd55af6a4d6350657c68200843"
    "fa2e16f9418bbd9702cae365f2af5fb4c420908b803a681d4daef6114d78a2d7"
)
PRIVATE = bytes.fromhex(
    "bd8dd6e4ce7022d2f812797a80c6ee8ad180dc4ebf301dec8b06d1be08832bdd"
    "d63a2f1cfa7b2c504474c75bdc8898ba476ef92e8e2d0509f8441985171ff16e"
)
KEY = "5e" * 32


def test_the_address_is_that_of_zerotiers_own_test() -> None:
    assert address_of(PUBLIC) == ADDRESS


def test_the_public_half_is_that_of_zerotiers_own_test() -> None:
    assert public_half(PRIVATE) == PUBLIC


def test_salsa20_is_that_of_its_authors() -> None:
    """The first set of its test vectors of 256 bits, https://www.ecrypt.eu.org/stream/."""
    key = bytes([0x80, *[0] * 31])
    stream = identities._stream(key, bytes(8))
    assert stream[:16].hex().upper() == "E3BE8FDD8BECA2E3EA8EF9475B29A6E7"
    assert stream[448:464].hex().upper() == "696AFCFD0CDDCC83C7E77F11A649D79A"


def hashed(first: int, address: str) -> Any:
    """A hash that comes out so."""
    return lambda public: bytes([first, *[7] * 58]) + bytes.fromhex(address)


@pytest.mark.parametrize(
    ("first", "address", "fits"),
    [
        (16, ADDRESS, True),
        (17, ADDRESS, False),
        (0, "ff" + ADDRESS[2:], False),
        (0, "00" * 5, False),
    ],
)
def test_an_address_is_not_for_everyone(
    first: int, address: str, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identities, "slow_hash", hashed(first, address))
    assert address_of(PUBLIC) == (address if fits else "")


def fast(public: bytes) -> bytes:
    """A hash that is fast, and as rare in what fits."""
    return hashlib.sha512(public).digest()


def found_fast(key: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(identities, "slow_hash", fast)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    return identities.identities([key])[key]


def test_one_key_has_one_identity_and_its_machine_finds_the_private_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = found_fast(KEY, monkeypatch)
    assert text == found_fast(KEY, monkeypatch)
    assert text != found_fast("7a" * 32, monkeypatch)
    address, kind, public = text.split(":")
    assert kind == "0" and address == address_of(bytes.fromhex(public))
    node = {"name": "a-1", "identities": [text]}
    config = {"zone": "z", "names": {"z": "a-1"}, "nodes": [node]}
    secret = zerotier.secret_identity(config, [KEY])
    identity, _, private = secret.rpartition(":")
    assert identity == text
    assert public_half(bytes.fromhex(private)).hex() == public


def test_all_processors_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = found_fast(KEY, monkeypatch)
    started: list[tuple[int, Any]] = []

    class Threads(futures.ThreadPoolExecutor):
        def __init__(self, workers: int, context: Any, *initializer: Any) -> None:
            started.append((workers, context.get_start_method()))
            super().__init__(workers)

    monkeypatch.setattr(futures, "ProcessPoolExecutor", Threads)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert identities.identities([KEY])[KEY] == alone
    assert started == [(3, "spawn")]
    assert identities.identities([]) == {} and len(started) == 1
