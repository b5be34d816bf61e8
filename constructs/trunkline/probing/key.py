"""The key that all probes and the operator share: 32 random bytes, as 64 hexadecimal digits."""

from __future__ import annotations

import re
import secrets

from trunkline.errors import TrunklineError

_KEY = re.compile(r"[0-9a-fA-F]{64}\Z", re.ASCII)


class ProbeKeyError(TrunklineError):
    """A text that is not a valid probe key; the message does not contain it."""


def generate_key() -> str:
    """A new random key, as text."""
    return secrets.token_hex(32)


def parse_key(text: str, source: str) -> bytes:
    """The 32 bytes of a key, ProbeKeyError for any other text; `source` is named in the error."""
    stripped = text.strip()
    if not _KEY.match(stripped):
        raise ProbeKeyError(
            f"{source}: not a valid probe key (64 hexadecimal digits); "
            "use the key that the probes were deployed with; trunkline keys makes new ones"
        )
    return bytes.fromhex(stripped)
