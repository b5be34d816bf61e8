"""Passes TCP on as over a distance: `python -m benchmarks.relay MS LISTEN TARGET [LISTEN …]`.

MS is the round trip, LISTEN and TARGET are HOST:PORT. A byte takes half of it each way. A handshake
cannot be delayed, because the kernel makes it: the first bytes of a connection wait for as long
instead.
"""

from __future__ import annotations

import queue
import socket
import sys
import threading
import time
from contextlib import suppress

CHUNK = 64 * 2**10

Address = tuple[str, int]


def serve(seconds: float, listen: Address, target: Address) -> None:
    """Take connections at `listen` for ever."""
    with socket.create_server(listen, backlog=1024) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_relay, args=(seconds, client, target), daemon=True).start()


def _relay(seconds: float, client: socket.socket, target: Address) -> None:
    try:
        server = socket.create_connection(target)
    except OSError:
        client.close()
        return
    for each in (client, server):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _one_way(client, server, seconds / 2, time.monotonic() + seconds)
    _one_way(server, client, seconds / 2, 0)


def _one_way(source: socket.socket, sink: socket.socket, seconds: float, first: float) -> None:
    """Copy in two threads: no byte arrives before the time `first` and those `seconds`."""
    under_way: queue.Queue[tuple[float, bytes]] = queue.Queue()

    def read() -> None:
        data = b"-"
        while data:
            data = b""
            with suppress(OSError):
                data = source.recv(CHUNK)
            under_way.put((max(time.monotonic(), first) + seconds, data))

    def write() -> None:
        while True:
            due, data = under_way.get()
            if (pause := due - time.monotonic()) > 0:
                time.sleep(pause)
            with suppress(OSError):
                if not data:
                    sink.shutdown(socket.SHUT_RDWR)
                    return
                sink.sendall(data)

    for work in (read, write):
        threading.Thread(target=work, daemon=True).start()


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


def main(arguments: list[str]) -> None:
    """Relay until this process is ended."""
    milliseconds, *addresses = arguments
    pairs = zip(addresses[::2], addresses[1::2], strict=True)
    threads = [
        threading.Thread(
            target=serve, args=(float(milliseconds) / 1000, _address(listen), _address(target))
        )
        for listen, target in pairs
    ]
    for each in threads:
        each.start()


if __name__ == "__main__":
    main(sys.argv[1:])
