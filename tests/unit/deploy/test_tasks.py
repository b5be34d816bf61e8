"""Tasks that run side by side, each after those that it waits for."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from trunkline.deploy.tasks import Interrupts, Outcome, run_tasks
from trunkline.errors import TrunklineError
from trunkline.terraform.commands import Commands


def run(
    waits: dict[str, set[str]], work: Callable[[str], object], at_once: int = 4
) -> tuple[Outcome, list[str]]:
    """The outcome, and what was said."""
    said: list[str] = []
    return run_tasks(waits, work, Interrupts(Commands("terraform"), said.append), at_once), said


def test_a_task_begins_after_those_that_it_waits_for() -> None:
    begun: list[str] = []
    outcome, _ = run({"last": {"first", "absent"}, "first": set()}, begun.append)
    assert begun == ["first", "last"]
    assert outcome == Outcome(("first", "last"))
    assert outcome.complete


def test_so_many_run_at_once_and_no_more() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(name: str) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1

    run({str(number): set() for number in range(6)}, work, at_once=3)
    assert most == 3


def test_a_failure_holds_up_only_what_waits_for_it() -> None:
    def work(name: str) -> None:
        if name == "bad":
            raise TrunklineError("sorry")

    outcome, _ = run({"bad": set(), "after": {"bad"}, "other": set()}, work)
    assert (outcome.done, outcome.not_begun) == (("other",), ("after",))
    assert {name: str(error) for name, error in outcome.failed.items()} == {"bad": "sorry"}
    assert not outcome.complete


def test_a_mistake_of_the_program_ends_the_run() -> None:
    def work(name: str) -> None:
        raise KeyError(name)

    with pytest.raises(KeyError):
        run({"a": set()}, work)


def test_ctrl_c_lets_end_what_runs_and_begins_nothing_more() -> None:
    def work(name: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)

    outcome, said = run({"a": set(), "b": set()}, work, at_once=1)
    assert (outcome.done, outcome.not_begun, outcome.interrupted) == (("a",), ("b",), True)
    assert said == ["ending what is under way, so that nothing is forgotten; a moment"]
