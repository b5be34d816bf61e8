"""Runs tasks side by side, each after those that it waits for, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from attrs import define, field, frozen

from trunkline.errors import TrunklineError
from trunkline.terraform.commands import Commands
from trunkline.terraform.signals import answer_signals

# Seconds between looks at the tasks: a signal that another thread gets is answered only then.
POLL = 0.2


@frozen
class Outcome:
    """What became of tasks.

    - `done`: those that were done, in that order.
    - `failed`: the errors of those that failed.
    - `not_begun`: those that wait for one that failed, or came after a Ctrl-C.
    - `interrupted`: whether there was a Ctrl-C.
    """

    done: tuple[str, ...] = ()
    failed: Mapping[str, TrunklineError] = field(factory=dict)
    not_begun: tuple[str, ...] = ()
    interrupted: bool = False

    @property
    def complete(self) -> bool:
        """Whether all of them were done."""
        return not (self.failed or self.not_begun or self.interrupted)


@define
class Interrupts:
    """What each Ctrl-C does: the first lets Terraform end in order, the next ones hurry it."""

    commands: Commands
    say: Callable[[str], None]
    count: int = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count == 1:
            self.say("ending what is under way, so that nothing is forgotten; a moment")
        elif self.count == 2:
            self.say("ending at once: what is being made now may be forgotten")
        if self.count > 2:
            self.commands.kill()
        else:
            self.commands.interrupt()


def run_tasks(
    waits_for: Mapping[str, Iterable[str]],
    work: Callable[[str], object],
    interrupts: Interrupts,
    at_once: int,
) -> Outcome:
    """Run `work` for each name, `at_once` at a time, in the mapping's order.

    A name waits until those are done that `waits_for` gives it; names that are no tasks do not
    count. A TrunklineError fails one task alone; any other ends the run.
    """
    waiting = {name: set(before) & waits_for.keys() for name, before in waits_for.items()}
    running: dict[Future[object], str] = {}
    done: list[str] = []
    failed: dict[str, TrunklineError] = {}
    with answer_signals(interrupts), ThreadPoolExecutor(at_once) as pool:
        while True:
            ready = [name for name, before in waiting.items() if before <= set(done)]
            for name in ready[: 0 if interrupts.count else at_once - len(running)]:
                del waiting[name]
                running[pool.submit(work, name)] = name
            if not running:
                break
            for future in wait(running, POLL, return_when=FIRST_COMPLETED).done:
                name, error = running.pop(future), future.exception()
                if error is None:
                    done.append(name)
                elif isinstance(error, TrunklineError):
                    failed[name] = error
                else:
                    interrupts.commands.interrupt()
                    raise error
    return Outcome(tuple(done), failed, tuple(waiting), bool(interrupts.count))
