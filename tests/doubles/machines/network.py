"""A virtual cable between the machine and everything it would talk to.

    machine's namespace  eth0 10.90.0.2 ──── cloud0 10.90.0.1, 169.254.169.254  cloud's namespace

Both ends are network namespaces of our own, so every test may use the same addresses, and no
server of a test can be reached from anywhere else.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from doubles.services.cloud import METADATA_ADDRESS, METADATA_NAME
from doubles.services.trust import Authority
from doubles.services.web import Doubles, serving

MACHINE_ADDRESS = "10.90.0.2"
CLOUD_ADDRESS = "10.90.0.1"
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Network:
    machine: str  # a namespace's name
    cloud: str
    machine_address: str = MACHINE_ADDRESS
    cloud_address: str = CLOUD_ADDRESS
    length: int = 24  # of the prefix that both addresses are in

    @property
    def machine_path(self) -> str:
        return f"/run/netns/{self.machine}"


def network_named(name: str) -> Network:
    return Network(f"{name}-m", f"{name}-c")


@contextlib.contextmanager
def network(name: str, **addresses: Any) -> Iterator[Network]:
    """Two namespaces and the cable; taken away again whatever happens."""
    made = replace(network_named(name), **addresses)
    try:
        _lay_cable(made)
        yield made
    finally:
        remove(made)


def remove(left: Network) -> None:
    """Idempotent; the cable goes with its ends."""
    for namespace in (left.machine, left.cloud):
        subprocess.run(["ip", "netns", "del", namespace], capture_output=True)


def _lay_cable(made: Network) -> None:
    for namespace in (made.machine, made.cloud):
        _ip(f"netns add {namespace}")
        _ip(f"-n {namespace} link set lo up")
    _ip(f"-n {made.cloud} link add cloud0 type veth peer name eth0 netns {made.machine}")
    for address in (f"{made.cloud_address}/{made.length}", f"{METADATA_ADDRESS}/32"):
        _ip(f"-n {made.cloud} address add {address} dev cloud0")
    _ip(f"-n {made.machine} address add {made.machine_address}/{made.length} dev eth0")
    _ip(f"-n {made.cloud} link set cloud0 up")
    _ip(f"-n {made.machine} link set eth0 up")
    _ip(f"-n {made.machine} route add default via {made.cloud_address}")
    # Whatever the machine asks for that has no double fails at once instead of timing out.
    _ip(f"-n {made.cloud} route add unreachable default")
    for setting, value in (("ip_forward", "1"), ("icmp_ratelimit", "0")):
        with inside(made.cloud):
            Path(f"/proc/sys/net/ipv4/{setting}").write_text(value)


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Sockets that the calling thread opens here belong to the namespace, for ever."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        _enter(there)
        yield
    finally:
        _enter(home)
        os.close(home)
        os.close(there)


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def answering(
    cable: Network, http: Doubles, https: Doubles, authority: Authority
) -> Iterator[None]:
    """Serve the doubles at the far end of the cable, on the ports that the real ones use."""
    with contextlib.ExitStack() as servers:
        with inside(cable.cloud):
            servers.enter_context(serving(80, http))
            servers.enter_context(serving(443, https, authority.server(https)))
        yield


def hosts(names: Doubles) -> str:
    """The machine's /etc/hosts: every double's name leads to the far end of the cable."""
    lines = ["127.0.0.1 localhost"]
    for name in sorted(names):
        if name != METADATA_ADDRESS:
            address = METADATA_ADDRESS if name == METADATA_NAME else CLOUD_ADDRESS
            lines.append(f"{address} {name}")
    return "\n".join([*lines, ""])
