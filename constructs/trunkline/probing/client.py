"""Fetches the results of one agent, and uses only a response with a valid signature.

A request is signed over method, path, the agent's name, a time and a nonce; a response over the
nonce and its body. The header names and the derivation of the key are those of `agent.py`.
"""

from __future__ import annotations

import hmac
import http.client
import json
import secrets
import socket
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
# With a smaller difference of the clocks, the agent refused for another reason than the time.
SKEW = 60.0


class ProbeUnavailableError(Exception):
    """An agent that gave no results; the text says why. A collection goes on without it."""


@frozen
class AgentResults:
    """The results of an agent, and by how many seconds its clock is ahead of ours.

    `resigned` says that the request had to be signed again, with the agent's time.
    """

    content: dict[str, Any]
    clock_ahead: float
    resigned: bool = False


def fetch(
    address: ProbeAddress,
    key: bytes,
    timeout: float = 10.0,
    wall: Callable[[], float] = time.time,
) -> AgentResults:
    """The results of the agent at `address`; `timeout` in seconds is for each step.

    If the clocks differ too much, the agent's refusal carries its time, and the request is signed
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
            "refuses: it has another key, or this address is not in probes.operators"
        )
    if status != 200:
        raise ProbeUnavailableError(f"refuses with status {status}")
    content = _parsed(body, address)
    return AgentResults(content, content["time"] - wall(), resigned)


def _request(
    address: ProbeAddress, key: bytes, now: float, timeout: float
) -> tuple[int, str, bytes]:
    """Status, Date and body of the response; a body with status 200 is authentic."""
    secret = hmac.digest(key, b"trunkline results 1", "sha256")
    nonce, stamp = secrets.token_hex(16), f"{now:.3f}"
    signed = f"GET\n{PATH}\n{address.name}\n{stamp}\n{nonce}".encode()
    headers = {TIME: stamp, NONCE: nonce, SIGNATURE: _tag(secret, signed)}
    response, body = _exchange(address, headers, timeout)
    expected = _tag(secret, f"{nonce}\n".encode() + body).encode()
    given = response.headers.get(SIGNATURE, "").encode("utf-8", "replace")
    if response.status == 200 and not hmac.compare_digest(expected, given):
        raise ProbeUnavailableError("responds without a valid signature; the response is not used")
    return response.status, response.headers.get("Date", ""), body


def _exchange(
    address: ProbeAddress, headers: Mapping[str, str], timeout: float
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout)
    try:
        connection.request("GET", PATH, headers=dict(headers))
        response = connection.getresponse()
        return response, response.read(LARGEST)
    except socket.gaierror as error:
        raise ProbeUnavailableError(
            f"its name {address.host} does not resolve: apply its stack probes-{address.site}, and "
            "wait a few minutes, for your resolver may remember that there was no such name"
        ) from error
    except TimeoutError as error:
        raise ProbeUnavailableError(
            f"does not answer within {timeout:g} s: it is still booting, or your address is not "
            "in probes.operators"
        ) from error
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise ProbeUnavailableError(f"does not answer: {error or type(error).__name__}") from error
    finally:
        connection.close()


def _tag(secret: bytes, message: bytes) -> str:
    return hmac.digest(secret, message, "sha256").hex()


def _clock_ahead(date: str, now: float) -> float:
    """By how many seconds `date` is ahead of `now`; 0 if it is not a valid date."""
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _parsed(body: bytes, address: ProbeAddress) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(body)
    name = zone_name(content["site"], content["zone"])
    if content.get("version") != 1 or name != address.name:
        raise ProbeUnavailableError("has another version; deploy the probes again")
    return content
