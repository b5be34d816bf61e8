"""Programs that a test starts, and that listen on a port of 127.0.0.1."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.loopback import eventually


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def listening(command: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    """A program from when it listens until the block ends; `folder` gets its stdout and stderr."""
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
    try:
        eventually(lambda: process.poll() is not None or listens(port))
        assert process.poll() is None, (folder / "stderr").read_text()
        yield
    finally:
        process.terminate()
        process.wait(10)
