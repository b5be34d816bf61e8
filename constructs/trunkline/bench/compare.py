"""Compares the variants of a load test, or two load tests, figure by figure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

from attrs import frozen

from trunkline.bench.decide import Decision, decide
from trunkline.bench.drive import CAPACITY, LATENCY
from trunkline.bench.results import Results, Run
from trunkline.errors import TrunklineError


class ComparisonError(TrunklineError):
    """Load tests that say nothing about one another."""


@frozen
class Metric:
    """A figure that is compared, the tool that measures it, and whether less is better."""

    name: str
    tool: str
    figure: Callable[[Run], float]
    less_is_better: bool


METRICS = (
    Metric("latency", LATENCY, lambda run: run.p50_ms, less_is_better=True),
    Metric("capacity", CAPACITY, lambda run: run.requests_per_second, less_is_better=False),
)


@frozen
class Side:
    """A variant of a load test."""

    results: Results
    variant: str

    def figures(self, metric: Metric) -> list[float | None]:
        """The figure of each round; None where it is missing."""
        runs = self.results.runs(self.variant, metric.tool)
        return [metric.figure(run) if run else None for run in runs]


@frozen
class Compared:
    """A variant against the first one, by one figure."""

    base: str
    variant: str
    metric: Metric
    decision: Decision

    def sentence(self) -> str:
        """The answer in a sentence."""
        decision, metric = self.decision, self.metric
        if decision.verdict == "not enough rounds":
            return (
                f"{metric.name}: not enough rounds: {decision.rounds} were compared, "
                f"{decision.needed} are needed"
            )
        if decision.verdict == "no difference found" or decision.ratio is None:
            return f"{metric.name}: no difference found in {decision.rounds} rounds"
        change = abs(decision.ratio - 1)
        direction = ("higher" if decision.ratio > 1 else "lower") + f" by {change:.1%}"
        good = (decision.ratio < 1) == metric.less_is_better
        return (
            f"{metric.name}: {self.variant} is {'better' if good else 'worse'} than {self.base}: "
            f"{direction}, after {decision.rounds} rounds"
        )


@frozen
class Summary:
    """The medians over the rounds of a variant; None where nothing was measured."""

    variant: str
    p50_ms: float | None
    p99_ms: float | None
    requests_per_second: float | None
    errors: int


def summaries(sides: Sequence[tuple[str, Side]]) -> Iterator[Summary]:
    """Each side in figures."""
    for name, side in sides:
        latency = _runs(side, LATENCY)
        capacity = _runs(side, CAPACITY)
        yield Summary(
            name,
            _median([run.p50_ms for run in latency]),
            _median([run.p99_ms for run in latency]),
            _median([run.requests_per_second for run in capacity]),
            sum(run.errors for run in (*latency, *capacity)),
        )


def compare(sides: Sequence[tuple[str, Side]]) -> list[Compared]:
    """Every other side against the first one, by each figure."""
    (base, first), *others = sides
    return [
        Compared(base, name, metric, decide(_ratios(first, side, metric), comparisons=len(others)))
        for metric in METRICS
        for name, side in others
    ]


def sides_of(results: Results) -> list[tuple[str, Side]]:
    """The variants of one load test."""
    return [(name, Side(results, name)) for name in results.variants]


def sides_of_two(one: Results, other: Results, names: tuple[str, str]) -> list[tuple[str, Side]]:
    """Two load tests of one variant each; ComparisonError where they cannot be compared."""
    for results, name in zip((one, other), names, strict=True):
        if len(results.variants) != 1:
            raise ComparisonError(
                f"{name} has the variants {', '.join(results.variants)}: compare them with "
                f"trunkline bench compare {name}, or name two files with one variant each"
            )
    for what, a, b in (
        ("topologies", one.topology, other.topology),
        ("machines", one.machine, other.machine),
        ("settings", one.settings, other.settings),
        ("versions of the tools", dict(one.tools), dict(other.tools)),
    ):
        if a != b:
            raise ComparisonError(
                f"{names[0]} and {names[1]} are of different {what} ({a}; {b}), so their figures "
                "say nothing about one another: measure both anew on one machine"
            )
    pairs = zip(names, (one, other), strict=True)
    return [(name, Side(results, next(iter(results.variants)))) for name, results in pairs]


def rounds_asked_for(results: Results, metric: Metric) -> int:
    """How many rounds a comparison by this figure needs, by the rounds that there are.

    It is as many as there are where a look has found a difference.
    """
    decisions = [each.decision for each in compare(sides_of(results)) if each.metric == metric]
    open_ = [each.needed for each in decisions if each.verdict == "not enough rounds"]
    return max(open_, default=len(results.rounds))


def _ratios(first: Side, other: Side, metric: Metric) -> list[float]:
    pairs = zip(first.figures(metric), other.figures(metric), strict=False)
    return [b / a for a, b in pairs if a and b]


def _runs(side: Side, tool: str) -> list[Run]:
    return [run for run in side.results.runs(side.variant, tool) if run]


def _median(figures: Sequence[float]) -> float | None:
    return statistics.median(figures) if figures else None
