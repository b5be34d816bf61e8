"""Requests to services, as an application of a site makes them."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from attrs import frozen

from trunkline.addresses.local_services import ServiceRequest
from trunkline.demo.requests import RouteError
from trunkline.local.layout import AUTHORITY
from trunkline.local.status import find

WARM = 5  # requests over a connection that is there already, of which the quickest counts


@frozen
class ServiceResponse:
    """Where the sample stands that answered, and how long the first request and a warm one took."""

    served_by: str
    first_ms: float
    warm_ms: float

    def __str__(self) -> str:
        times = f"{self.first_ms:.1f} ms with its connection, {self.warm_ms:.1f} ms over it"
        return f"{self.served_by} answers in {times}"


@frozen
class Events:
    """When the first and the last of the server-sent events of an answer came."""

    count: int
    first_ms: float
    last_ms: float

    def __str__(self) -> str:
        times = f"the first after {self.first_ms:.0f} ms, the last after {self.last_ms:.0f} ms"
        return f"{self.count} events, {times}"


def ask(request: ServiceRequest, machines: Path) -> ServiceResponse:
    """What a service answers, and how quickly; RouteError where it does not.

    `machines` is the folder of the machines, one of which has the authority that it must be of.
    """
    with _connection(request, machines) as connection:
        began = time.perf_counter()
        body = _get(connection)
        first = _since(began)
        warm = []
        for _ in range(WARM):
            began = time.perf_counter()
            _get(connection)
            warm.append(_since(began))
    where = json.loads(body)
    return ServiceResponse(f"{where['site']}/{where['zone']}", first, min(warm))


def ask_for_events(request: ServiceRequest, machines: Path) -> Events:
    """The server-sent events of a service; RouteError where there are none."""
    came = []
    with _connection(request, machines) as connection:
        began = time.perf_counter()
        connection.request("GET", "/", headers={"accept": "text/event-stream"})
        for line in connection.getresponse():
            if line.startswith(b"data:"):
                came.append(_since(began))
    if not came:
        raise RouteError(f"{request.url} sends no events; see trunkline local logs")
    return Events(len(came), came[0], came[-1])


def await_answer(request: ServiceRequest, machines: Path, seconds: float) -> None:
    """Wait until a service answers: edges that have just started find one another in a second.

    RouteError where it does not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            with _connection(request, machines) as connection:
                _get(connection)
                return
        except RouteError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def _connection(request: ServiceRequest, machines: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to the edge which asks for the service's name, and sees its certificate."""
    host = str(urlsplit(request.url).hostname)
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        channel = socket.create_connection((request.edge.host, request.edge.port), timeout=10)
        connection.sock = channel
        if request.machine:
            authority = find(request.machine, machines) / AUTHORITY
            context = ssl.create_default_context(cafile=str(authority))
            connection.sock = context.wrap_socket(channel, server_hostname=host)
        yield connection
    except (OSError, http.client.HTTPException) as error:
        raise RouteError(
            f"{request.url} does not answer at {request.edge}: {error}; see trunkline local logs"
        ) from error
    finally:
        connection.close()


def _get(connection: http.client.HTTPConnection) -> bytes:
    connection.request("GET", "/")
    response = connection.getresponse()
    body = response.read()
    if response.status != http.client.OK:
        raise http.client.HTTPException(f"{response.status} {body.decode(errors='replace')}")
    return body


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
