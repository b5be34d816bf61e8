"""The peak memory of the demo: this process, its children and all machines."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field

from trunkline.local import processes
from trunkline.local.status import memory_mb

INTERVAL = 0.5  # seconds between two samples


@define
class Memory:
    """The peak in MB so far; shared pages count once, if the system reports that."""

    machines: Path
    peak_mb: float = 0
    _ended: threading.Event = field(factory=threading.Event)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Sample the memory at intervals while the block runs."""
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL):
            with suppress(OSError):  # a process ended meanwhile
                self.peak_mb = max(self.peak_mb, self._now())

    def _now(self) -> float:
        # Machines are not among our descendants.
        ours = sum(map(processes.memory_mb, processes.find_tree(os.getpid())))
        return ours + (memory_mb(self.machines) if self.machines.exists() else 0)
