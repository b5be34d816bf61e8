"""The SQL with which Analytics Engine is asked.

    https://developers.cloudflare.com/analytics/analytics-engine/sql-reference/

It may keep a sample of the data points: `_sample_interval` is how many requests a row stands for.
The rows are put in order here: there ORDER BY takes nothing but what SELECT has named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from attrs import evolve, field, frozen

from trunkline.model.converters import texts
from trunkline.routing import COLUMNS
from trunkline.traffic.span import Span, TrafficError

GROUPS = ("route", "site", "status", "method", "failed")
"""By what requests can be told apart."""

TIME, TIME_FORMAT = "time", "%Y-%m-%d %H:%M:%S"
MOST_ROWS, MOST_INTERVALS = 10_000, 1_000
KEPT = Span(90, "d")
"""https://developers.cloudflare.com/analytics/analytics-engine/limits/#data-retention"""

_STATUS, _FAILED, _MS = COLUMNS["status"], COLUMNS["failed"], COLUMNS["milliseconds"]
_SAMPLED = "_sample_interval"

FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "requests": f"SUM({_SAMPLED})",
        "errors": f"SUM(IF({_STATUS} >= 500, {_SAMPLED}, 0))",
        "failovers": f"SUM(IF({_FAILED} != '' AND {_STATUS} < 500, {_SAMPLED}, 0))",
        **{
            f"p{percent}_ms": f"quantileExactWeighted({percent / 100})({_MS}, {_SAMPLED})"
            for percent in (50, 95, 99)
        },
    }
)
"""What is counted: a failover is a request that was answered after an edge had failed it."""


@frozen(kw_only=True)
class TrafficQuery:
    """What is asked.

    - `dataset`: the table.
    - `since`: how far back.
    - `by`: what requests are told apart by, of GROUPS.
    - `every`: the length of the intervals of time; None for one that is all of it.
    - `only`: the values that count alone, by the names in GROUPS.
    """

    dataset: str
    since: Span
    by: tuple[str, ...] = field(default=(), converter=texts)
    every: Span | None = None
    only: Mapping[str, str] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.since.seconds > KEPT.seconds:
            raise TrafficError(f"--since {self.since}: data points are kept for {KEPT}; use less")
        if self.every and self.since.seconds / self.every.seconds > MOST_INTERVALS:
            raise TrafficError(
                f"--every {self.every} makes more than {MOST_INTERVALS:,} intervals of "
                f"{self.since}: use a longer one"
            )

    @property
    def total(self) -> TrafficQuery:
        """The same, all in one."""
        return evolve(self, by=(), every=None)

    @property
    def keys(self) -> tuple[str, ...]:
        """What tells the rows of the answer apart."""
        return ((TIME,) if self.every else ()) + self.by

    @property
    def sql(self) -> str:
        """The statement."""
        columns = [f"{what} AS {name}" for name, what in self._selected()]
        where = [f"timestamp > NOW() - {self.since.sql}"]
        where += [f"{COLUMNS[name]} = '{value}'" for name, value in self.only.items()]
        grouped = [f"GROUP BY {', '.join(self.keys)}"] if self.keys else []
        lines = [
            f"SELECT {', '.join(columns)}",
            f"FROM {self.dataset}",
            f"WHERE {' AND '.join(where)}",
            *grouped,
            f"LIMIT {MOST_ROWS}",
            "FORMAT JSON",
        ]
        return "\n".join(lines)

    def _selected(self) -> Iterator[tuple[str, str]]:
        if self.every:
            yield TIME, f"toStartOfInterval(timestamp, {self.every.sql})"
        yield from ((name, COLUMNS[name]) for name in self.by)
        yield from FIGURES.items()
