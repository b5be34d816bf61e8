"""Machines on this computer: one test of each kind, quick enough for `make check`."""

from __future__ import annotations

from support.loopback import ask, eventually
from support.machines import Stack, sample, script

from trunkline.local.status import machines


def test_a_machine_answers_is_restarted_after_a_crash_and_leaves_nothing(stack: Stack) -> None:
    web = sample()
    done = stack.start(web)
    assert (done.returncode, done.stderr) == (0, "")
    port = int(web.addresses[0].rsplit(":")[-1])
    assert ask(port, "/healthz").status == 200
    eventually(lambda: [status.healthy for status in machines(stack.below)] == [True])
    crashed = stack.process()
    crashed.kill()
    eventually(lambda: (again := stack.find_process()) is not None and again != crashed)
    assert stack.restarts() == 1
    assert stack.stop().returncode == 0
    stack.assert_nothing_left(web)


def test_a_start_that_fails_shows_the_last_words_and_leaves_nothing(stack: Stack) -> None:
    broken = script("import sys; sys.exit('no such luck')")
    done = stack.start(broken)
    assert done.returncode == 1
    assert "no such luck" in done.stderr
    stack.assert_nothing_left(broken)
