"""Whatever is killed, and whenever: a stop leaves nothing."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress

import pytest
from support.machines import Stack, sample
from support.processes import processes_below

from trunkline.local import processes
from trunkline.local.machine import LocalMachine

LONGEST = 0.25  # seconds that a start takes, about


def kill_supervisor(stack: Stack, machine: LocalMachine, chance: random.Random) -> None:
    if supervisor := stack.find_supervisor():
        processes.send_signal(supervisor, signal.SIGKILL)


def kill_process(stack: Stack, machine: LocalMachine, chance: random.Random) -> None:
    if process := stack.find_process():
        processes.send_signal(process, signal.SIGKILL)


def kill_both(stack: Stack, machine: LocalMachine, chance: random.Random) -> None:
    kill_process(stack, machine, chance)
    kill_supervisor(stack, machine, chance)


def kill_anything(stack: Stack, machine: LocalMachine, chance: random.Random) -> None:
    if found := sorted(processes_below(stack.folder())):
        with suppress(ProcessLookupError):
            os.kill(chance.choice(found), signal.SIGKILL)


def freeze_supervisor(stack: Stack, machine: LocalMachine, chance: random.Random) -> None:
    if supervisor := stack.find_supervisor():
        processes.send_signal(supervisor, signal.SIGSTOP)


def start_and_kill(stack: Stack, machine: LocalMachine, chance: random.Random) -> None:
    _kill_midway(stack, "start", machine, chance)


def stop_and_kill(stack: Stack, machine: LocalMachine, chance: random.Random) -> None:
    _kill_midway(stack, "stop", machine, chance)


def start(stack: Stack, machine: LocalMachine, chance: random.Random) -> None:
    assert stack.start(machine).returncode == 0


def _kill_midway(stack: Stack, action: str, machine: LocalMachine, chance: random.Random) -> None:
    process = stack.popen(action, "web", machine)
    time.sleep(chance.uniform(0, LONGEST))
    process.kill()
    process.communicate()


EVENTS = (
    kill_supervisor,
    kill_process,
    kill_both,
    kill_anything,
    freeze_supervisor,
    start_and_kill,
    stop_and_kill,
    start,
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_nothing_outlives_a_stop(stack: Stack, seed: int) -> None:
    chance = random.Random(seed)
    machine, other = sample(), sample()
    history = []
    for _ in range(8):
        event = chance.choice(EVENTS)
        history.append(event.__name__)
        event(stack, chance.choice([machine, other]), chance)
    done = stack.stop()
    assert (done.returncode, done.stderr) == (0, ""), history
    # What a start has left that was killed at the very end goes by itself.
    deadline = time.monotonic() + 5
    while processes_below(stack.root) and time.monotonic() < deadline:
        time.sleep(0.02)
    stack.stop()
    stack.assert_nothing_left(machine, other)
