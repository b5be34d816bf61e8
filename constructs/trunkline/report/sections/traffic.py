"""The section of what the Worker has counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from trunkline.report.charts.bars import TONES, Bar, bars
from trunkline.report.charts.ranges import Spread, ranges
from trunkline.report.charts.svg import drawing
from trunkline.report.charts.timeline import Drawing, Series, columns, lines
from trunkline.report.parts import Picture, Row, Section, Table
from trunkline.traffic.counted import Counted, Figures, RequestGroup, in_words
from trunkline.traffic.query import MOST_INTERVALS, TIME_FORMAT
from trunkline.traffic.span import Span

MOST_COLUMNS, MOST_BARS = 120, 30
OTHERS = "others"
HEADINGS = ("requests", "errors", "failovers", "p50 ms", "p95 ms", "p99 ms")


def traffic_section(number: int, counted: Counted) -> Section:
    """One file of what was counted; `number` tells the sections of several files apart."""
    drawn = _Drawn(number, counted)
    pictures = drawn.over_time() if counted.every else drawn.by_group()
    table = drawn.table()
    return Section(
        id=f"traffic-{number}",
        title="Traffic" if number == 1 else f"Traffic, file {number}",
        lead=list(_lead(counted)),
        pictures=tuple(pictures) if counted.groups else (),
        tables=() if counted.groups else (table,),
    )


def _lead(counted: Counted) -> Iterator[str]:
    total = counted.total
    only = "".join(f", {name} {value} alone" for name, value in counted.only.items())
    yield (
        f"{total.requests:,} requests in the {counted.since} before {counted.asked_at}{only}: "
        f"{total.errors:,} errors{_share(total.errors, total)}, "
        f"{total.failovers:,} failovers{_share(total.failovers, total)}."
    )
    if total.p50_ms is not None:
        known = (("half", total.p50_ms), ("95%", total.p95_ms), ("99%", total.p99_ms))
        words = [f"{share} within {ms:,.0f} ms" for share, ms in known if ms is not None]
        yield f"Answered: {', '.join(words)}, as the Worker measured it until the headers."


def _share(part: int, total: Figures) -> str:
    return f" ({part / total.requests:.2%})" if part and total.requests else ""


class _Drawn:
    """The pictures of a file."""

    def __init__(self, number: int, counted: Counted) -> None:
        self.number, self.counted = number, counted
        requests: Counter[str] = Counter()
        for each in counted.groups:
            requests[_name(each, counted)] += each.figures.requests
        self.names = [name for name, _ in requests.most_common()]
        self.times = list(_times(counted)) if counted.every and counted.groups else []
        self.labels = [time[5:16] for time in self.times]

    def table(self) -> Table:
        rows = [
            (*each.keys.values(), *each.figures.as_dict().values()) for each in self.counted.groups
        ]
        return self._table("counted", (*self.counted.keys, *HEADINGS), rows)

    def by_group(self) -> Iterator[Picture]:
        groups = self.counted.groups[:MOST_BARS]
        rest = f" The largest {MOST_BARS}." if len(self.counted.groups) > MOST_BARS else ""
        parts = ["answered at once", "after a failover", "errors"]
        found = [
            Bar(_name(each, self.counted), _parts(each.figures), f"{each.figures.requests:,}")
            for each in groups
        ]
        description = f"The requests of each group, by what became of them.{rest}"
        drawn = bars(found, parts)
        yield self._picture("requests", "Requests", description, drawn, self.table())
        spreads = [
            Spread(name=_name(each, self.counted), median=f.p50_ms, p90=f.p95_ms, p99=f.p99_ms)
            for each in groups
            if (f := each.figures).p50_ms
        ]
        if spreads:
            description = (
                "Milliseconds on a logarithmic scale: the dot is the median, the bar ends at p95, "
                f"the line at p99.{rest}"
            )
            rows = [(each.name, each.median, each.p90, each.p99) for each in spreads]
            table = self._table("latency", ("of", "p50 ms", "p95 ms", "p99 ms"), rows)
            yield self._picture("latency", "Latency", description, ranges(spreads), table)

    def over_time(self) -> Iterator[Picture]:
        every = f"In intervals of {self.counted.every}, in UTC."
        drawn = columns(*_merged(self.labels, self._requests()))
        yield self._picture("requests", "Requests over time", every, drawn, self.table())
        total = self.counted.total
        if total.errors or total.failovers:
            bad = [
                Series("errors", self._sums(lambda figures: figures.errors)),
                Series("failovers", self._sums(lambda figures: figures.failovers)),
            ]
            drawn, title = columns(*_merged(self.labels, bad)), "Errors and failovers over time"
            rows = list(zip(self.times, *(each.values for each in bad), strict=True))
            table = self._table("errors", ("time", "errors", "failovers"), rows)
            yield self._picture("errors", title, every, drawn, table)
        slow = [Series(name, self._p95(name)) for name in self.names[:TONES]]
        title, drawn = "Latency over time, p95 in milliseconds", lines(self.labels, slow)
        rows = list(zip(self.times, *(each.values for each in slow), strict=True))
        table = self._table("latency", ("time", *(each.name for each in slow)), rows)
        yield self._picture("latency", title, every, drawn, table)

    def _table(self, kind: str, headings: Sequence[str], rows: Sequence[Row]) -> Table:
        return Table(
            name=f"traffic-{kind}-{self.number}",
            caption="What the Worker counted; times are in UTC",
            headings=tuple(headings),
            rows=tuple(rows),
            decimals=0,
        )

    def _picture(
        self, kind: str, title: str, description: str, drawn: Drawing, table: Table
    ) -> Picture:
        size, parts = drawn
        svg = drawing(f"traffic-{kind}-{self.number}", title, description, size, parts)
        return Picture(title=title, description=description, svg=svg, table=table)

    def _p95(self, name: str) -> tuple[float | None, ...]:
        groups = [each for each in self.counted.groups if _name(each, self.counted) == name]
        found = {each.time: each.figures.p95_ms for each in groups}
        return tuple(found.get(time) for time in self.times)

    def _sums(
        self, figure: Callable[[Figures], int], names: Collection[str] | None = None
    ) -> tuple[int, ...]:
        """Those of the groups of these names, or of all."""
        sums = dict.fromkeys(self.times, 0)
        for each in self.counted.groups:
            if names is None or _name(each, self.counted) in names:
                sums[each.time] = sums.get(each.time, 0) + figure(each.figures)
        return tuple(sums[time] for time in self.times)

    def _requests(self) -> list[Series]:
        """One for each name; the least of too many are one."""
        most = TONES if len(self.names) <= TONES else TONES - 1
        groups = {name: {name} for name in self.names[:most]}
        if rest := set(self.names[most:]):
            groups[OTHERS] = rest
        return [Series(name, self._sums(_requests_of, of)) for name, of in groups.items()]


def _requests_of(figures: Figures) -> int:
    return figures.requests


def _times(counted: Counted) -> Iterator[str]:
    """The begin of each interval, from the first with a request to the last."""
    begins = [datetime.strptime(e.time, TIME_FORMAT).replace(tzinfo=UTC) for e in counted.groups]
    step = timedelta(seconds=Span.parse(counted.every, "every").seconds)
    for number in range(min((max(begins) - min(begins)) // step, MOST_INTERVALS) + 1):
        yield f"{min(begins) + number * step:{TIME_FORMAT}}"


def _name(group: RequestGroup, counted: Counted) -> str:
    """What tells a group apart, but for its time."""
    values = [in_words(name, group.keys[name]) for name in counted.by]
    return " · ".join(values) or "all"


def _parts(figures: Figures) -> tuple[float, ...]:
    at_once = max(figures.requests - figures.errors - figures.failovers, 0)
    return at_once, figures.failovers, figures.errors


def _merged(labels: Sequence[str], series: Sequence[Series]) -> tuple[list[str], list[Series]]:
    """Several intervals as one where there are more than can be seen."""
    many = -(-len(labels) // MOST_COLUMNS)
    starts = range(0, len(labels), many)
    return [labels[start] for start in starts], [
        Series(e.name, tuple(sum(v or 0 for v in e.values[s : s + many]) for s in starts))
        for e in series
    ]
