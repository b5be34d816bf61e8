"""Requests that go on while something changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define, field

from trunkline.demo.requests import RouteError, send

AT_ONCE = 4
PAUSE = 0.01  # seconds between two requests of a thread, so that the change has CPU as well


@define
class Traffic:
    """Requests to a URL with each of the methods in turn, and what came of them.

    - `failed`: how many got no response, or a status of 500 or more.
    - `marked`: when the first response had the header `mark`.
    """

    url: str
    methods: tuple[str, ...] = ("GET",)
    mark: str = ""
    sent: int = 0
    failed: int = 0
    marked: float | None = None
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)
    _ended: threading.Event = field(factory=threading.Event, repr=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send requests while the block runs."""
        methods = [self.methods[number % len(self.methods)] for number in range(AT_ONCE)]
        threads = [
            threading.Thread(target=self._send, args=[each], daemon=True) for each in methods
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _send(self, method: str) -> None:
        while not self._ended.wait(PAUSE):
            try:
                response = send(method, self.url)
                good, marked = response.status < 500, self.mark in response.headers
            except RouteError:
                good = marked = False
            with self._lock:
                self.sent += 1
                self.failed += not good
                if marked and self.marked is None:
                    self.marked = time.monotonic()

    def __str__(self) -> str:
        return f"{self.sent:,} requests, {self.failed} failed"
