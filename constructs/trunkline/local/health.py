"""Health checks: whether a process accepts connections or answers 200."""

from __future__ import annotations

import socket

SECONDS = 2.0
MOST = 65_536


def check(ready: str, seconds: float = SECONDS) -> str:
    """Why the process behind `ready` is not healthy, in a few words; empty where it is.

    `tcp://HOST:PORT` must accept, `http://HOST:PORT/PATH` must answer 200.
    """
    scheme, _, rest = ready.partition("://")
    place, _, path = rest.partition("/")
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=seconds) as connection:
            return "" if scheme == "tcp" else _get(connection, place, f"/{path}")
    except TimeoutError:
        return f"{place} did not answer within {seconds:g} s"
    except OSError as error:
        return f"{place}: {error.strerror or error}"


def _get(connection: socket.socket, place: str, path: str) -> str:
    request = f"GET {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n"
    connection.sendall(request.encode())
    answer = b""
    while b"\r\n" not in answer and len(answer) < MOST and (data := connection.recv(4096)):
        answer += data
    status = answer.split(b"\r\n")[0].decode(errors="replace")
    if status.startswith("HTTP/1.") and status[8:12] == " 200":
        return ""
    return f"{place}{path} answered {status[:60] or 'nothing'}"
