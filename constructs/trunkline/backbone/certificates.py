"""Nebula's certificates, version 1: protocol buffers with an Ed25519 signature.

The format: https://github.com/slackhq/nebula/blob/v1.6.1/cert/cert.proto. The same arguments always
give the same bytes, so that a certificate can be compared with the one that is wanted.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

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
        networks: Iterable[str] = (),
    ) -> bytes:
        """The certificate of a node, with its address on the overlay and what it may carry."""
        carried = [IPv4Interface(network) for network in networks]
        details = [
            _bytes(1, name.encode()),
            _bytes(2, _ranges([address])),
            *((_bytes(3, _ranges(carried)),) if carried else ()),
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


def subnets(certificate: str) -> tuple[str, ...]:
    """The networks that a certificate in base64 lets its node carry; none where it is not one."""
    try:
        details = _fields(_fields(base64.b64decode(certificate))[1])
        numbers = list(_varints(details.get(3, b"")))
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        return tuple(str(IPv4Network((each, str(IPv4Address(mask))))) for each, mask in pairs)
    except (ValueError, KeyError, IndexError):
        return ()


def _fields(message: bytes) -> dict[int, bytes]:
    """The fields of a message that are bytes, the last one of each number."""
    found, rest = dict[int, bytes](), message
    while rest:
        key, rest = _split(rest)
        value, rest = _split(rest)
        if key & 7 == 2:
            found[key >> 3], rest = rest[:value], rest[value:]
    return found


def _varints(packed: bytes) -> Iterator[int]:
    while packed:
        value, packed = _split(packed)
        yield value


def _split(message: bytes) -> tuple[int, bytes]:
    """The number at the beginning of a message, and what follows."""
    value = shift = 0
    for at, byte in enumerate(message):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, message[at + 1 :]
    raise ValueError("a number without an end")


def _ranges(interfaces: Iterable[IPv4Interface]) -> bytes:
    numbers = (number for each in interfaces for number in (int(each.ip), int(each.netmask)))
    return b"".join(map(_varint, numbers))


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
