"""The tokens of Cloudflare Access, signed with a key of the test's own.

https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@frozen
class Signer:
    """An organization's key, under the identifier `kid`."""

    issuer: str
    kid: str = "k1"
    key: rsa.RSAPrivateKey = Factory(_new_key)

    def certs(self) -> bytes:
        """What the organization publishes: its public key as a JWK (RFC 7517)."""
        numbers = self.key.public_key().public_numbers()
        parts = {"n": _number(numbers.n), "e": _number(numbers.e)}
        jwk = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.kid, **parts}
        return json.dumps({"keys": [jwk]}).encode()

    def token(self, audience: str = "app", seconds: int = 60, **claims: Any) -> str:
        """A token for that long, as a JWT (RFC 7519) with RS256."""
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + seconds}
        body = {"iss": self.issuer, "aud": [audience], "type": "app", **times, **claims}
        signed = f"{_part({'alg': 'RS256', 'kid': self.kid})}.{_part(body)}"
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_encoded(signature)}"


def _part(value: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(value).encode())


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8))


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
