"""What `trunkline measurements show --history` prints: each pair's median over time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import typer

from trunkline.cli.output import Format, number, print_json, working
from trunkline.measurements.history import (
    HistoryError,
    Median,
    PairHistory,
    history_folder,
    pair_histories,
    read_history,
)

if TYPE_CHECKING:
    from trunkline.measurements import Measurements

BARS = "▁▂▃▄▅▆▇█"
CURVE_WIDTH = 24
"""A curve has at most so many bars; each is the median of as many sweeps as it stands for."""


def show_history(file: str, format: Format) -> None:
    """Print the history of a measurement file; raises HistoryError where there is none."""
    folder = history_folder(Path(file))
    with working(f"reading {folder}"):
        sweeps = read_history(folder)
    if not sweeps:
        raise HistoryError(f"{folder}: there is no history; each trunkline collect adds to it")
    pairs = pair_histories(sweeps)
    if format is Format.JSON:
        print_json(_report(folder, sweeps, pairs))
    else:
        _print(sweeps, pairs)


def curve(values: Sequence[float]) -> str:
    """Bars from the lowest value to the highest one; all low where they are equal."""
    width = min(len(values), CURVE_WIDTH)
    cuts = [index * len(values) // width for index in range(width + 1)]
    bars = [median(values[here:there]) for here, there in itertools.pairwise(cuts)]
    low, span = min(bars), max(bars) - min(bars)
    return "".join(BARS[round((each - low) / span * 7) if span else 0] for each in bars)


def _print(sweeps: Sequence[Measurements], pairs: Sequence[PairHistory]) -> None:
    from trunkline.cli.columns import print_rows
    from trunkline.placement.heatmap import EMULATED

    first, last = sweeps[0].started_at, sweeps[-1].finished_at
    typer.echo(f"median round trips in ms, {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC")
    if sweeps[0].method.emulated:
        typer.echo(EMULATED)
    headings = ("from", "to", "sweeps", "first", "last", "lowest", "highest", "over time")
    print_rows(headings, [_row(pair) for pair in pairs], right=range(2, 7))
    typer.echo(f"{number(len(pairs), 'directed pair')}; each curve has a scale of its own")


def _row(pair: PairHistory) -> list[str]:
    values = [each.us for each in pair.medians]
    figures = (values[0], values[-1], pair.lowest, pair.highest)
    shown = [f"{value / 1000:.3f}" for value in figures]
    return [pair.from_zone, pair.to_zone, str(len(values)), *shown, curve(values)]


def _report(
    folder: Path, sweeps: Sequence[Measurements], pairs: Sequence[PairHistory]
) -> dict[str, object]:
    return {
        "folder": str(folder),
        "emulated": sweeps[0].method.emulated,
        "unit": "us",
        "files": len(sweeps),
        "pairs": [
            {
                "from": pair.from_zone,
                "to": pair.to_zone,
                "sweeps": len(pair.medians),
                "first": _median(pair.medians[0]),
                "last": _median(pair.medians[-1]),
                "lowest": pair.lowest,
                "highest": pair.highest,
                "medians": [_median(each) for each in pair.medians],
            }
            for pair in pairs
        ],
    }


def _median(found: Median) -> dict[str, object]:
    return {"at": found.at.isoformat(), "median": found.us}
