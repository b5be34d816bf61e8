"""The heatmap in a terminal: figures on coloured cells, which also read without colour."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from trunkline.placement.colors import as_hex, color, ink
from trunkline.placement.heatmap import EMULATED, Heatmap

MARKS = " .:-=+*#%@"
"""From near to far, for a matrix that is too wide for figures."""


CHOSEN = "<"
"""Marks a chosen zone."""


def to_table(heatmap: Heatmap) -> Table:
    """A table of milliseconds from row to column; a column has the number of its row."""
    table = Table(box=None, pad_edge=False, padding=(0, 0, 0, 1))
    table.add_column("")
    table.add_column("from", no_wrap=True)
    for number in range(1, len(heatmap.labels) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    for number, (label, row) in enumerate(zip(_marked(heatmap), heatmap.cells, strict=True), 1):
        table.add_row(str(number), label, *[_cell(heatmap, value) for value in row])
    return table


def to_dense(heatmap: Heatmap) -> Iterator[Text]:
    """One line per row with one mark per column, for a matrix wider than the terminal."""
    labels = _marked(heatmap)
    width = max(map(len, labels))
    for label, row in zip(labels, heatmap.cells, strict=True):
        line = Text(f"{label:<{width}} ")
        for value in row:
            line.append(*_mark(heatmap, value))
        yield line


def heading(heatmap: Heatmap) -> list[str]:
    """The lines above the matrix: title, method and time, and whether it is emulated."""
    lines = [heatmap.title, f"{heatmap.subtitle}; from row to column"]
    return [*lines, EMULATED] if heatmap.emulated else lines


def legend(heatmap: Heatmap) -> str:
    """The range of the colours."""
    if not heatmap.figures:
        return "no figures"
    scale = ", logarithmic colours" if heatmap.logarithmic else ""
    chosen = f"; {CHOSEN} chosen zone" if any(heatmap.chosen) else ""
    return f"nearest {heatmap.minimum:.2f} ms, farthest {heatmap.maximum:.2f} ms{scale}{chosen}"


def _marked(heatmap: Heatmap) -> list[str]:
    """The labels, with a mark at each chosen zone."""
    pairs = zip(heatmap.labels, heatmap.chosen, strict=True)
    return [f"{label} {CHOSEN}" if chosen else label for label, chosen in pairs]


def _cell(heatmap: Heatmap, value: float | None) -> Text:
    if value is None:
        return Text("-", style="dim")
    return Text(f"{value:.2f}", style=_style(heatmap, value))


def _mark(heatmap: Heatmap, value: float | None) -> tuple[str, str]:
    if value is None:
        return "?", "dim"
    index = min(int(heatmap.share(value) * len(MARKS)), len(MARKS) - 1)
    return MARKS[index], _style(heatmap, value)


def _style(heatmap: Heatmap, value: float) -> str:
    background = color(heatmap.share(value))
    return f"{ink(background)} on {as_hex(background)}"
