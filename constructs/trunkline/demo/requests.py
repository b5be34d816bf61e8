"""Asks a route, as a client of the ingress would."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from trunkline.errors import TrunklineError
from trunkline.model import zone_name


class RouteError(TrunklineError):
    """A route that gives no answer, or not the expected one."""


@frozen
class Answer:
    """What came back: the status, the site that answered, the body, and milliseconds."""

    status: int
    site: str
    body: Any
    milliseconds: float

    @property
    def place(self) -> str:
        """`site/zone` where the service behind the edge says its zone, as the sample does."""
        zone = self.body.get("zone") if isinstance(self.body, dict) else None
        return zone_name(self.site, zone) if zone else self.site


def ask(url: str, timeout: float = 10) -> Answer:
    """One GET request; RouteError where nobody answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout)
    begun = time.perf_counter()
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise RouteError(
            f"{url} does not answer: {error}; trunkline local status says more"
        ) from error
    finally:
        connection.close()
    milliseconds = (time.perf_counter() - begun) * 1000
    site = response.headers.get("trunkline-site", "?")
    return Answer(response.status, site, _parsed(body), milliseconds)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
