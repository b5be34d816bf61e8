"""Rows of text in columns: plain where they fit, which takes a tenth of a second less than rich."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Sequence

import typer

from trunkline.cli.output import new_table, print_table

GAP = 2


def print_rows(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()
) -> None:
    """Print rows below their headings; the columns of the numbers in `right` end together.

    A row may be shorter than the headings. On a terminal that is too narrow, each row is a block.
    """
    full = [[*row, *[""] * (len(headings) - len(row))] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *full, strict=True)]
    if sys.stdout.isatty() and sum(widths) + GAP * len(widths) > _columns():
        _print_folded(headings, full, right)
        return
    for row in (headings, *full):
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        typer.echo((" " * GAP).join(cells).rstrip())


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _print_folded(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[int]
) -> None:
    table = new_table(gap=GAP)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    print_table(table)
