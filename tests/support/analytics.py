"""Analytics Engine on loopback, with the data points that a test writes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler

from doubles.services.analytics_engine import AnalyticsEngine

from support.loopback import answer, service
from trunkline.routing import COLUMNS

TOKEN = "analytics-token"


def point(age: float = 60, **values: str | float) -> dict[str, object]:
    """A data point as workerd sends it, `age` seconds old; `values` are named as in COLUMNS."""
    given = {"route": "/", "site": "aws", "failed": "", "method": "GET", "status": 200.0} | values
    shown = {
        COLUMNS[name]: list(value.encode()) if isinstance(value, str) else value
        for name, value in {"milliseconds": 10.0, **given}.items()
    }
    return {"timestamp": str(int((time.time() - age) * 10**9)), **shown}


@contextlib.contextmanager
def served(engine: AnalyticsEngine) -> Iterator[Mapping[str, str]]:
    """The environment in which `trunkline` asks it."""
    with service() as far:

        def behave(handler: BaseHTTPRequestHandler) -> None:
            body = far.hits[-1].body.decode()
            said = handler.headers.get("authorization", "")
            status, content = engine.answer(handler.command, handler.path, said, body)
            answer(status, content)(handler)

        far.behave = behave
        yield {"CLOUDFLARE_API_TOKEN": TOKEN, "CLOUDFLARE_BASE_URL": f"{far.url}/client/v4"}
