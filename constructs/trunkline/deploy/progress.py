"""A line on stderr for each step of the journey, with what came of it and how long it took."""

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
    """A step that is under way; `result` is what its line will say."""

    result: str = ""
    seconds: float = 0
    _status: Status = field(kw_only=True)

    def update(self, text: str) -> None:
        """Show on a terminal how far the step is."""
        self._status.update(text)


@define
class Progress:
    """Prints the steps; `started` is when the first began."""

    console: Console = field(factory=lambda: Console(stderr=True, highlight=False))
    started: float = field(factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.started

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """One step: a spinner on a terminal while it goes on, then its line."""
        begun = time.monotonic()
        with self.console.status(f"{name} …") as status:
            step = Step(status=status)
            try:
                yield step
            except BaseException:
                self._line(f"{name}: failed", time.monotonic() - begun)
                raise
        step.seconds = time.monotonic() - begun
        self._line(f"{name}: {step.result}" if step.result else name, step.seconds)

    def say(self, text: str) -> None:
        """A line that is no step."""
        with suppress(OSError):  # a terminal that was closed must not keep anything from its end
            print(text, file=sys.stderr, flush=True)

    def _line(self, text: str, seconds: float) -> None:
        with suppress(OSError):
            self.console.print(f"{self.elapsed:5.1f} s  {text} ({seconds:.1f} s)", soft_wrap=True)
