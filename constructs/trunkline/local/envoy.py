"""A running Envoy of this machine: it takes new routes, and drains before its end."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trunkline.documents.write import write_private

# Both in the folder of the machine.
ADMIN_SOCKET = "admin.sock"
ROUTES = "rds-edge.json"  # read again when another file is renamed to it

TAKEN_SECONDS = 5.0
NOTICED_SECONDS = 3.0  # the Worker asks for the health of an edge every two seconds
QUIET_SECONDS = 0.5  # without a request, after which nobody asks any more
LONGEST_SECONDS = 30.0
_PAUSE = 0.02


def take_routes(folder: Path, content: str) -> bool:
    """Give the Envoy in a folder new routes; False where it has not taken them in time."""
    with suppress(OSError):
        before = _statistic(folder, "http.edge.rds.edge.config_reload")
        write_private(folder / ROUTES, content.encode())
        deadline = time.monotonic() + TAKEN_SECONDS
        while time.monotonic() < deadline:
            if _statistic(folder, "http.edge.rds.edge.config_reload") > before:
                return True
            time.sleep(_PAUSE)
    return False


def drain(folder: Path) -> None:
    """Let the Envoy in a folder answer what it has; what is to come goes elsewhere.

    As the edges in clouds do (`payload/files/drain.sh`). It takes no time where there is no Envoy,
    or where nobody is connected to it.
    """
    if not (folder / ADMIN_SOCKET).exists():
        return
    with suppress(OSError):
        if not _statistic(folder, "http.edge.downstream_cx_active"):
            return
        _ask(folder, "POST", "/healthcheck/fail")
        _await_quiet(folder)
        _ask(folder, "POST", "/drain_listeners?graceful")
        deadline = time.monotonic() + LONGEST_SECONDS
        while _statistic(folder, "http.edge.downstream_rq_active") and time.monotonic() < deadline:
            time.sleep(_PAUSE)


def _await_quiet(folder: Path) -> None:
    """Until everybody knows that it is not healthy, or nobody asks any more."""
    deadline = time.monotonic() + NOTICED_SECONDS
    before = -1
    while time.monotonic() < deadline:
        now = _statistic(folder, "http.edge.downstream_rq_total")
        if now == before:
            return
        before = now
        time.sleep(QUIET_SECONDS)


def _statistic(folder: Path, name: str) -> int:
    text = _ask(folder, "GET", f"/stats?filter=^{re.escape(name)}$")
    return int(text.rpartition(":")[2] or 0)


def _ask(folder: Path, method: str, target: str) -> str:
    """The body of an answer of the admin interface; OSError where there is none."""
    import http.client
    import socket

    connection = http.client.HTTPConnection("envoy", timeout=2)
    try:
        with _short(folder) as path, socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(2)
            channel.connect(f"{path}/{ADMIN_SOCKET}")
            connection.sock = channel
            connection.request(method, target)
            return connection.getresponse().read().decode()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """Another path of a folder where there is one: the name of a socket has 107 bytes at most."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        short = f"/proc/self/fd/{descriptor}"
        yield short if Path(short).exists() else str(folder)
    finally:
        os.close(descriptor)
