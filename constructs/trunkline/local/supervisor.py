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

from trunkline.local.log import Log
from trunkline.local.processes import birth

STATE = "state.json"  # as in folder.py, whose imports are too many for us
STATE_SIZE = 4096  # one page, so that a full disk and a kill -9 leave it whole
FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0  # seconds before a restart
SETTLED = 10.0  # seconds of running after which the delay is the first one again
GRACE = 1.0  # seconds between SIGTERM and SIGKILL
CHUNK = 65_536  # bytes; a pipe on Linux holds as many
MOST_LEFT = 16  # chunks of output that are taken after the end of a process
PR_SET_PDEATHSIG = 1  # prctl(2)


class Child:
    """One process, in a process group of its own, its output in a pipe to us."""

    def __init__(self, name: str, argv: list[str]) -> None:
        self.name, self.argv = name, argv
        self.log = Log(f"{name}.log")
        self.pid, self.born = 0, ""
        self.output = -1
        self.since, self._began = 0.0, 0.0
        self.restarts, self.cause = 0, ""
        self.due, self._delay = 0.0, FIRST_DELAY

    def start(self) -> None:
        """Start the program; what keeps it from running stands in its log."""
        self.output, write_end = os.pipe()
        supervisor = os.getpid()
        self.since, self._began = time.time(), time.monotonic()
        try:
            self.pid = os.fork()
        except OSError as error:  # too many processes, or no memory
            os.close(write_end)
            self._close()
            self._plan_restart(str(error.strerror))
            return
        if self.pid == 0:
            _become(self.argv, write_end, supervisor)
        os.close(write_end)
        os.set_blocking(self.output, False)
        self.born = birth(self.pid) or ""

    def pump(self) -> bool:
        """Move a piece of output to the log; False where there is none."""
        try:
            data = os.read(self.output, CHUNK)
        except BlockingIOError:
            return False
        if data:
            self.log.write(data)
        else:  # it has closed its output, and may live on
            os.close(self.output)
            self.output = -1
        return bool(data)

    def signal(self, number: int) -> None:
        """Signal the process and whatever it has started; it must not have been reaped."""
        if self.pid:
            try:
                os.killpg(self.pid, number)
            except (ProcessLookupError, PermissionError):
                os.kill(self.pid, number)  # it has not reached its setsid()

    def ended(self) -> bool:
        """Whether it has ended; if so, why is noted, and when it is due again."""
        status = self._reap() if self.pid else None
        if status is None:
            return False
        for _ in range(MOST_LEFT):
            if self.output < 0 or not self.pump():
                break
        self._close()
        self._plan_restart(_cause(status))
        return True

    def _reap(self) -> int | None:
        """How it ended; None where it runs. What it leaves behind in its group is killed: on Linux
        before its PID is free again, elsewhere right after."""
        if hasattr(os, "waitid"):
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return None
            self.signal(signal.SIGKILL)
            return os.waitpid(self.pid, 0)[1]
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return None
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        return status

    def _close(self) -> None:
        if self.output >= 0:
            os.close(self.output)
        self.pid, self.born, self.output = 0, "", -1

    def _plan_restart(self, cause: str) -> None:
        if time.monotonic() - self._began > SETTLED:
            self._delay = FIRST_DELAY
        self.cause = cause
        self.due = time.monotonic() + self._delay
        self.log.note(f"{self.name} ended with {self.cause}; starts again in {self._delay:g} s")
        self._delay = min(self._delay * 2, LONGEST_DELAY)
        self.restarts += 1

    def state(self) -> dict[str, object]:
        return {
            "pid": self.pid,
            "born": self.born,
            "since": round(self.since, 3),
            "restarts": self.restarts,
            "cause": self.cause,
            "log_trouble": self.log.trouble,
        }


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


def _become(argv: list[str], output: int, supervisor: int) -> None:
    """Turn a forked copy of the supervisor into the program."""
    try:
        os.setsid()
        _die_with(supervisor)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        # Ours, and those that Python ignores.
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execv(argv[0], argv)
    except BaseException as error:
        os.write(2, f"cannot run {argv[0]}: {error}\n".encode())
    finally:
        os._exit(127)


def _die_with(supervisor: int) -> None:
    """Have Linux kill this process when the supervisor dies, however it dies; elsewhere `stop`
    finds it by its PID."""
    if sys.platform.startswith("linux"):
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(0)


def _cause(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # real-time signals have no names
        return f"signal {-code}"


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
