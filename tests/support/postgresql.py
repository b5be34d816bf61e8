"""A real PostgreSQL on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.loopback import eventually, free_port
from support.programs import listens

_CONFIG = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
"""


def programs() -> Path | None:
    """The folder of Debian's newest server, which is not on the path; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


@contextmanager
def postgresql() -> Iterator[int]:
    """A server that trusts everybody on loopback; its port. It does not run as root."""
    folder, port = programs(), free_port()
    assert folder is not None
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="postgresql") as name:
        if user:
            shutil.chown(name, user)
        data = f"{name}/data"
        init = [str(folder / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"]
        subprocess.run(init, check=True, capture_output=True, user=user, cwd=name)
        Path(data, "postgresql.conf").write_text(_CONFIG)
        command = [str(folder / "postgres"), "-D", data, "-p", str(port)]
        with Path(name, "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, user=user, cwd=name)
        try:
            eventually(lambda: process.poll() is not None or listens(port))
            assert process.poll() is None, Path(name, "log").read_text()
            yield port
        finally:
            process.terminate()
            process.wait(20)
