"""The supervisor of one machine: starts its processes, restarts them, writes their logs and PIDs.

Run by path as `python -I -S supervisor.py FOLDER remove`, so that it stays small: every machine has
one. Its standard input is a pipe from `start`, which sends the commands, {name: argv} as one line
of JSON, and `ok` once all processes are healthy. Where the pipe ends before that, `start` was
killed: the supervisor ends everything, and removes the folder, unless its argument is `keep` in
place of `remove`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress

if not __package__:  # run by path: trunkline's own __init__ would import too much
    _stand_in = type(sys)("trunkline")
    _stand_in.__path__ = [__file__.rpartition("/local/")[0]]
    sys.modules["trunkline"] = _stand_in

from trunkline.local.create_time import create_time
from trunkline.local.layout import STATE, STATE_SIZE
from trunkline.local.supervised import CHUNK, SupervisedProcess

GRACE = 1.0  # seconds between SIGTERM and SIGKILL


class Supervisor:
    """All processes of a machine, and the file with their state."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self.processes = [SupervisedProcess(name, argv) for name, argv in commands.items()]
        self.confirmed = False  # `start` has found all processes healthy
        self.abandoned = False  # `start` was killed
        self.terminated = False  # SIGTERM has come
        self._wake, wake_end = os.pipe()
        for end in (self._wake, wake_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._terminate)
        self._create_time = create_time(os.getpid())
        self._state = os.open(STATE, os.O_RDWR | os.O_CREAT, 0o600)
        self._written: object = None

    def _terminate(self, *_: object) -> None:
        self.terminated = True

    def run(self) -> None:
        """Keep the processes running until SIGTERM comes or `start` is killed."""
        while not (self.terminated or self.abandoned):
            for process in self.processes:
                if not process.pid and time.monotonic() >= process.due:
                    process.start()
            self._write_state()
            self._turn(self._pause())
        self._end_all()

    def _pause(self) -> float | None:
        """Seconds until something is due; None where nothing is."""
        due = [each.due - time.monotonic() for each in self.processes if not each.pid]
        due += [1.0 for each in self.processes if each.log.trouble]
        return max(min(due), 0.0) if due else None

    def _turn(self, seconds: float | None) -> None:
        """Wait for output, an end or a signal, and handle it."""
        inputs = [self._wake, *(each.output for each in self.processes if each.output >= 0)]
        ready, _, _ = select.select(
            inputs if self.confirmed or self.abandoned else [0, *inputs], [], [], seconds
        )
        if self._wake in ready:
            os.read(self._wake, CHUNK)
        if 0 in ready:
            self._read_confirmation()
        for process in self.processes:
            if process.output >= 0 and process.output in ready:
                process.pump()
            process.ended()
            process.log.retry()

    def _read_confirmation(self) -> None:
        self.confirmed = bool(os.read(0, CHUNK))
        self.abandoned = not self.confirmed
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)

    def _end_all(self) -> None:
        """Send SIGTERM to all processes, and SIGKILL to those that remain after the grace."""
        for number, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 5.0)):
            for process in self.processes:
                process.send_signal(number)
            deadline = time.monotonic() + seconds
            while any(each.pid for each in self.processes) and time.monotonic() < deadline:
                self._turn(max(deadline - time.monotonic(), 0.0))

    def _write_state(self) -> None:
        """Write the `MachineState` (records.py), where it has changed, over the same page."""
        processes = {process.name: process.state() for process in self.processes}
        if processes != self._written:
            supervisor = {"pid": os.getpid(), "create_time": self._create_time}
            text = json.dumps({"supervisor": supervisor, "processes": processes})
            with suppress(OSError):  # where even writing over takes space, as on Btrfs
                os.pwrite(self._state, text.encode().ljust(STATE_SIZE), 0)
            self._written = processes


def _read_commands() -> dict[str, list[str]] | None:
    """The first line of standard input, read byte by byte: what follows it is for later. None where
    the pipe ends before."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return None
        line += byte
    commands: dict[str, list[str]] = json.loads(line)
    return commands


def remove_abandoned(folder: str) -> None:
    """Remove what a killed `start` has left, unless another start has taken the folder over."""
    from pathlib import Path

    from trunkline.local.folder import locked, remove, remove_empty
    from trunkline.local.records import read_state

    path = Path(folder)
    try:
        with locked(path, create=False):
            state = read_state(path)
            if state is None or state["supervisor"]["pid"] == os.getpid():
                remove(path)
    except FileNotFoundError:
        remove_empty(path)


def main(folder: str, if_abandoned: str) -> None:
    """Supervise the machine in `folder`, which is the working directory."""
    if (commands := _read_commands()) is not None:
        supervisor = Supervisor(commands)
        supervisor.run()
        if supervisor.terminated:
            return
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if if_abandoned == "remove":
        remove_abandoned(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
