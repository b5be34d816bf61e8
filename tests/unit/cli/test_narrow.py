"""Tables on narrow terminals: only the last column folds, else each row is a block."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from trunkline.cli.narrow import fitted
from trunkline.cli.output import new_table


def printed(width: int) -> list[str]:
    """A table of two machines, the second with two processes, on a terminal of `width` columns."""
    table = new_table("machine", "process", "health", "addresses", gap=2)
    table.add_row("edge", "envoy", Text("healthy", style="green"), "tcp 127.0.0.1:1")
    table.add_row("ingress-of-all", "workerd", "not healthy", "tcp 127.0.0.1:2, tcp 127.0.0.1:3")
    table.add_row("", "sample", "healthy", "")
    console = Console(file=io.StringIO(), width=width, no_color=True)
    console.print(fitted(table, console))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [100, 68])
def test_a_table_that_fits_is_a_table(width: int) -> None:
    lines = printed(width)
    assert lines[0].split() == ["machine", "process", "health", "addresses"]
    assert lines[1] == "edge            envoy    healthy      tcp 127.0.0.1:1"


def test_its_last_column_alone_is_folded() -> None:
    assert printed(68)[2:4] == [
        "ingress-of-all  workerd  not healthy  tcp 127.0.0.1:2, tcp",
        "                                      127.0.0.1:3",
    ]


def test_a_table_that_does_not_fit_is_a_block_for_each_row() -> None:
    assert printed(60) == [
        "machine edge",
        "  process: envoy, health: healthy",
        "  addresses: tcp 127.0.0.1:1",
        "machine ingress-of-all",
        "  process: workerd, health: not healthy",
        "  addresses: tcp 127.0.0.1:2, tcp 127.0.0.1:3",
        "  process: sample, health: healthy",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    assert max(map(len, printed(width))) <= width
