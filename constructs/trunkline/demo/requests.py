"""Requests to a route, as a client of the ingress makes them."""

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
    """A route that does not respond, or not as expected."""


@frozen
class RouteResponse:
    """The status, the site in the ingress's header, the body, and the time in milliseconds."""

    status: int
    site: str
    body: Any
    milliseconds: float

    @property
    def served_by(self) -> str:
        """`site/zone` if the body names the zone, as that of the sample service; else the site."""
        zone = self.body.get("zone") if isinstance(self.body, dict) else None
        return zone_name(self.site, zone) if zone else self.site


def get(url: str, timeout: float = 10) -> RouteResponse:
    """The response to one GET request; RouteError if there is none."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout)
    began = time.perf_counter()
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise RouteError(f"{url} does not answer: {error}; see trunkline local status") from error
    finally:
        connection.close()
    milliseconds = (time.perf_counter() - began) * 1000
    site = response.headers.get("trunkline-site", "?")
    return RouteResponse(response.status, site, _parsed(body), milliseconds)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
