"""Addresses before a start: is each there, is it free, and if not, who has it."""

from __future__ import annotations

import errno
import socket
import sys
from contextlib import suppress
from pathlib import Path

from trunkline.local.processes import program

LISTEN = "0A"  # TCP_LISTEN, as /proc/net/tcp writes it
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def obstacle(address: str) -> str:
    """Why `address` (`tcp 127.10.0.1:8080`) cannot be taken, and what to do; empty where it can."""
    protocol, _, place = address.partition(" ")
    host, _, port = place.rpartition(":")
    try:
        with socket.socket(socket.AF_INET, KINDS[protocol]) as probe:
            if protocol == "tcp":  # a port whose last connections linger is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
            if protocol == "tcp":
                probe.listen(1)
    except OSError as error:
        return _explain(error, protocol, host, int(port))
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
    owners = [f"{program(pid)} (pid {pid})" for pid in holders(protocol, host, port)]
    return f" by {' and '.join(owners)}" if owners else ""


def holders(protocol: str, host: str, port: int) -> list[int]:
    """The PIDs that hold an address; empty where the system does not tell."""
    if sys.platform.startswith("linux"):
        return _find_owners(_inodes(protocol, host, port))
    return _ask_lsof(protocol, port)


def _inodes(protocol: str, host: str, port: int) -> set[str]:
    """The sockets bound to the address, or to its port on all addresses (proc(5), /proc/net)."""
    found = set()
    for version in ("", "6"):
        for fields in _table(f"/proc/net/{protocol}{version}"):
            address, _, bound = fields[1].partition(":")
            listens = protocol == "udp" or fields[3] == LISTEN
            if listens and int(bound, 16) == port and _covers(address, host):
                found.add(fields[9])
    return found


def _table(path: str) -> list[list[str]]:
    with suppress(OSError):
        return [line.split() for line in Path(path).read_text().splitlines()[1:]]
    return []


def _covers(address: str, host: str) -> bool:
    """Whether a bound address, hexadecimal in the machine's byte order, takes in `host`."""
    if not address.strip("0"):
        return True
    number = int.from_bytes(socket.inet_aton(host), sys.byteorder)
    return address[-8:] == f"{number:08X}"


def _find_owners(inodes: set[str]) -> list[int]:
    links = {f"socket:[{inode}]" for inode in inodes}
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [int(path.name) for path in processes if links and _holds(path, links)]


def _holds(process: Path, links: set[str]) -> bool:
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                if str(descriptor.readlink()) in links:
                    return True
    return False


def _ask_lsof(protocol: str, port: int) -> list[int]:
    import subprocess

    command = ["lsof", "-nP", "-t", f"-i{protocol.upper()}:{port}"]
    if protocol == "tcp":
        command.append("-sTCP:LISTEN")
    with suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True)
        return [int(line) for line in done.stdout.split()]
    return []
