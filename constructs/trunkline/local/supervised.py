"""One process of a machine, as its supervisor starts it, restarts it and logs its output."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

from trunkline.local.create_time import create_time
from trunkline.local.layout import LOG
from trunkline.local.log_writer import LogWriter

FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0  # seconds before a restart
SETTLED = 10.0  # seconds of running after which the delay is the first one again
CHUNK = 65_536  # bytes; a pipe on Linux holds as many
MOST_LEFT = 16  # chunks of output that are read after the end of a process
PR_SET_PDEATHSIG = 1  # prctl(2)


class SupervisedProcess:
    """One process, in a process group of its own, its output in a pipe to the supervisor."""

    def __init__(self, name: str, argv: list[str]) -> None:
        self.name, self.argv = name, argv
        self.log = LogWriter(f"{name}{LOG}")
        self.pid, self.create_time = 0, 0.0
        self.output = -1
        self.since, self._began = 0.0, 0.0
        self.restarts, self.cause = 0, ""
        self.due, self._delay = 0.0, FIRST_DELAY

    def start(self) -> None:
        """Start the program; what prevents that is in its log."""
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
        self.create_time = create_time(self.pid)

    def pump(self) -> bool:
        """Move a piece of output to the log; False where there is none."""
        try:
            data = os.read(self.output, CHUNK)
        except BlockingIOError:
            return False
        if data:
            self.log.write(data)
        else:  # it has closed its output, and may go on running
            os.close(self.output)
            self.output = -1
        return bool(data)

    def send_signal(self, number: int) -> None:
        """Signal the process and what it has started; it must not have been waited for."""
        if self.pid:
            try:
                os.killpg(self.pid, number)
            except (ProcessLookupError, PermissionError):
                os.kill(self.pid, number)  # it has not reached its setsid()

    def ended(self) -> bool:
        """Whether it has ended; if so, notes why, and when it is due again."""
        status = self._wait() if self.pid else None
        if status is None:
            return False
        for _ in range(MOST_LEFT):
            if self.output < 0 or not self.pump():
                break
        self._close()
        self._plan_restart(_cause(status))
        return True

    def _wait(self) -> int | None:
        """Its wait status; None while it runs. What is left of its group is killed: on Linux before
        the PID is free again, elsewhere right after."""
        if hasattr(os, "waitid"):
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return None
            self.send_signal(signal.SIGKILL)
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
        self.pid, self.create_time, self.output = 0, 0.0, -1

    def _plan_restart(self, cause: str) -> None:
        if time.monotonic() - self._began > SETTLED:
            self._delay = FIRST_DELAY
        self.cause = cause
        self.due = time.monotonic() + self._delay
        self.log.note(f"{self.name} ended with {self.cause}; starts again in {self._delay:g} s")
        self._delay = min(self._delay * 2, LONGEST_DELAY)
        self.restarts += 1

    def state(self) -> dict[str, object]:
        """Its `ProcessState` (records.py)."""
        return {
            "pid": self.pid,
            "create_time": self.create_time,
            "since": round(self.since, 3),
            "restarts": self.restarts,
            "cause": self.cause,
            "log_trouble": self.log.trouble,
        }


def _become(argv: list[str], output: int, supervisor: int) -> None:
    """Turn a forked copy of the supervisor into the program."""
    try:
        os.setsid()
        _die_with(supervisor)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        # The supervisor handles the first two, and Python ignores the others.
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execv(argv[0], argv)
    except BaseException as error:
        os.write(2, f"cannot run {argv[0]}: {error}\n".encode())
    finally:
        os._exit(127)


def _die_with(supervisor: int) -> None:
    """Have Linux kill this process when the supervisor dies, in whatever way; elsewhere `stop`
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
