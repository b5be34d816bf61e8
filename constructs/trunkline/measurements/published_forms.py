"""The forms in which round trips between the zones of one cloud are published.

- AWS Network Manager, Infrastructure Performance: what `aws ec2 get-aws-network-performance-data`
  prints. Medians in milliseconds of whole round trips, between AZ IDs
  (https://docs.aws.amazon.com/network-manager/latest/infrastructure-performance/how-nmip-works.html).
- azure-netbench: a JSON array with an object for each run of qperf, whose latency is of one way
  (https://github.com/vmisson/azure-netbench; qperf(1), tcp_lat).
- A table as CSV, such as FlashGrid's of AWS
  (https://www.flashgrid.io/news/latencies-between-aws-availability-zones-what-are-they-and-how-to-minimize-them/):
  rows of `from,to,round_trip_ms`, or a matrix in milliseconds with the zones in its first row and
  column.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import field, frozen

from trunkline.documents.findings import Finding, shown
from trunkline.documents.source import FileKind, Source

PUBLISHED_FILE = FileKind(
    "published figures",
    max_bytes=64 * 1024 * 1024,
    remedy="name what aws ec2 get-aws-network-performance-data prints, azure-netbench's JSON, or "
    "CSV with the columns from,to,round_trip_ms",
)
COLUMNS = ("from", "to", "round_trip_ms")

_MOST_MS = 10_000.0
_QPERF = re.compile(r"([0-9]+(?:\.[0-9]+)?) (us|ms)")
_WAYS = 2  # qperf gives one way of a round trip


@frozen
class PublishedFigure:
    """A published round trip between two physical zones; `is_median`, or it is a mean."""

    here: str
    there: str
    round_trip_us: float
    moment: datetime
    is_median: bool = False


@frozen
class PublishedFigures:
    """The figures of several files, and the mistakes in them."""

    figures: list[PublishedFigure] = field(factory=list)
    findings: list[Finding] = field(factory=list)


class _FormError(Exception):
    """What is wrong with an entry: the offset in the file, and the message."""


def read_figures(sources: Iterable[Source]) -> PublishedFigures:
    """All figures of the files; a file with a mistake gives a finding."""
    found = PublishedFigures()
    for source in sources:
        try:
            found.figures.extend(_read(source))
        except _FormError as error:
            offset, message = error.args
            found.findings.append(source.finding(offset, message, PUBLISHED_FILE.remedy))
    return found


def _read(source: Source) -> Iterator[PublishedFigure]:
    start = source.text.lstrip()[:1]
    if start not in ("{", "["):
        yield from _csv(source.text)
        return
    try:
        data = json.loads(source.text)
    except json.JSONDecodeError as error:
        raise _FormError(error.pos, f"this is not JSON: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise _FormError(0, "this is not JSON that can be read") from error
    if isinstance(data, dict) and isinstance(data.get("DataResponses"), list):
        yield from _aws(data["DataResponses"])
    elif isinstance(data, list) and all(_is_netbench(each) for each in data):
        yield from _netbench(data)
    else:
        raise _FormError(0, "this is none of the forms that are known")


def _aws(responses: Sequence[Any]) -> Iterator[PublishedFigure]:
    for response in responses:
        if not isinstance(response, dict) or response.get("Metric") != "aggregate-latency":
            raise _FormError(0, f"{shown(response)} is not a response about aggregate-latency")
        for point in response.get("MetricPoints") or ():
            if isinstance(point, dict) and point.get("Status", "OK") == "OK":
                yield _figure(
                    response.get("Source"),
                    response.get("Destination"),
                    point.get("Value"),
                    _moment(point.get("EndDate")),
                    is_median=response.get("Statistic") == "p50",
                )


def _is_netbench(entry: Any) -> bool:
    keys = {"RowKey", "Source", "Destination", "Latency"}
    return isinstance(entry, dict) and keys <= set(entry)


def _netbench(entries: Sequence[Mapping[str, Any]]) -> Iterator[PublishedFigure]:
    """Entries such as `{"RowKey": "eastus", "Source": "az1", ..., "Latency": "42.1 us"}`."""
    for entry in entries:
        match = _QPERF.fullmatch(str(entry["Latency"]))
        if not match:
            raise _FormError(0, f"{shown(entry['Latency'])} is not a latency of qperf")
        one_way_ms = float(match[1]) / (1000 if match[2] == "us" else 1)
        here, there = (f"{entry['RowKey']}-{entry[end]}" for end in ("Source", "Destination"))
        yield _figure(here, there, one_way_ms * _WAYS, _moment(entry.get("Timestamp")))


def _csv(text: str) -> Iterator[PublishedFigure]:
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if any(row)]
    heading = [cell.lower() for cell in rows[0]] if rows else []
    if tuple(heading) == COLUMNS:
        yield from _list(rows[1:])
    elif len(rows) > 1 and rows[0][1:] == [row[0] for row in rows[1:]]:
        yield from _matrix(rows)
    else:
        raise _FormError(0, "the first row is neither from,to,round_trip_ms nor that of a matrix")


def _list(rows: Iterable[Sequence[str]]) -> Iterator[PublishedFigure]:
    for row in rows:
        if len(row) != len(COLUMNS):
            raise _FormError(0, f"the row {shown(','.join(row))} has not {len(COLUMNS)} cells")
        yield _figure(row[0], row[1], row[2], _moment(None))


def _matrix(rows: Sequence[Sequence[str]]) -> Iterator[PublishedFigure]:
    zones = rows[0][1:]
    for here, row in zip(zones, rows[1:], strict=True):
        if len(row) != len(rows[0]):
            raise _FormError(0, f"the row of {shown(here)} has not {len(rows[0])} cells")
        for there, cell in zip(zones, row[1:], strict=True):
            if cell not in ("", "-"):
                yield _figure(here, there, cell, _moment(None))


def _figure(
    here: Any, there: Any, milliseconds: Any, moment: datetime, *, is_median: bool = False
) -> PublishedFigure:
    for zone in (here, there):
        if not isinstance(zone, str) or not zone:
            raise _FormError(0, f"{shown(zone)} is not a zone")
    try:
        value = float(milliseconds)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value <= _MOST_MS:
        raise _FormError(0, f"{shown(milliseconds)} from {here} to {there} is not a time in ms")
    return PublishedFigure(here, there, value * 1000, moment, is_median)


def _moment(text: Any) -> datetime:
    """When a figure was taken; now, where the form does not say it."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
