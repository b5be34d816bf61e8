"""Addresses before a start: whether each can be taken, and if not, why."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def parts(address: str) -> tuple[str, str, int]:
    """Protocol, host and port of an address like `tcp 127.10.0.1:8080`."""
    protocol, _, place = address.partition(" ")
    host, _, port = place.rpartition(":")
    return protocol, host, int(port)


def obstacle(address: str) -> str:
    """Why `address` (`tcp 127.10.0.1:8080`) cannot be taken, and what to do; empty where it can."""
    protocol, host, port = parts(address)
    try:
        with socket.socket(socket.AF_INET, KINDS[protocol]) as probe:
            if protocol == "tcp":  # a port whose last connections linger is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            if protocol == "tcp":
                probe.listen(1)
    except OSError as error:
        return _explain(error, protocol, host, port)
    return ""


def _explain(error: OSError, protocol: str, host: str, port: int) -> str:
    place = f"{protocol} {host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return f"{place} is taken{_by(protocol, host, port)}; end that, or choose another address"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine has no address {host}; {_add_address(host)}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{place} is for root alone; choose a port from 1024"
    return f"{place} cannot be taken: {error.strerror}; choose another address"


def _add_address(host: str) -> str:
    if sys.platform == "darwin":
        return f"add it: sudo ifconfig lo0 alias {host}"
    return f"add it: sudo ip address add {host}/32 dev lo"


def _by(protocol: str, host: str, port: int) -> str:
    import psutil

    owners = []
    for pid in sorted(holders(protocol, host, port)):
        with suppress(psutil.Error):
            owners.append(f"{psutil.Process(pid).name()} (pid {pid})")
    return f" by {' and '.join(owners)}" if owners else ""


def holders(protocol: str, host: str, port: int) -> set[int]:
    """The PIDs that hold an address, or its port on all addresses, as far as the system says."""
    import psutil

    places = {(each, port) for each in (host, f"::ffff:{host}", "0.0.0.0", "::")}
    bound = (psutil.CONN_LISTEN, psutil.CONN_NONE)  # UDP sockets have no status
    return {
        pid
        for pid, status, place in _sockets(protocol)
        if pid and status in bound and place in places
    }


def _sockets(protocol: str) -> Iterator[tuple[int | None, str, tuple[object, ...]]]:
    """PID, status and address of all sockets. macOS shows all at once to root alone, and to others
    those of their own processes."""
    import psutil

    try:
        for each in psutil.net_connections(protocol):
            yield each.pid, each.status, tuple(each.laddr)
    except psutil.AccessDenied:
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                for own in process.net_connections(protocol):
                    yield process.pid, own.status, tuple(own.laddr)
