"""Tables on terminals that are too narrow for them: a block for each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console, Group
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

LEAST = 24
"""A last column of fewer characters is hard to read when it is folded."""


SHORT = 16
"""Columns of so few characters, without a comma, share a line of a block."""


def fitted(table: Table, console: Console) -> Table | Group:
    """The table, of which the last column alone may be folded; blocks where that does not fit."""
    widths = [_width(column, console) for column in table.columns]
    gap = table.padding[1]
    if sum(widths[:-1]) + gap * len(widths) + min(widths[-1], LEAST) > console.width:
        return _to_blocks(table)
    for column in table.columns[:-1]:
        column.no_wrap = True
    return table


def _to_blocks(table: Table) -> Group:
    """The rows as blocks: the first cell, and below it the others with their headings.

    A row without a first cell goes on with the block before it. Empty cells are left out.
    """
    first, *others = table.columns
    titles = [_text(cell).plain for cell in first.cells]
    columns = [(str(column.header), [*map(_text, column.cells)]) for column in others]
    return Group(*_blocks(str(first.header), titles, columns))


def _blocks(
    heading: str, titles: Sequence[str], columns: Sequence[tuple[str, Sequence[Text]]]
) -> Iterator[Text | Padding]:
    for row, title in enumerate(titles):
        if title:
            yield Text(f"{heading} {title}".strip(), style="bold")
        filled = [column for column in columns if column[1][row].plain]
        for short, group in groupby(filled, key=lambda column: _is_short(column[1])):
            parts = [Text.assemble(f"{name}: ", cells[row]) for name, cells in group]
            lines = [Text(", ").join(parts)] if short else parts
            yield from (Padding(line, (0, 0, 0, 2)) for line in lines)


def _is_short(cells: Sequence[Text]) -> bool:
    return all(len(cell) <= SHORT and "," not in cell.plain for cell in cells)


def _width(column: Column, console: Console) -> int:
    cells = (column.header, *column.cells)
    return max(Measurement.get(console, console.options, cell).maximum for cell in cells)


def _text(cell: object) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))
