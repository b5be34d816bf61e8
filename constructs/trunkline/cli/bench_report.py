"""What `trunkline bench` prints: the figures of each variant, and the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer
from attrs import asdict

from trunkline.cli.columns import print_rows

if TYPE_CHECKING:
    from trunkline.bench.compare import Compared, Summary


def print_text(path: str, figures: Sequence[Summary], compared: Sequence[Compared]) -> None:
    """Print a table of the variants, one of their ratios, and a sentence for each answer."""
    headings = ("variant", "median ms", "p99 ms", "requests/s", "errors")
    rows = [
        (
            each.variant,
            _figure(each.p50_ms),
            _figure(each.p99_ms),
            _figure(each.requests_per_second),
            str(each.errors),
        )
        for each in figures
    ]
    print_rows(headings, rows, right={1, 2, 3, 4})
    if compared:
        typer.echo()
        print_rows(
            ("figure", "of", "ratio", "interval", "p"), [_ratio(each) for each in compared],
            right={2, 4},
        )  # fmt: skip
        typer.echo()
    for each in compared:
        typer.echo(each.sentence())
    typer.echo(f"\nresults: {path}")


def report_data(
    path: str, figures: Sequence[Summary], compared: Sequence[Compared]
) -> dict[str, Any]:
    """The same for a program."""
    return {
        "file": path,
        "variants": [asdict(each) for each in figures],
        "comparisons": [
            {
                "base": each.base,
                "variant": each.variant,
                "figure": each.metric.name,
                **asdict(each.decision),
                "sentence": each.sentence(),
            }
            for each in compared
        ],
    }


def _ratio(compared: Compared) -> tuple[str, ...]:
    decision = compared.decision
    ratio = "" if decision.ratio is None else f"{decision.ratio:.3f}"
    interval = ""
    if decision.low is not None and decision.high is not None:
        interval = f"{decision.low:.3f} to {decision.high:.3f} ({1 - decision.level:.1%})"
    of = f"{compared.variant} / {compared.base}"
    return (compared.metric.name, of, ratio, interval, f"{decision.p:.3f}")


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"
