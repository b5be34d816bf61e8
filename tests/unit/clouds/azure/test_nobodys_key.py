"""The login key that Azure insists on is a point of the curve that comes from a hash."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from trunkline.clouds.azure.machines import NOBODYS_KEY_SEED, nobodys_public_key

# https://www.rfc-editor.org/rfc/rfc8032#section-5.1
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def is_on_the_curve(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") & ((1 << 255) - 1)
    x_squared = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    return y < P and pow(x_squared, (P - 1) // 2, P) == 1


def test_its_bytes_are_a_hash_and_nothing_else() -> None:
    kind, blob, _ = nobodys_public_key().split()
    assert kind == "ssh-ed25519"
    assert base64.b64decode(blob)[-32:] == hashlib.sha256(NOBODYS_KEY_SEED).digest()


def test_ssh_reads_it_as_a_key() -> None:
    load_ssh_public_key(nobodys_public_key().encode())
    assert is_on_the_curve(hashlib.sha256(NOBODYS_KEY_SEED).digest())
