"""Prints a line on stderr for each step of a long command: its result and how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from attrs import define, field
from rich.console import Console
from rich.status import Status


@define
class Step:
    """A step that is running; `result` becomes part of its line."""

    result: str = ""
    seconds: float = 0
    _status: Status = field(kw_only=True)

    def update(self, text: str) -> None:
        """Show the state of the step on a terminal."""
        self._status.update(text)


@define
class StepPrinter:
    """Prints the steps; `started` is the time when the first one began."""

    console: Console = field(factory=lambda: Console(stderr=True, highlight=False))
    started: float = field(factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Run one step: a spinner on a terminal while it runs, then its line."""
        began = time.monotonic()
        with self.console.status(f"{name} …") as status:
            step = Step(status=status)
            try:
                yield step
            except BaseException:
                self._print(f"{name}: failed", time.monotonic() - began)
                raise
        step.seconds = time.monotonic() - began
        self._print(f"{name}: {step.result}" if step.result else name, step.seconds)

    def print_line(self, text: str) -> None:
        """Print a line that is not a step."""
        with suppress(OSError):  # a closed terminal must not interrupt a cleanup
            print(text, file=sys.stderr, flush=True)

    def _print(self, text: str, seconds: float) -> None:
        with suppress(OSError):
            self.console.print(f"{self.elapsed:5.1f} s  {text} ({seconds:.1f} s)", soft_wrap=True)
