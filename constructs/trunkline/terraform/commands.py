"""Terraform commands that run side by side and end together."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import field, frozen

from trunkline.errors import TerraformError

# What a run may ask of a terminal, or of the network, that nobody is there to answer.
QUIET = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0"}


@frozen
class Commands:
    """Commands of the `program` in the environment `env`.

    Every command runs in a session of its own, so that a Ctrl-C reaches this process alone, which
    then decides what becomes of them.
    """

    program: str
    env: Mapping[str, str] = field(factory=lambda: dict(os.environ))
    _running: dict[int, subprocess.Popen[str]] = field(factory=dict, init=False, eq=False)
    # A signal handler may take it while the thread that it interrupts has it.
    _lock: threading.RLock = field(factory=threading.RLock, init=False, eq=False)
    _stopping: threading.Event = field(factory=threading.Event, init=False, eq=False)

    def run(self, folder: Path, arguments: Sequence[str], hear: Callable[[str], None]) -> int:
        """Run one in a folder; `hear` gets each line that it prints. Returns its exit code.

        TerraformError where it is not begun, because `interrupt` came before.
        """
        process = self._start(folder, arguments)
        try:
            for line in process.stdout or ():
                hear(line.rstrip("\n"))
            return process.wait()
        finally:
            self._running.pop(process.pid, None)

    def read(self, folder: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """What one prints that only reads: it is short, and no interrupt needs to reach it."""
        return subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            env={**self.env, **QUIET},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
        )

    @property
    def stopping(self) -> bool:
        """Whether `interrupt` was called: no command begins any more."""
        return self._stopping.is_set()

    def interrupt(self) -> None:
        """Ask those that run to end, as Ctrl-C does; it does not wait. No other one begins.

        At the first call Terraform ends what is under way, and saves its state. At the second it
        ends at once, and may forget what it was making.
        """
        for process in self._stop():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)

    def await_end(self) -> None:
        """Wait until those that run have ended, and end what their provisioners left running."""
        for process in self._stop():
            process.wait()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End them by force, with their plugins."""
        for process in self._stop():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def _stop(self) -> list[subprocess.Popen[str]]:
        with self._lock:
            self._stopping.set()
            return list(self._running.values())

    def _start(self, folder: Path, arguments: Sequence[str]) -> subprocess.Popen[str]:
        with self._lock:
            if self.stopping:
                raise TerraformError(f"terraform {arguments[0]} was not begun for {folder.name}")
            process = subprocess.Popen(
                [self.program, *arguments],
                cwd=folder,
                env={**self.env, **QUIET},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running[process.pid] = process
            return process
