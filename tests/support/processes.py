"""What is left of machines on this computer: processes, ports. Linux only, as they read /proc."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def processes_below(folder: Path) -> dict[int, str]:
    """Every process that has to do with `folder` or what is below it, by PID: its command names it,
    it works there, or its environment does. The caller and its ancestors are left out."""
    own = _ancestors()
    found = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and int(path.name) not in own and _concerns(path, str(folder)):
            found[int(path.name)] = _command(path)
    return found


def ports_taken(addresses: Iterable[str]) -> list[str]:
    """Those of `addresses` (`tcp 127.10.0.1:8080`) that cannot be bound."""
    return [address for address in addresses if not _is_free(address)]


def _ancestors() -> set[int]:
    found, pid = set(), os.getpid()
    while pid > 1:
        found.add(pid)
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found


def _concerns(process: Path, folder: str) -> bool:
    with suppress(OSError):
        if process.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        texts = [
            os.fsdecode(process.joinpath(name).read_bytes()) for name in ("cmdline", "environ")
        ]
        # A test runner may have the folder in PWD or in a variable of its own; ours have this one.
        marks = [text for text in texts[1].split("\0") if text.startswith("TRUNKLINE_FOLDER=")]
        return folder in "\0".join([texts[0], *marks, str(process.joinpath("cwd").readlink())])
    return False


def _command(process: Path) -> str:
    with suppress(OSError):
        return process.joinpath("cmdline").read_text().replace("\0", " ")
    return ""


def _is_free(address: str) -> bool:
    protocol, place = address.split(" ")
    host, port = place.rsplit(":", 1)
    with socket.socket(socket.AF_INET, KINDS[protocol]) as probe:
        if protocol == "tcp":  # a port whose last connections linger is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
            if protocol == "tcp":
                probe.listen(1)
        except OSError:
            return False
    return True
