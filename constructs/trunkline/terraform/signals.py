"""Signals that end a run: they unwind it like Ctrl-C, and wait while it cleans up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def raise_on_signal() -> Iterator[None]:
    """Let SIGTERM and SIGHUP (a closed terminal) raise KeyboardInterrupt as well."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _handled(interrupt):
        yield


@contextmanager
def defer_signals(say: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Ignore them, and say so: what cleans up must come to its end."""

    def refuse(number: int, frame: FrameType | None) -> None:
        say("everything is being taken down; a moment")

    with _handled(refuse):
        yield


@contextmanager
def answer_signals(answer: Callable[[], None]) -> Iterator[None]:
    """Call `answer` at each of them; the block goes on."""
    with _handled(lambda number, frame: answer()):
        yield


@contextmanager
def hold_signals() -> Iterator[None]:
    """Let them wait until the block ends: it begins a process that has to be known to be ended."""
    held: list[int] = []
    with _handled(lambda number, frame: held.append(number)):
        yield
    for number in held[:1]:
        signal.raise_signal(number)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return
    before = {number: signal.signal(number, handler) for number in ENDING}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
