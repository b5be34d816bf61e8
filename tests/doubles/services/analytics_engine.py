"""Analytics Engine's SQL API, over the data points that a Worker has written in workerd.

    https://developers.cloudflare.com/analytics/analytics-engine/sql-api/
    https://developers.cloudflare.com/analytics/analytics-engine/sql-reference/

SQLite evaluates the statement, after its few words of ClickHouse are SQLite's. Whatever the
reference does not list is refused, and so is what Analytics Engine is known to refuse: a dataset
without data points, and a column that no row of the answer has.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

BLOBS = [f"blob{number}" for number in range(1, 21)]
DOUBLES = [f"double{number}" for number in range(1, 21)]
COLUMNS = ["timestamp", "_sample_interval", "index1", *BLOBS, *DOUBLES]
SECONDS = {"MINUTE": 60, "HOUR": 3_600, "DAY": 86_400}
KEYWORDS = frozenset(("AND", "OR", "NOT", "IN", "AS", "BETWEEN"))
FUNCTIONS = frozenset(
    ("count", "sum", "avg", "min", "max", "if", "now", "tostartofinterval", "quantileexactweighted")
)
SHAPE = re.compile(
    r"SELECT (?P<select>.+?)\s+FROM (?P<dataset>\w+)(?:\s+WHERE (?P<where>.+?))?"
    r"(?:\s+GROUP BY (?P<group>.+?))?(?:\s+ORDER BY (?P<order>.+?))?"
    r"(?:\s+LIMIT (?P<limit>\d+|ALL))?(?:\s+FORMAT JSON)?\s*",
    re.DOTALL | re.IGNORECASE,
)
INTERVAL = r"INTERVAL '(\d+)' (\w+)"


class SqlError(Exception):
    """What Analytics Engine answers with status 422."""


@dataclass
class AnalyticsEngine:
    """The datasets of one account, by their names."""

    account_id: str
    token: str
    points: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def write(self, dataset: str, event: dict[str, Any], sample_interval: int = 1) -> None:
        """Keep a data point as workerd sends it."""
        row: dict[str, Any] = {
            "timestamp": int(event["timestamp"]) // 10**9,  # there are no parts of seconds
            "_sample_interval": sample_interval,
        }
        for name in ("index1", *BLOBS):
            row[name] = bytes(event.get(name, ())).decode()
        row |= {name: float(event.get(name, 0)) for name in DOUBLES}
        self.points[dataset].append(row)

    def answer(self, method: str, path: str, authorization: str, body: str) -> tuple[int, bytes]:
        """The status and the content of an answer."""
        if authorization != f"Bearer {self.token}":
            return 401, _error(10000, "Authentication error")
        if path != f"/client/v4/accounts/{self.account_id}/analytics_engine/sql":
            return 404, _error(7003, f"Could not route to {path}")
        if method != "POST":
            return 405, _error(10405, "Method not allowed")
        try:
            return 200, json.dumps(self._rows(body)).encode()
        except SqlError as error:
            return 422, str(error).encode()

    def _rows(self, sql: str) -> dict[str, Any]:
        if sql == "SHOW TABLES FORMAT JSON":
            return {"data": [{"dataset": name, "type": "dynamic"} for name in self.points]}
        parts = SHAPE.fullmatch(sql)
        if not parts:
            raise SqlError("sql parser error")
        if parts["dataset"] not in self.points:
            raise SqlError(f"table does not exist: {parts['dataset']}")
        return _evaluate(self.points[parts["dataset"]], parts)


def _evaluate(points: Sequence[dict[str, Any]], parts: re.Match[str]) -> dict[str, Any]:
    aliases = _aliases(parts["select"])
    for name in (parts["order"] or "").replace(",", " ").split():
        if name not in aliases and name.upper() not in ("ASC", "DESC"):
            raise SqlError(f"unable to find type of column: {name}")
    where = f" WHERE {_translated(parts['where'])}" if parts["where"] else ""
    statement = f"SELECT {_translated(parts['select'])} FROM points{where}"  # noqa: S608
    statement += f" GROUP BY {parts['group']}" if parts["group"] else ""
    statement += f" ORDER BY {parts['order']}" if parts["order"] else ""
    statement += f" LIMIT {parts['limit']}" if (parts["limit"] or "ALL") != "ALL" else ""
    with _database(points) as database:
        try:
            matching = database.execute(f"SELECT count(*) FROM points{where}")  # noqa: S608
            if not matching.fetchone()[0]:
                raise SqlError('unable to find type of column: "double1"')
            found = database.execute(statement)
            names = [each[0] for each in found.description]
            rows = [dict(zip(names, map(_shown, row), strict=True)) for row in found]
        except sqlite3.Error as error:
            raise SqlError(f"sql error: {error}") from None
    return {"meta": [{"name": name} for name in names], "data": rows, "rows": len(rows)}


def _aliases(select: str) -> set[str]:
    return set(re.findall(r" AS (\w+)", select, re.IGNORECASE))


def _translated(sql: str) -> str:
    """The words that SQLite has in place of ClickHouse's."""
    bare = re.sub(r"'[^']*'", "''", sql)
    for name in re.findall(r"(\w+)\s*\(", bare):
        if name.upper() not in KEYWORDS and name.lower() not in FUNCTIONS:
            raise SqlError(f"unknown function call: {name}")
    for name in re.findall(r"\b(?:_sample_interval|blob\w+|double\w+|index\w+)\b", bare):
        if name not in COLUMNS:
            raise SqlError(f"unable to find type of column: {name}")
    sql = re.sub(rf"toStartOfInterval\((\w+), {INTERVAL}\)", _start, sql, flags=re.IGNORECASE)
    sql = re.sub(rf"NOW\(\) - {INTERVAL}", _ago, sql, flags=re.IGNORECASE)
    sql = re.sub(r"quantileExactWeighted\(([\d.]+)\)\(", r"quantile(\1, ", sql, flags=re.IGNORECASE)
    return re.sub(r"\bif\(", "iif(", sql, flags=re.IGNORECASE)


def _start(found: re.Match[str]) -> str:
    return f"datetime({found[1]} - {found[1]} % {_seconds(found[2], found[3])}, 'unixepoch')"


def _ago(found: re.Match[str]) -> str:
    return f"{time.time() - _seconds(found[1], found[2]):.0f}"


def _seconds(count: str, unit: str) -> int:
    if unit.upper() not in SECONDS:
        raise SqlError(f"unsupported interval: {unit}")
    return int(count) * SECONDS[unit.upper()]


class _Quantile:
    """https://clickhouse.com/docs/sql-reference/aggregate-functions/reference/quantileexactweighted"""

    def __init__(self) -> None:
        self.level, self.weights = 0.0, defaultdict[float, int](int)

    def step(self, level: float, value: float, weight: int) -> None:
        self.level = level
        self.weights[value] += weight

    def finalize(self) -> float:
        wanted, passed = self.level * sum(self.weights.values()), 0
        for value, weight in sorted(self.weights.items()):
            passed += weight
            if passed >= wanted:
                return value
        return math.nan


@contextlib.contextmanager
def _database(points: Sequence[dict[str, Any]]) -> Iterator[sqlite3.Connection]:
    """The points in a database of memory."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.create_aggregate("quantile", 3, _Quantile)  # type: ignore[arg-type]
        database.execute(f"CREATE TABLE points ({', '.join(COLUMNS)})")
        places = ", ".join("?" * len(COLUMNS))
        rows = ([point[name] for name in COLUMNS] for point in points)
        database.executemany(f"INSERT INTO points VALUES ({places})", rows)  # noqa: S608
        yield database


def _shown(value: Any) -> Any:
    """ClickHouse writes whole numbers of 64 bits, such as a sum of them, as texts."""
    return str(value) if isinstance(value, int) else value


def _error(code: int, message: str) -> bytes:
    errors = [{"code": code, "message": message}]
    return json.dumps({"success": False, "errors": errors, "result": None}).encode()
