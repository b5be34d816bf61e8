"""Asks one agent for its results, and believes only an answer that carries its signature.

The request is signed over method, path, the agent's name, a time and a nonce; the answer over the
nonce and its body. The headers' names and the derived key are those of `agent.py`.
"""

from __future__ import annotations

import hmac
import http.client
import json
import secrets
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from attrs import frozen

from trunkline.model import zone_name
from trunkline.probing.addresses import ProbeAddress

PATH = "/results"
TIME, NONCE, SIGNATURE = "x-trunkline-time", "x-trunkline-nonce", "x-trunkline-signature"
LARGEST = 16 * 1024 * 1024
# Below this the agent refused for another reason than the time.
SKEW = 60.0


class ProbeUnavailableError(Exception):
    """An agent that gave no results; the text says why. Not the end of a collection."""


@frozen
class Answer:
    """An agent's results, and by how many seconds its clock is ahead of ours.

    `resigned` says that the request had to be signed with the agent's time.
    """

    results: dict[str, Any]
    clock_ahead: float
    resigned: bool = False


def fetch(
    address: ProbeAddress,
    key: bytes,
    timeout: float = 10.0,
    wall: Callable[[], float] = time.time,
) -> Answer:
    """The results of the agent at `address`; `timeout` in seconds is for each step.

    Where the clocks differ too much, the agent's refusal tells its time, and the request is signed
    once more with that. Raises ProbeUnavailableError.
    """
    status, date, body = _request(address, key, wall(), timeout)
    resigned = status == 403
    if resigned:
        ahead = _clock_ahead(date, wall())
        if abs(ahead) >= SKEW:
            status, _, body = _request(address, key, wall() + ahead, timeout)
    if status == 403:
        raise ProbeUnavailableError(
            "refuses: its key is another one, or this address is not in probes.operators"
        )
    if status != 200:
        raise ProbeUnavailableError(f"refuses with status {status}")
    results = _read(body, address)
    return Answer(results, results["time"] - wall(), resigned)


def _request(
    address: ProbeAddress, key: bytes, now: float, timeout: float
) -> tuple[int, str, bytes]:
    """Status and Date of the answer, and its body, which is authentic where the status is 200."""
    secret = hmac.digest(key, b"trunkline results 1", "sha256")
    nonce, stamp = secrets.token_hex(16), f"{now:.3f}"
    signed = f"GET\n{PATH}\n{address.name}\n{stamp}\n{nonce}".encode()
    headers = {TIME: stamp, NONCE: nonce, SIGNATURE: _tag(secret, signed)}
    response, body = _exchange(address, headers, timeout)
    expected = _tag(secret, f"{nonce}\n".encode() + body).encode()
    given = response.headers.get(SIGNATURE, "").encode("utf-8", "replace")
    if response.status == 200 and not hmac.compare_digest(expected, given):
        raise ProbeUnavailableError("answers without a valid signature; the answer is not used")
    return response.status, response.headers.get("Date", ""), body


def _exchange(
    address: ProbeAddress, headers: Mapping[str, str], timeout: float
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout)
    try:
        connection.request("GET", PATH, headers=dict(headers))
        response = connection.getresponse()
        return response, response.read(LARGEST)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise ProbeUnavailableError(f"does not answer: {error or type(error).__name__}") from error
    finally:
        connection.close()


def _tag(secret: bytes, message: bytes) -> str:
    return hmac.digest(secret, message, "sha256").hex()


def _clock_ahead(date: str, now: float) -> float:
    """By how many seconds `date` is ahead of `now`; 0 for a date that is none, or out of range."""
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _read(body: bytes, address: ProbeAddress) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(body)
    if content.get("version") != 1 or zone_name(content["site"], content["zone"]) != address.name:
        raise ProbeUnavailableError("speaks another version; deploy the probes again")
    return content
