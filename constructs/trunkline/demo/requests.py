"""Requests to a route, as a client of the ingress makes them."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from attrs import Factory, frozen

from trunkline.errors import TrunklineError
from trunkline.model import zone_name


class RouteError(TrunklineError):
    """A route that does not respond, or not as expected."""


@frozen
class RouteResponse:
    """The status, the site in the ingress's header, the body, the time in milliseconds, and the
    headers, their names in lower case."""

    status: int
    site: str
    body: Any
    milliseconds: float
    headers: Mapping[str, str] = Factory(dict)

    @property
    def served_by(self) -> str:
        """`site/zone` if the body names the zone, as that of the sample service; else the site."""
        zone = self.body.get("zone") if isinstance(self.body, dict) else None
        return zone_name(self.site, zone) if zone else self.site


def get(url: str, timeout: float = 10) -> RouteResponse:
    """The response to one GET request; RouteError if there is none."""
    return send("GET", url, timeout)


def send(method: str, url: str, timeout: float = 10) -> RouteResponse:
    """The response to one request without a body; RouteError if there is none."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=timeout)
    began = time.perf_counter()
    try:
        connection.request(method, parts.path or "/")
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise RouteError(f"{url} does not answer: {error}; see trunkline local status") from error
    finally:
        connection.close()
    milliseconds = (time.perf_counter() - began) * 1000
    headers = {name.lower(): value for name, value in response.headers.items()}
    site = headers.get("trunkline-site", "?")
    return RouteResponse(response.status, site, _parsed(body), milliseconds, headers)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
