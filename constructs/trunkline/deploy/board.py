"""Shows the work on each stack: a line for each on a terminal, a line for each step elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from attrs import define, field
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

_STYLES = {"failed": "red", "done": "green"}


@define
class Row:
    """What is said of a stack now; `ended` None while it is being worked on."""

    text: str = "waits"
    began: float | None = None
    ended: float | None = None
    style: str = ""

    @property
    def seconds(self) -> str:
        """How long it has been worked on, or was."""
        if self.began is None:
            return ""
        return f"{(self.ended or time.monotonic()) - self.began:.0f} s"


@define
class Board:
    """The stacks that are worked on; `console` is stderr."""

    console: Console = field(factory=lambda: Console(stderr=True, highlight=False))
    _rows: dict[str, Row] = field(factory=dict)
    _lock: threading.Lock = field(factory=threading.Lock)
    _live: Live | None = None
    _footer: str = ""

    @contextmanager
    def showing(self, names: Sequence[str]) -> Iterator[None]:
        """Show these while the block runs."""
        self._rows, self._footer = {name: Row() for name in names}, ""
        if not self.console.is_terminal:
            yield
            return
        with Live(get_renderable=self._table, console=self.console, transient=True) as self._live:
            yield
        self._live = None

    def begin(self, name: str, text: str, *, line: bool = False) -> None:
        """Work on a stack begins; with `line`, that is said elsewhere than on a terminal too."""
        with self._lock:
            self._rows[name] = Row(text, time.monotonic())
        if line:
            self._line(f"{name}: {text}")

    def update(self, name: str, text: str) -> None:
        """How far it is; only on a terminal."""
        with self._lock:
            self._rows[name].text = text

    def note(self, name: str, text: str) -> None:
        """How far it is; elsewhere than on a terminal too."""
        self.update(name, text)
        self._line(f"{name}: {text}")

    def end(self, name: str, text: str, *, well: bool = True) -> None:
        """It has ended."""
        with self._lock:
            row = self._rows[name]
            row.text, row.ended = text, time.monotonic()
            row.style = _STYLES["done" if well else "failed"]
        self._line(f"{name}: {text} ({row.seconds})")

    def say(self, text: str) -> None:
        """Something about all of them."""
        self._footer = text
        self._line(text)

    def _line(self, text: str) -> None:
        if self._live is None:
            with suppress(OSError):  # a closed terminal must not interrupt a run
                self.console.print(text, soft_wrap=True, markup=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 3, 0, 0))
        with self._lock:
            for name, row in self._rows.items():
                table.add_row(name, Text(row.text, style=row.style), row.seconds)
        if self._footer:
            table.add_row("", self._footer)
        return table
