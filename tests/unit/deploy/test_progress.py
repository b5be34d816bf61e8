"""The lines about the steps of a long command."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from trunkline.deploy.progress import StepPrinter


def printer() -> tuple[StepPrinter, io.StringIO]:
    output = io.StringIO()
    return StepPrinter(Console(file=output)), output


def test_a_step_is_one_line_with_its_result_and_time() -> None:
    steps, output = printer()
    with steps.step("apply") as step:
        step.update("1 of 2")
        step.result = "2 stacks"
    assert re.fullmatch(r" +0\.\d s  apply: 2 stacks \(0\.\d s\)\n", output.getvalue())
    assert 0 < step.seconds <= steps.elapsed


def test_a_step_without_a_result_is_its_name() -> None:
    steps, output = printer()
    with steps.step("apply"):
        pass
    assert "  apply (0." in output.getvalue()


def test_a_step_that_fails_is_marked() -> None:
    steps, output = printer()
    with pytest.raises(KeyboardInterrupt), steps.step("apply"):
        raise KeyboardInterrupt
    assert "  apply: failed (0." in output.getvalue()


def test_other_lines_are_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    printer()[0].print_line("a moment")
    assert capsys.readouterr() == ("", "a moment\n")


def test_a_closed_terminal_does_not_interrupt_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, output = printer()

    def fail(*_: object, **__: object) -> None:
        raise OSError("Input/output error")

    monkeypatch.setattr("builtins.print", fail)
    steps.print_line("a moment")
    with steps.step("apply"):
        monkeypatch.setattr(steps.console, "print", fail)
    assert output.getvalue() == ""
