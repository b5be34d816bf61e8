"""Analytics Engine on loopback, with the data points that a test writes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler

from doubles.services.analytics_engine import AnalyticsEngine

from support.loopback import answer, service
from trunkline.routing import COLUMNS
from trunkline.traffic.counted import Counted, Figures, RequestGroup

TOKEN = "analytics-token"
HOURS = (
    ("2026-11-28 05:00:00", "aws", 40),
    ("2026-11-28 05:00:00", "google", 10),
    ("2026-11-28 06:00:00", "aws", 60),
    ("2026-11-28 08:00:00", "", 20),
)


def point(age: float = 60, **values: str | float) -> dict[str, object]:
    """A data point as workerd sends it, `age` seconds old; `values` are named as in COLUMNS."""
    given = {"route": "/", "site": "aws", "failed": "", "method": "GET", "status": 200.0} | values
    shown = {
        COLUMNS[name]: list(value.encode()) if isinstance(value, str) else value
        for name, value in {"milliseconds": 10.0, **given}.items()
    }
    return {"timestamp": str(int((time.time() - age) * 10**9)), **shown}


def counted(
    groups: Sequence[tuple[str, str, int]] = HOURS, every: str = "1h", **more: int
) -> Counted:
    """What was counted, from the begin of an interval, a site, and the number of its requests."""
    figures = {"errors": 1, "failovers": 0, "p50_ms": 10.0, "p95_ms": 20.0, "p99_ms": 40.0, **more}
    made = [
        RequestGroup(
            {**({"time": time} if every else {}), "site": site},
            Figures(requests=requests, **figures),  # type: ignore[arg-type]
        )
        for time, site, requests in groups
    ]
    return Counted(
        topology="shop",
        asked_at="2026-11-28T09:00:00Z",
        since="24h",
        every=every,
        by=["site"],
        total=Figures(requests=sum(each[2] for each in groups), **figures),  # type: ignore[arg-type]
        groups=made,
    )


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
