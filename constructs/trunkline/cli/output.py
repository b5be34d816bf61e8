"""What every command prints with: formats, tables, JSON, colour, progress, counted nouns."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, TextIO

import typer

from trunkline.documents.findings import FindingsError
from trunkline.errors import TrunklineError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PIPE_WIDTH = 400
"""The width of a table, at most, if stdout is not a terminal: its lines are hardly ever folded."""


class Format(StrEnum):
    """How a command prints its result: for people, or as one JSON object for tools."""

    TEXT = "text"
    JSON = "json"


def wants_color(stream: TextIO) -> bool:
    """Whether `stream` is a terminal whose user has not asked for plain text."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_json(data: object) -> None:
    """Print data as JSON on stdout."""
    typer.echo(json.dumps(data, indent=2))


def csv_text(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as CSV below the names of their columns; nothing stands where a figure is None."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def new_table(*headings: str, gap: int = 3) -> Table:
    """A table without lines, whose columns fold long texts."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def print_table(table: Table) -> None:
    """Print a table on stdout; on a terminal that is too narrow for it, a block for each row."""
    from trunkline.cli.narrow import fitted

    stdout = console()
    stdout.print(fitted(table, stdout))


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, also where the command has not come to read it."""
    pairs = itertools.pairwise(arguments)
    return f"--format={Format.JSON}" in arguments or ("--format", Format.JSON) in pairs


def print_error(error: TrunklineError) -> None:
    """Print an error as JSON on stdout: its text, and its findings where it has any."""
    findings = error.findings if isinstance(error, FindingsError) else ()
    print_json({"error": str(error), "findings": [finding.as_dict() for finding in findings]})


def console(pipe_width: int = PIPE_WIDTH) -> Console:
    """A console on stdout, as wide as the terminal, or `pipe_width` if there is none."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else pipe_width
    return Console(width=width, no_color=not wants_color(sys.stdout), highlight=False)


def working(text: str) -> AbstractContextManager[object]:
    """A spinner on stderr while the block runs; nothing if stderr is not a terminal."""
    from rich.console import Console

    return Console(stderr=True).status(text)


def number(count: int, noun: str) -> str:
    """`1 site`, `2 sites`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
