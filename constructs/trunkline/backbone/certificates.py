"""Nebula's certificates, version 1: protocol buffers with an Ed25519 signature.

The format: https://github.com/slackhq/nebula/blob/v1.6.1/cert/cert.proto. The same arguments always
give the same bytes, so that a certificate can be compared with the one that is wanted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Interface

from attrs import frozen

NODE_DAYS = 365
AUTHORITY_DAYS = 3650
# A clock may be behind; and no certificate may be older than that of its authority.
EARLY = timedelta(days=1)
AUTHORITY_EARLY = timedelta(days=30)


@frozen(kw_only=True)
class Signer:
    """An authority that signs certificates.

    - `seed`: its private key, 64 hexadecimal digits.
    - `name`: what its certificate is called.
    - `expires`: the day on which its certificate ends.
    """

    seed: str
    name: str
    expires: date

    def certificate(self) -> bytes:
        """The authority's own certificate, signed by itself."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.seed))
        begin = self.expires - timedelta(days=AUTHORITY_DAYS) - AUTHORITY_EARLY
        details = [
            _bytes(1, self.name.encode()),
            *_validity(begin, self.expires),
            _bytes(7, key.public_key().public_bytes_raw()),
            _number(8, 1),
        ]
        return self._signed(details)

    def node(
        self,
        name: str,
        address: IPv4Interface,
        groups: Iterable[str],
        public_key: bytes,
        expires: date,
    ) -> bytes:
        """The certificate of a node, with its address on the overlay."""
        numbers = (int(address.ip), int(address.netmask))
        details = [
            _bytes(1, name.encode()),
            _bytes(2, b"".join(map(_varint, numbers))),
            *(_bytes(4, group.encode()) for group in groups),
            *_validity(expires - timedelta(days=NODE_DAYS) - EARLY, expires),
            _bytes(7, public_key),
            _bytes(9, hashlib.sha256(self.certificate()).digest()),
        ]
        return self._signed(details)

    def _signed(self, fields: Iterable[bytes]) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        details = b"".join(fields)
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.seed))
        return _bytes(1, details) + _bytes(2, key.sign(details))


def _validity(begin: date, end: date) -> tuple[bytes, bytes]:
    return _number(5, _seconds(begin)), _number(6, _seconds(end))


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])
