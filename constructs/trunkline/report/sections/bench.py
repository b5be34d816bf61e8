"""The section of a load test: latency and capacity of its variants, and whether they differ."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

from trunkline.bench.compare import Compared, compare, sides_of, summaries
from trunkline.bench.drive import CAPACITY, LATENCY
from trunkline.bench.results import Results, Run
from trunkline.report.charts.bars import Bar, bars
from trunkline.report.charts.ranges import RATIO, Spread, ranges
from trunkline.report.charts.svg import drawing
from trunkline.report.parts import Picture, Section, Table


def bench_section(number: int, results: Results) -> Section:
    """One file of results; `number` tells the sections of several files apart."""
    compared = compare(sides_of(results)) if len(results.variants) > 1 else []
    title = "Load test" if number == 1 else f"Load test, file {number}"
    found = (
        _latency(number, results),
        _capacity(number, results),
        _differences(number, compared),
    )
    return Section(
        id=f"bench-{number}",
        title=f"{title} of {results.route}",
        lead=list(_lead(results, compared)),
        pictures=tuple(picture for picture in found if picture),
        tables=(_rounds(number, results),),
    )


def _lead(results: Results, compared: Sequence[Compared]) -> Iterator[str]:
    tools = ", ".join(f"{name} {version}" for name, version in results.tools.items())
    where = f"on {results.machine}, by {tools}"
    yield f"{len(results.rounds)} rounds from {results.started_at} {where}."
    for each in compared:
        sentence = each.sentence()
        yield f"{sentence[0].upper()}{sentence[1:]}."
    if not results.complete:
        yield "It ended before its last round."


def _latency(number: int, results: Results) -> Picture | None:
    spreads = []
    for variant in results.variants:
        runs = _runs(results, variant, LATENCY)
        if runs:
            spreads.append(
                Spread(
                    name=variant,
                    median=statistics.median(run.p50_ms for run in runs),
                    p90=_median(runs, lambda run: run.p90_ms),
                    p99=_median(runs, lambda run: run.p99_ms),
                )
            )
    if not spreads or min(spread.median for spread in spreads) <= 0:
        return None
    title = f"Latency of {results.route} at {results.settings.rate:,} requests a second"
    description = (
        "Medians over the rounds: the dot is the median, the bar ends at p90, the line at p99."
    )
    size, parts = ranges(spreads)
    table = Table(
        name=f"bench-latency-{number}",
        caption="Medians over the rounds, in milliseconds",
        headings=("variant", "median", "p90", "p99"),
        rows=tuple((each.name, each.median, each.p90, each.p99) for each in spreads),
    )
    svg = drawing(f"bench-latency-{number}", title, description, size, parts)
    return Picture(title=title, description=description, svg=svg, table=table)


def _capacity(number: int, results: Results) -> Picture | None:
    known = [
        (each.variant, each.requests_per_second, each.errors)
        for each in summaries(sides_of(results))
        if each.requests_per_second is not None
    ]
    if not known:
        return None
    title = f"Capacity of {results.route}"
    description = (
        f"Requests a second over {results.settings.connections:,} connections, the median of the "
        "rounds."
    )
    drawn = [Bar(name, (figure,), f"{figure:,.0f}") for name, figure, _ in known]
    size, parts = bars(drawn, ["requests a second"])
    table = Table(
        name=f"bench-capacity-{number}",
        caption="Medians over the rounds, and the errors of all",
        headings=("variant", "requests a second", "errors"),
        rows=tuple(known),
        decimals=1,
    )
    svg = drawing(f"bench-capacity-{number}", title, description, size, parts)
    return Picture(title=title, description=description, svg=svg, table=table)


def _differences(number: int, compared: Sequence[Compared]) -> Picture | None:
    """The ratios with their intervals; None where there is nothing to compare."""
    drawn = [
        Spread(
            name=_name(each),
            median=each.decision.ratio,
            low=each.decision.low,
            p99=each.decision.high,
            remark=f" · {each.decision.verdict}",
            marked=each.decision.verdict == "different",
        )
        for each in compared
        if each.decision.ratio is not None
    ]
    if not drawn:
        return None
    title = "Differences, with their intervals"
    description = (
        "The dot is the ratio of the two figures, the line its interval; where the line meets 1, "
        "the two may be the same."
    )
    size, parts = ranges(drawn, RATIO)
    table = Table(
        name=f"bench-differences-{number}",
        caption="Ratios to the first variant",
        headings=("what", "ratio", "from", "to", "rounds", "rounds needed", "answer"),
        rows=tuple(
            (_name(each), d.ratio, d.low, d.high, d.rounds, d.needed, d.verdict)
            for each in compared
            for d in [each.decision]
        ),
    )
    svg = drawing(f"bench-differences-{number}", title, description, size, parts)
    return Picture(title=title, description=description, svg=svg, table=table)


def _rounds(number: int, results: Results) -> Table:
    return Table(
        name=f"bench-{number}",
        caption="Variants",
        headings=("variant", "URL", "rounds with latency", "rounds with capacity"),
        rows=tuple(
            (
                variant,
                url,
                len(_runs(results, variant, LATENCY)),
                len(_runs(results, variant, CAPACITY)),
            )
            for variant, url in results.variants.items()
        ),
    )


def _runs(results: Results, variant: str, tool: str) -> list[Run]:
    return [run for run in results.runs(variant, tool) if run]


def _median(runs: Sequence[Run], figure: Callable[[Run], float | None]) -> float | None:
    known = [found for run in runs if (found := figure(run)) is not None]
    return statistics.median(known) if known else None


def _name(each: Compared) -> str:
    return f"{each.metric.name}: {each.variant} to {each.base}"
