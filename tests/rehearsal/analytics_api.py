"""Analytics Engine's SQL API, over the data points that the Workers of the sky have written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from doubles.services.analytics_engine import AnalyticsEngine

from rehearsal.names import API_TOKEN
from rehearsal.world import World

PATH = re.compile(r"/client/v4/accounts/([^/]+)/analytics_engine/sql")
Points = Iterable[tuple[str, dict[str, Any]]]


def answer(world: World, request: Any, body: bytes, points: Points) -> tuple[int, bytes]:
    """The status and the content of an answer; only accounts that have a zone are there."""
    found = PATH.fullmatch(request.path)
    known = {zone["account"]["id"] for zone in world.all("cloudflare_zone")}
    account = found[1] if found and found[1] in known else "nobody's"
    engine = AnalyticsEngine(account, API_TOKEN)
    for dataset, event in points:
        engine.write(dataset, event)
    said = request.headers.get("authorization", "")
    return engine.answer(request.command, request.path, said, body.decode())
