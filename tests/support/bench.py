"""Load tests as files hold them."""

from __future__ import annotations

from attrs import evolve

from trunkline.bench.results import Results, Run, Settings

RESULTS = Results(
    topology="acme",
    vary="direct",
    route="/api/v5",
    started_at="2026-11-28T05:30:00Z",
    machine="laptop, Linux, x86_64, 2 processors",
    tools={"wrk": "4.1.0", "autocannon": "9.0.0"},
    settings=Settings(5, 2, 10, 200),
    variants={"ingress": "http://a", "direct": "http://b"},
    complete=False,
    rounds=(),
)


def a_round(first: float, second: float) -> tuple[Run, ...]:
    """A round whose variants are so many times as slow as 10 ms and 1000 requests a second."""
    return tuple(
        run
        for name, slower in (("ingress", first), ("direct", second))
        for run in (
            Run(name, "autocannon", 200.0, 10 * slower, 11 * slower, 20 * slower, 30 * slower, 0),
            Run(name, "wrk", 1000 / slower, 10 * slower, None, 20 * slower, None, 0),
        )
    )


def results(rounds: int, slower: float = 1.0) -> Results:
    """A load test whose second variant is so many times as slow, give or take a thousandth."""
    made = [a_round(1.0, slower * (1.001 if each % 2 else 1 / 1.001)) for each in range(rounds)]
    return evolve(RESULTS, rounds=tuple(made), complete=True)
