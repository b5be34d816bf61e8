"""What is shown of the work on each stack."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from trunkline.deploy.board import Board


def shown(*, terminal: bool) -> str:
    """What is shown of two stacks, one of which fails."""
    output = io.StringIO()
    board = Board(Console(file=output, force_terminal=terminal, width=60, highlight=False))
    with board.showing(["edge-aws", "routing"]):
        board.begin("edge-aws", "applying, 0 of 2", line=True)
        board.update("edge-aws", "applying, 1 of 2")
        board.say("a moment")
        board.end("edge-aws", "failed", well=False)
        board.begin("routing", "planning")
        board.end("routing", "planned")
    return output.getvalue()


def test_elsewhere_than_on_a_terminal_each_step_is_a_line() -> None:
    assert shown(terminal=False).splitlines() == [
        "edge-aws: applying, 0 of 2",
        "a moment",
        "edge-aws: failed (0 s)",
        "routing: planned (0 s)",
    ]


@pytest.mark.parametrize("text", ["failed", "planned", "a moment"])
def test_on_a_terminal_each_stack_is_a_line(text: str) -> None:
    assert text in shown(terminal=True)
