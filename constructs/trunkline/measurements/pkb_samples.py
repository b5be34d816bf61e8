"""Reads the results of PerfKit Benchmarker: newline-delimited JSON, one sample per line.

Its publishers append to a file, so a sample may be repeated, with the same `sample_uri`. Metadata
is an object (`metadata`), or a string of `|key:value|` parts joined by commas (`labels`), as in
PerfKit's `publisher.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from attrs import field, frozen

from trunkline.documents.findings import Finding, shown
from trunkline.documents.source import FileKind, Source

Benchmark = Literal["ping", "netperf"]

PING = {
    "Min Latency": "min",
    "Average Latency": "mean",
    "Max Latency": "max",
    "Latency Std Dev": "stddev",
}
RATE = "rate"
NETPERF = {
    **{f"TCP_RR_Latency_{name}": name for name in ("min", "p50", "p90", "p99", "stddev")},
    "TCP_RR_Transaction_Rate": RATE,
}
FIGURES: dict[Benchmark, dict[str, str]] = {"ping": PING, "netperf": NETPERF}

SAMPLES_FILE = FileKind(
    "samples", max_bytes=64 * 1024 * 1024, remedy="name files that PerfKit published"
)

LONGEST_US = 10_000_000
_MICROSECONDS = {"us": 1.0, "ms": 1000.0, "s": 1_000_000.0}
_RATES = ("transactions_per_second", "Trans/s")
_EPOCH_ENDS = 4_102_444_800  # the year 2100


@frozen
class Sample:
    """One figure of one run: microseconds, or transactions a second where `figure` is "rate".

    `run` is the run's name and its number: PerfKit repeats a run under one name.
    """

    run: tuple[str, str]
    benchmark: Benchmark
    figure: str
    value: float
    seconds: float
    sending: str
    receiving: str
    ip_type: str
    metadata: dict[str, str]

    @property
    def identity(self) -> tuple[object, ...]:
        """What tells it from every other figure."""
        return (self.run, self.benchmark, self.figure, self.sending, self.receiving, self.ip_type)


@frozen
class Samples:
    """The samples of several files without repetitions, which `repeated` counts."""

    samples: list[Sample] = field(factory=list)
    findings: list[Finding] = field(factory=list)
    repeated: int = 0


class _SampleError(Exception):
    """A sample that is not valid: the key, the message and the remedy."""


def read_samples(sources: Iterable[Source]) -> Samples:
    """Every latency sample of ping and of netperf's TCP_RR; other benchmarks are skipped."""
    result, seen, repeated = Samples(), set[str](), 0
    figures = set[tuple[object, ...]]()
    for source in sources:
        if refused := _refused(source):
            result.findings.append(refused)
            continue
        for offset, line in _lines(source):
            try:
                data = _object(line)
                if data["test"] not in FIGURES or data["metric"] not in FIGURES[data["test"]]:
                    continue
                key = str(data.get("sample_uri") or line.strip())
                if key in seen:
                    repeated += 1
                    continue
                seen.add(key)
                # netperf's deviation comes twice a run: its own, then one of its histogram.
                if (sample := _sample(data)) and sample.identity not in figures:
                    figures.add(sample.identity)
                    result.samples.append(sample)
            except json.JSONDecodeError as error:
                result.findings.append(_not_json(source, offset, line, error))
            except _SampleError as error:
                key, message, remedy = error.args
                result.findings.append(source.finding(offset, message, remedy, path=key))
    return Samples(result.samples, result.findings, repeated)


def _refused(source: Source) -> Finding | None:
    """The one finding of a file that PerfKit publishes in another format."""
    start = source.text.lstrip()[:200]
    remedy = "name perfkitbenchmarker_results.json of the run's folder, which has an object a line"
    if start.startswith("["):
        return source.finding(0, "this is a JSON array, not one object on each line", remedy)
    header = start.partition("\n")[0].replace('"', "").split(",")
    if {"metric", "value", "unit"} <= {name.strip() for name in header}:
        return source.finding(0, "this is what PerfKit's CSV publisher writes", remedy)
    return None


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    offset = 0
    for line in source.text.split("\n"):
        if line.strip():
            yield offset, line
        offset += len(line) + 1


def _not_json(source: Source, offset: int, line: str, error: json.JSONDecodeError) -> Finding:
    last = offset + len(line) >= len(source.text.rstrip())
    message = "the last line is cut short" if last else f"this line is not JSON: {error.msg}"
    remedy = "delete the line, or take the whole file from PerfKit's run folder"
    return source.finding(offset + error.pos, message, remedy)


def _object(line: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (RecursionError, ValueError) as error:
        if isinstance(error, json.JSONDecodeError):
            raise
        raise _wrong(SAMPLES_FILE.name, "this line is not a sample") from error
    if not isinstance(data, dict):
        raise _wrong(SAMPLES_FILE.name, f"{shown(data)} is not a sample")
    for key in ("test", "metric"):
        if not isinstance(data.get(key), str):
            raise _wrong(key, f"the key {key} is missing or not text")
    return data


def _wrong(key: str, message: str) -> _SampleError:
    return _SampleError(key, message, f"delete the line, or {SAMPLES_FILE.remedy}")


def _sample(data: dict[str, Any]) -> Sample | None:
    """The sample, or None if its figure cannot be used.

    netperf computes latencies for each thread alone: with several threads they mean nothing.
    """
    benchmark: Benchmark = data["test"]
    metadata = _metadata(data)
    threads = metadata.get("sending_thread_count", metadata.get("num_streams"))
    if benchmark == "netperf" and threads != "1":
        return None
    for key in ("sending_zone", "receiving_zone"):
        if not metadata.get(key):
            raise _wrong("metadata", f"the metadata has no {key}")
    figure = FIGURES[benchmark][data["metric"]]
    return Sample(
        (str(data.get("run_uri")), metadata.get("run_number", "")),
        benchmark,
        figure,
        _rate(data) if figure == RATE else _microseconds(data, figure),
        _number(data, "timestamp", _EPOCH_ENDS),
        metadata["sending_zone"],
        metadata["receiving_zone"],
        metadata.get("ip_type", ""),
        metadata,
    )


def _metadata(data: dict[str, Any]) -> dict[str, str]:
    if isinstance(labels := data.get("labels"), str):
        parts = labels.strip()[1:-1].split("|,|") if labels.strip() else []
        return {key: value for key, _, value in (part.partition(":") for part in parts)}
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        raise _wrong("metadata", "the sample has neither metadata nor labels")
    return {key: str(value) for key, value in metadata.items()}


def _microseconds(data: dict[str, Any], figure: str) -> float:
    unit = data.get("unit")
    if unit not in _MICROSECONDS:
        raise _wrong("unit", f"{shown(unit)} is not a unit of time that PerfKit uses")
    value = _number(data, "value", LONGEST_US / _MICROSECONDS[unit]) * _MICROSECONDS[unit]
    if value == 0 and figure != "stddev":
        raise _wrong("value", "a round trip cannot take no time")
    return round(value, 3)


def _rate(data: dict[str, Any]) -> float:
    if data.get("unit") not in _RATES:
        raise _wrong("unit", f"{shown(data.get('unit'))} is not {_RATES[0]}")
    return _number(data, "value", 1e9)


def _number(data: dict[str, Any], key: str, most: float) -> float:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(key, f"{shown(value)} is not a number")
    if not 0 <= value <= most:
        raise _wrong(key, f"{shown(value)} is out of range: 0 to {most:g}")
    return float(value)
