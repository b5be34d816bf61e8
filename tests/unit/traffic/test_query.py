"""Spans of time, and the statement that is asked."""

from __future__ import annotations

import pytest
from doubles.services.analytics_engine import AnalyticsEngine
from support.analytics import point

from trunkline.traffic.query import TrafficQuery
from trunkline.traffic.span import Span, TrafficError

PATH = "/client/v4/accounts/a/analytics_engine/sql"


@pytest.mark.parametrize(
    ("text", "seconds", "sql"),
    [
        ("15m", 900, "INTERVAL '15' MINUTE"),
        ("24h", 86_400, "INTERVAL '24' HOUR"),
        ("7d", 604_800, "INTERVAL '7' DAY"),
    ],
)
def test_a_span_is_a_number_and_its_unit(text: str, seconds: int, sql: str) -> None:
    span = Span.parse(text, "--since")
    assert (str(span), span.seconds, span.sql) == (text, seconds, sql)


@pytest.mark.parametrize("text", ["", "1", "0h", "-1h", "1w", "1.5h", "1h ", "\u0661h"])
def test_what_is_no_span_is_refused_with_its_option(text: str) -> None:
    with pytest.raises(TrafficError, match=r"--since .* is not a time; write minutes"):
        Span.parse(text, "--since")


def test_the_statement_has_its_groups_its_figures_and_what_counts_alone() -> None:
    query = TrafficQuery(
        dataset="shop",
        since=Span(7, "d"),
        by=["site"],
        every=Span(1, "h"),
        only={"route": "/api"},
    )
    assert query.sql.splitlines() == [
        "SELECT toStartOfInterval(timestamp, INTERVAL '1' HOUR) AS time, blob2 AS site, "
        "SUM(_sample_interval) AS requests, "
        "SUM(IF(double1 >= 500, _sample_interval, 0)) AS errors, "
        "SUM(IF(blob3 != '' AND double1 < 500, _sample_interval, 0)) AS failovers, "
        "quantileExactWeighted(0.5)(double2, _sample_interval) AS p50_ms, "
        "quantileExactWeighted(0.95)(double2, _sample_interval) AS p95_ms, "
        "quantileExactWeighted(0.99)(double2, _sample_interval) AS p99_ms",
        "FROM shop",
        "WHERE timestamp > NOW() - INTERVAL '7' DAY AND blob1 = '/api'",
        "GROUP BY time, site",
        "LIMIT 10000",
        "FORMAT JSON",
    ]
    assert "GROUP BY" not in query.total.sql


def test_more_than_is_kept_and_too_many_intervals_are_refused() -> None:
    with pytest.raises(TrafficError, match="data points are kept for 90d"):
        TrafficQuery(dataset="shop", since=Span(91, "d"))
    with pytest.raises(TrafficError, match="makes more than 1,000 intervals of 7d"):
        TrafficQuery(dataset="shop", since=Span(7, "d"), every=Span(1, "m"))


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT uniq(blob1) AS n FROM shop FORMAT JSON", "unknown function call: uniq"),
        ("SELECT blob21 AS n FROM shop", "unable to find type of column: blob21"),
        ("SELECT blob1 AS n FROM shop ORDER BY blob1", "unable to find type of column: blob1"),
        ("SELECT blob1 AS n FROM shop WHERE blob1 = 'x'", "unable to find type of column"),
        ("SELECT blob1 AS n FROM other", "table does not exist: other"),
        ("SELECT blob1 AS n FROM shop WHERE timestamp > NOW() - INTERVAL '1' WEEK", "unsupported"),
        ("DROP TABLE shop", "sql parser error"),
        ("SELECT nothing AS n FROM shop", "sql error"),
    ],
)
def test_the_double_refuses_what_analytics_engine_refuses(sql: str, words: str) -> None:
    engine = AnalyticsEngine("a", "t")
    engine.write("shop", point())
    status, said = engine.answer("POST", PATH, "Bearer t", sql)
    assert status == 422
    assert said.decode().startswith(words)
    assert engine.answer("GET", PATH, "Bearer t", "")[0] == 405
