"""The key that all probes and the operator share: 32 random bytes, written as 64 hex digits."""

from __future__ import annotations

import re
import secrets

from trunkline.errors import TrunklineError

_KEY = re.compile(r"[0-9a-fA-F]{64}\Z", re.ASCII)


class ProbeKeyError(TrunklineError):
    """A text that is no probe key; the message does not repeat it."""


def generate_key() -> str:
    """A fresh key, as text."""
    return secrets.token_hex(32)


def parse_key(text: str, source: str) -> bytes:
    """The 32 bytes of a key; `source` is where the text came from, for the error.

    Raises ProbeKeyError for any other text.
    """
    stripped = text.strip()
    if not _KEY.match(stripped):
        raise ProbeKeyError(
            f"{source}: holds no probe key (64 hexadecimal digits); "
            "make one with trunkline probe-key, and use the one that the probes were deployed with"
        )
    return bytes.fromhex(stripped)
