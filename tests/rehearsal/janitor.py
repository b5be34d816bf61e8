"""Takes away what a rehearsal that was killed outright has left: `python -m rehearsal.janitor`.

Its standard input ends with the rehearsal, whatever ended it. Machines end by themselves with their
parent; their namespaces, mounts and folders do not.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def swept_if_killed(folder: Path) -> Iterator[None]:
    """While the block runs, somebody watches who takes everything away if this process dies."""
    command = [sys.executable, "-m", "rehearsal.janitor", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as janitor:
        yield
        assert janitor.stdin
        janitor.stdin.close()


def main(folder: str) -> None:
    from doubles.machines import machine

    from rehearsal import internet

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    for _ in range(50):  # until what was killed with it has ended
        with contextlib.suppress(subprocess.CalledProcessError, OSError):
            machine.sweep()
            internet.sweep()
            shutil.rmtree(folder, ignore_errors=True)
        if not Path(folder).exists() and not internet.left():
            return
        time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
