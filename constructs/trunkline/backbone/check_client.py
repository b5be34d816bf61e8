"""Asks one edge to measure the backbone, and uses only an answer with a valid signature.

What is signed and how stands in `payload/backbone_check.py`. The request goes the way of all
others: through Cloudflare to the edge's own hostname, with the edge key.
"""

from __future__ import annotations

import hmac
import http.client
import json
import secrets
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from trunkline.envoy import CHECK_PREFIX
from trunkline.model import EDGE_KEY_HEADER

TIME, NONCE, SIGNATURE = "x-trunkline-time", "x-trunkline-nonce", "x-trunkline-signature"
DERIVED = b"trunkline backbone check 1"
LARGEST = 1024 * 1024
# With a smaller difference of the clocks, the edge refused for another reason than the time.
SKEW = 60.0


class CheckUnavailableError(Exception):
    """An edge that gave no answer; the text says why and what to do."""


@frozen
class Entry:
    """Where an edge is asked.

    - `site`: its site, whose stack is named where it is of an earlier version.
    - `host`: its own hostname.
    - `port`: 443, but for tests.
    - `tls`: likewise true.
    """

    site: str
    host: str
    port: int = 443
    tls: bool = True


@frozen
class CheckClient:
    """Asks edges; `keys` are the edge keys, the newest first, and `timeout` is for one answer."""

    keys: Sequence[str]
    timeout: float = 90.0
    wall: Callable[[], float] = time.time

    def ask(self, entry: Entry, node: str, *what: str) -> dict[str, Any]:
        """What a node answers; CheckUnavailableError where none comes."""
        path = "/".join([CHECK_PREFIX, node, *what])
        for key in self.keys:
            status, body = self._signed(entry, key, path)
            if status != 403:
                return _parsed(status, body)
        raise CheckUnavailableError(
            "refuses: it has another edge key, or the clocks differ; load the keys that its stack "
            f"edge-{entry.site} was applied with"
        )

    def _signed(self, entry: Entry, key: str, path: str) -> tuple[int, bytes]:
        """Status and body; signed again with the edge's time where it refuses ours."""
        status, there, body = self._request(entry, key, path, self.wall())
        if there is not None and abs(there - self.wall()) >= SKEW:
            status, _, body = self._request(entry, key, path, there)
        return status, body

    def _request(
        self, entry: Entry, key: str, path: str, now: float
    ) -> tuple[int, float | None, bytes]:
        derived = hmac.digest(key.encode(), DERIVED, "sha256").hex()
        nonce, stamp = secrets.token_hex(16), f"{now:.3f}"
        headers = {
            EDGE_KEY_HEADER: key,
            TIME: stamp,
            NONCE: nonce,
            SIGNATURE: _tag(derived, f"GET\n{path}\n{stamp}\n{nonce}".encode()),
        }
        answer, body = self._exchange(entry, path, headers)
        given = answer.headers.get(SIGNATURE, "").encode("utf-8", "replace")
        if answer.status == 403:
            return 403, _time_of(answer, given, derived, nonce), b""
        expected = _tag(derived, f"{nonce}\n".encode() + body).encode()
        if not hmac.compare_digest(expected, given):
            raise CheckUnavailableError(_unsigned(answer.status, entry))
        return answer.status, None, body

    def _exchange(
        self, entry: Entry, path: str, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = _connection(entry, self.timeout)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer, answer.read(LARGEST)
        except TimeoutError as error:
            text = f"{entry.host} does not answer within {self.timeout:g} s"
            raise CheckUnavailableError(text) from error
        except (OSError, http.client.HTTPException) as error:
            said = str(error) or type(error).__name__
            raise CheckUnavailableError(f"{entry.host} does not answer: {said}") from error
        finally:
            connection.close()


def _connection(entry: Entry, timeout: float) -> http.client.HTTPConnection:
    if not entry.tls:
        return http.client.HTTPConnection(entry.host, entry.port, timeout=timeout)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(entry.host, entry.port, timeout=timeout, context=context)


def _tag(derived: str, message: bytes) -> str:
    return hmac.digest(derived.encode(), message, "sha256").hex()


def _time_of(
    answer: http.client.HTTPResponse, given: bytes, derived: str, nonce: str
) -> float | None:
    """The time of an edge that refuses ours; None without its signature."""
    stamp = answer.headers.get(TIME, "")
    expected = _tag(derived, f"refused\n{nonce}\n{stamp}".encode("utf-8", "replace"))
    return float(stamp) if hmac.compare_digest(expected.encode(), given) else None


def _unsigned(status: int, entry: Entry) -> str:
    if status == 404:
        return (
            "does not know this request: its machines are of an earlier version; apply "
            f"its stack edge-{entry.site}"
        )
    if status in (502, 503, 504, 530):
        return f"does not answer (status {status}): look at the machine's log"
    return f"answers with status {status} and without a valid signature; the answer is not used"


def _parsed(status: int, body: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(body)
    if status != 200:
        raise CheckUnavailableError(str(content.get("error", f"refuses with status {status}")))
    return content
