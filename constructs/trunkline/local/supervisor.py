"""The supervisor of one machine: starts its processes, restarts what ends, keeps logs and PIDs.

Run by path as `python -I -S supervisor.py FOLDER remove`, so that it stays small: every machine has
one. Its standard input is a pipe from `start`. It brings the commands, {name: argv} as one line of
JSON, and later `ok`, once all is healthy. Where it ends before that, `start` was killed: everything
is ended, and removed as well, unless `keep` stands in place of `remove`.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress

if not __package__:  # run by path: trunkline's own __init__ would load attrs, and more
    _stand_in = type(sys)("trunkline")
    _stand_in.__path__ = [__file__.rpartition("/local/")[0]]
    sys.modules["trunkline"] = _stand_in

from trunkline.local.child import CHUNK, Child
from trunkline.local.processes import birth

STATE = "state.json"  # as in folder.py, whose imports are too many for us
STATE_SIZE = 4096  # one page, so that a full disk and a kill -9 leave it whole
GRACE = 1.0  # seconds between SIGTERM and SIGKILL


class Supervisor:
    """All processes of a machine, and the file that tells of them."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self.children = [Child(name, argv) for name, argv in commands.items()]
        self.confirmed = False  # `start` wants us to go on without it
        self.abandoned = False  # `start` was killed
        self.told_to_end = False
        self._wake, wake_end = os.pipe()
        for end in (self._wake, wake_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end)
        self._born = birth(os.getpid())
        self._state = os.open(STATE, os.O_RDWR | os.O_CREAT, 0o600)
        self._written: object = None

    def _end(self, *_: object) -> None:
        self.told_to_end = True

    def run(self) -> None:
        """Keep the processes running until we are told to end, or `start` was killed."""
        while not (self.told_to_end or self.abandoned):
            for child in self.children:
                if not child.pid and time.monotonic() >= child.due:
                    child.start()
            self._write_state()
            self._turn(self._pause())
        self._end_all()

    def _pause(self) -> float | None:
        """Seconds until something is due; None where nothing is."""
        due = [child.due - time.monotonic() for child in self.children if not child.pid]
        due += [1.0 for child in self.children if child.log.trouble]
        return max(min(due), 0.0) if due else None

    def _turn(self, seconds: float | None) -> None:
        """Wait for something to happen, and see to it."""
        inputs = [self._wake, *(child.output for child in self.children if child.output >= 0)]
        ready, _, _ = select.select(
            inputs if self.confirmed or self.abandoned else [0, *inputs], [], [], seconds
        )
        if self._wake in ready:
            os.read(self._wake, CHUNK)
        if 0 in ready:
            self._hear_start()
        for child in self.children:
            if child.output >= 0 and child.output in ready:
                child.pump()
            child.ended()
            child.log.retry()

    def _hear_start(self) -> None:
        self.confirmed = bool(os.read(0, CHUNK))
        self.abandoned = not self.confirmed
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)

    def _end_all(self) -> None:
        """Ask all to end, and kill who has not after the grace."""
        for number, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 5.0)):
            for child in self.children:
                child.signal(number)
            deadline = time.monotonic() + seconds
            while any(child.pid for child in self.children) and time.monotonic() < deadline:
                self._turn(max(deadline - time.monotonic(), 0.0))

    def _write_state(self) -> None:
        """Tell of all processes, where one has changed, in one write over the same page."""
        processes = {child.name: child.state() for child in self.children}
        if processes != self._written:
            supervisor = {"pid": os.getpid(), "born": self._born}
            text = json.dumps({"supervisor": supervisor, "processes": processes})
            with suppress(OSError):  # where even writing over takes space, as on Btrfs
                os.pwrite(self._state, text.encode().ljust(STATE_SIZE), 0)
            self._written = processes


def _read_commands() -> dict[str, list[str]] | None:
    """The first line of standard input, read byte by byte: what follows is not ours to take yet.
    None where it ends before."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return None
        line += byte
    commands: dict[str, list[str]] = json.loads(line)
    return commands


def main(folder: str, if_abandoned: str) -> None:
    """Supervise the machine in `folder`, which is the working directory."""
    if (commands := _read_commands()) is not None:
        supervisor = Supervisor(commands)
        supervisor.run()
        if supervisor.told_to_end:
            return
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if if_abandoned == "remove":
        _remove(folder)


def _remove(folder: str) -> None:
    """Remove what a killed `start` has left, unless another has it in hand already."""
    from pathlib import Path

    from trunkline.local.stop import remove_abandoned

    remove_abandoned(Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
