"""Fetches the results of one agent, and uses only a response with a valid signature.

A request is signed over method, path, the agent's name, a time and a nonce; a response over the
nonce and its body; a refusal for the time over the nonce and the agent's time. The header names and
the derivation of the key are those of `agent.py`.
"""

from __future__ import annotations

import hmac
import http.client
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from attrs import frozen

from trunkline.model import zone_name
from trunkline.probing.addresses import ProbeAddress

PATH = "/results"
TIME, NONCE, SIGNATURE = "x-trunkline-time", "x-trunkline-nonce", "x-trunkline-signature"
LARGEST = 16 * 1024 * 1024
LIMIT = 30.0  # seconds that a request may take as a whole
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

    A request ends within LIMIT seconds, whatever the agent or the path does. If the clocks differ
    too much, the agent's refusal carries its time under its signature, and the request is signed
    once more with that. Raises ProbeUnavailableError.
    """
    status, there, body = _request(address, key, wall(), timeout)
    resigned = there is not None and abs(there - wall()) >= SKEW
    if there is not None and resigned:
        status, _, body = _request(address, key, there, timeout)
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
) -> tuple[int, float | None, bytes]:
    """Status, the agent's time where it refuses ours, and body of the response, all authentic."""
    secret = hmac.digest(key, b"trunkline results 1", "sha256")
    nonce, stamp = secrets.token_hex(16), f"{now:.3f}"
    signed = f"GET\n{PATH}\n{address.name}\n{stamp}\n{nonce}".encode()
    headers = {TIME: stamp, NONCE: nonce, SIGNATURE: _tag(secret, signed)}
    response, body = _exchange(address, headers, timeout)
    expected = _tag(secret, f"{nonce}\n".encode() + body).encode()
    given = response.headers.get(SIGNATURE, "").encode("utf-8", "replace")
    if response.status == 200 and not hmac.compare_digest(expected, given):
        raise ProbeUnavailableError("responds without a valid signature; the response is not used")
    return response.status, _signed_time(response, secret, nonce), body


def _signed_time(response: http.client.HTTPResponse, secret: bytes, nonce: str) -> float | None:
    """The time of an agent that refuses ours; None without its signature."""
    stamp, given = response.headers.get(TIME, ""), response.headers.get(SIGNATURE, "")
    expected = _tag(secret, f"refused\n{nonce}\n{stamp}".encode("utf-8", "replace"))
    if response.status != 403:
        return None
    signed = hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
    return float(stamp) if signed else None


def _exchange(
    address: ProbeAddress, headers: Mapping[str, str], timeout: float
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout)
    late = threading.Event()
    with _ended_after(LIMIT, connection, late):
        try:
            found = _read(connection, headers, address, timeout)
        except ProbeUnavailableError:
            if not late.is_set():
                raise
    if late.is_set():
        raise ProbeUnavailableError(f"does not end its answer within {LIMIT:g} s")
    return found


@contextmanager
def _ended_after(
    seconds: float, connection: http.client.HTTPConnection, late: threading.Event
) -> Iterator[None]:
    """Cut a connection that lives too long: its own time-out is for each read alone."""

    def cut() -> None:
        late.set()
        if connection.sock:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read(
    connection: http.client.HTTPConnection,
    headers: Mapping[str, str],
    address: ProbeAddress,
    timeout: float,
) -> tuple[http.client.HTTPResponse, bytes]:
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


def _parsed(body: bytes, address: ProbeAddress) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(body)
    name = zone_name(content["site"], content["zone"])
    if content.get("version") != 1 or name != address.name:
        raise ProbeUnavailableError("has another version; deploy the probes again")
    return content
