"""Signals that end a run."""

from __future__ import annotations

import signal
import threading

import pytest

from trunkline.terraform.signals import ENDING, defer_signals, hold_signals, raise_on_signal


@pytest.mark.parametrize("number", ENDING)
def test_each_interrupts_a_run(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), raise_on_signal():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", ENDING)
def test_each_is_answered_while_a_run_cleans_up(number: signal.Signals) -> None:
    said: list[str] = []
    with defer_signals(said.append):
        signal.raise_signal(number)
    assert said == ["everything is being taken down; a moment"]


@pytest.mark.parametrize("number", ENDING)
def test_each_waits_until_what_begins_is_known(number: signal.Signals) -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt), raise_on_signal():
        with hold_signals():
            signal.raise_signal(number)
            steps.append("begun")
        steps.append("never")
    assert steps == ["begun"]


def test_a_thread_leaves_them_to_the_main_thread() -> None:
    ended = []

    def run() -> None:
        with raise_on_signal(), hold_signals(), defer_signals():
            ended.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ended
