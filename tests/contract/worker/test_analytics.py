"""What the Worker writes down of each request."""

from __future__ import annotations

import json
import time
from typing import Any

from doubles.services.analytics_engine import AnalyticsEngine
from support.analytics import TOKEN, served
from support.loopback import answer, ask, eventually

from trunkline.traffic.counted import group
from trunkline.traffic.query import TrafficQuery
from trunkline.traffic.span import Span
from trunkline.traffic.sql_api import SqlApi


def test_each_request_is_a_data_point(start: Any) -> None:
    world = start(analytics=True)
    world.aws.behave = answer(201)
    ask(world.port, "/api/v5/x?secret=1")
    ask(world.port, "/api/v6", method="POST", body=b"a")
    ask(world.port, "/nowhere")
    assert points(world, 3) == [
        ["/api/v5", "aws", "", "GET", 201],
        ["/api/v6", "google", "", "POST", 200],
        ["", "", "", "GET", 404],
    ]


def test_a_data_point_says_which_site_failed_and_why(start: Any) -> None:
    world = start(analytics=True)
    flags: Any = {"trunkline-response-flags": "UH"}
    world.aws.behave = answer(503, **flags)
    world.google.kill()
    assert ask(world.port, "/api/v5").headers["trunkline-site"] == "azure"
    [point] = points(world, 1)
    assert point == ["/api/v5", "azure", "aws: UH, google: no answer", "GET", 200]


def test_an_index_has_no_more_bytes_than_cloudflare_takes(start: Any) -> None:
    prefix = "/" + "x" * 127
    world = start({prefix: ["aws"]}, analytics=True)
    ask(world.port, prefix)
    assert [point[0] for point in points(world, 1)] == [prefix]
    event = json.loads(world.analytics.hits[0].body)
    assert len(event["index1"]) == 96


def test_a_data_point_says_how_long_the_client_waited(start: Any) -> None:
    world = start(analytics=True)
    world.google.behave = slow
    ask(world.port, "/api/v6")
    points(world, 1)
    assert 290 <= json.loads(world.analytics.hits[0].body)["double2"] < 3_000


def test_what_it_writes_is_what_trunkline_traffic_counts(start: Any) -> None:
    world = start(analytics=True)
    flags: Any = {"trunkline-response-flags": "UH"}
    world.aws.behave = answer(503, **flags)
    world.azure.behave = answer(500)
    for path in ("/api/v5", "/api/v5/models", "/api/v6", "/api/v6", "/nowhere"):
        ask(world.port, path)
    eventually(lambda: len(world.analytics.hits) == 5)
    engine = AnalyticsEngine("an-account", TOKEN)
    for hit in world.analytics.hits:
        engine.write("test", json.loads(hit.body))
    query = TrafficQuery(dataset="test", since=Span(1, "h"), by=("route", "site", "status"))
    with served(engine) as env:
        rows = SqlApi("an-account", env).ask(query.sql)
    groups = [group(row, query.keys) for row in rows]
    found = {
        tuple(each.keys.values()): (
            each.figures.requests,
            each.figures.errors,
            each.figures.failovers,
        )
        for each in groups
    }
    assert found == {
        ("/api/v5", "google", "200"): (1, 0, 1),
        ("/api/v5/models", "azure", "500"): (1, 1, 0),
        ("/api/v6", "google", "200"): (2, 0, 0),
        ("", "", "404"): (1, 0, 0),
    }


def slow(handler: Any) -> None:
    time.sleep(0.3)
    answer()(handler)


def points(world: Any, count: int) -> list[list[Any]]:
    """The four texts and the status of each data point, in their order."""
    eventually(lambda: len(world.analytics.hits) == count)
    events = [json.loads(hit.body) for hit in world.analytics.hits]
    return [
        [*(bytes(event[f"blob{number}"]).decode() for number in range(1, 5)), event["double1"]]
        for event in events
    ]
