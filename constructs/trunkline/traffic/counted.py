"""What was counted of requests: groups of them, each with its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from trunkline.model.converters import texts
from trunkline.traffic.query import FIGURES, TIME

_EMPTY = {"route": "no route", "site": "the Worker", "failed": "none"}


@frozen(kw_only=True)
class Figures:
    """Of some requests.

    - `requests`: how many; where Analytics Engine has kept a sample, about so many.
    - `errors`: those that were answered with 5xx.
    - `failovers`: those that were answered after an edge had failed them.
    - `p50_ms`, `p95_ms`, `p99_ms`: until the headers of the answer; None without a request.
    """

    requests: int
    errors: int
    failovers: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None

    def as_dict(self) -> dict[str, Any]:
        """For tools."""
        return {name: getattr(self, name) for name in FIGURES}


NOTHING = Figures(requests=0, errors=0, failovers=0, p50_ms=None, p95_ms=None, p99_ms=None)


@frozen
class RequestGroup:
    """The requests that agree in `keys`, which hold the begin of an interval as `time`."""

    keys: Mapping[str, str]
    figures: Figures

    @property
    def time(self) -> str:
        """The begin of its interval, in UTC; empty where there are no intervals."""
        return self.keys.get(TIME, "")

    def as_dict(self) -> dict[str, Any]:
        """For tools."""
        return {**self.keys, **self.figures.as_dict()}


def in_words(name: str, value: str) -> str:
    """A value of a key as people read it: an empty one says something too."""
    return value or _EMPTY.get(name, "-")


def _groups(groups: Sequence[RequestGroup]) -> tuple[RequestGroup, ...]:
    return tuple(sorted(groups, key=lambda each: (each.time, -each.figures.requests)))


@frozen(kw_only=True)
class Counted:
    """What the Worker of a topology has counted.

    - `topology`: its name.
    - `asked_at`: when, in UTC.
    - `since`: how far back, such as `24h`.
    - `every`: the length of the intervals; empty where there are none.
    - `by`: what tells the groups apart.
    - `only`: what counted alone.
    - `total`: all in one.
    - `groups`: by time, and the largest first.
    """

    topology: str
    asked_at: str
    since: str
    every: str = ""
    by: tuple[str, ...] = field(default=(), converter=texts)
    only: Mapping[str, str] = field(factory=dict)
    total: Figures
    groups: tuple[RequestGroup, ...] = field(converter=_groups)

    @property
    def keys(self) -> tuple[str, ...]:
        """What each group has a value for."""
        return ((TIME,) if self.every else ()) + self.by

    def as_dict(self) -> dict[str, Any]:
        """For tools."""
        return {
            "topology": self.topology,
            "asked_at": self.asked_at,
            "since": self.since,
            "every": self.every,
            "by": list(self.by),
            "only": dict(self.only),
            "total": self.total.as_dict(),
            "groups": [group.as_dict() for group in self.groups],
        }


def figures(row: Mapping[str, Any]) -> Figures:
    """Those of a row.

    Analytics Engine writes large numbers as texts. ValueError, KeyError or TypeError where the row
    is another one.
    """
    given: dict[str, Any] = {
        name: (_milliseconds if name.endswith("_ms") else _whole)(row[name]) for name in FIGURES
    }
    return Figures(**given)


def group(row: Mapping[str, Any], keys: Sequence[str]) -> RequestGroup:
    """A row with what tells it apart; errors as of `figures`."""
    return RequestGroup({name: _text(row[name]) for name in keys}, figures(row))


def _whole(value: Any) -> int:
    number = round(float(value))
    if number < 0:
        raise ValueError("less than none")
    return number


def _milliseconds(value: Any) -> float | None:
    """A time; not a number (NaN) where there were no requests."""
    if value is None or value in ("nan", "NaN"):
        return None
    number = float(value)
    return number if 0 <= number < float("inf") else None


def _text(value: Any) -> str:
    """Statuses are numbers: `200` in place of `200.0`."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)
