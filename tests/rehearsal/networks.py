"""The clouds' networks: a bridge each, which leads to the private addresses of its machines.

cloud's end of a machine's cable ── net ── bridge, in a namespace of the network's own
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from doubles.machines.network import Network, inside

from rehearsal.firewall import load_rules
from rehearsal.internet import ip, namespace

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")  # RFC 1918

ROUTES = "84"  # the protocol number of the routes that stacks have made


@dataclass
class Networks:
    """The bridge of each network that has had a machine."""

    _stack: contextlib.ExitStack
    _bridges: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def join(self, network: str, cable: Network) -> None:
        """Give a machine's cable the device `net`, which leads to its neighbours.

        It ends with the cable.
        """
        with self._lock:
            number = next(self._numbers)
            if network not in self._bridges:
                self._bridges[network] = self._stack.enter_context(_bridge())
            bridge, port = self._bridges[network], f"port{number}"
            ip("-n", cable.cloud, "link", "add", "net", "type", "veth",
               "peer", "name", port, "netns", bridge)  # fmt: skip
            ip("-n", bridge, "link", "set", port, "master", "bridge", "up")
        _lead(cable, number)


def _lead(cable: Network, number: int) -> None:
    """Private addresses lie beyond `net`, but for the machine's own.

    A cloud answers for every address of the network, also where the subnet's range makes a machine
    take a neighbour for one at its own cable: proxy ARP.
    """
    own = ("-n", cable.cloud)
    # Only to ask the neighbours with: all cables have the same address on the machine's side.
    ip(*own, "address", "add", f"169.254.{128 + number // 256}.{number % 256}/32", "dev", "net")
    ip(*own, "link", "set", "net", "up")
    ip(*own, "route", "flush", "dev", "cloud0", "scope", "link")
    ip(*own, "route", "add", f"{cable.machine_address}/32", "dev", "cloud0")
    for cidr in PRIVATE:
        ip(*own, "route", "replace", cidr, "dev", "net")
    with inside(cable.cloud):
        ipv4 = Path("/proc/sys/net/ipv4")
        for device in ("net", "cloud0"):
            (ipv4 / "conf" / device / "proxy_arp").write_text("1")
            (ipv4 / "neigh" / device / "proxy_delay").write_text("0")


def lead(cable: Network, routes: Mapping[str, str]) -> None:
    """Let ranges be reached by the machine with a private address, as the network's routes say.

    What comes to that machine itself goes to it; these replace those that were set before.
    """
    own = ("-n", cable.cloud, "route")
    ip(*own, "flush", "proto", ROUTES)
    for cidr, hop in routes.items():
        device = "cloud0" if hop == cable.machine_address else "net"
        ip(*own, "replace", cidr, "via", hop, "dev", device, "onlink", "proto", ROUTES)
    hidden = [cidr for cidr, hop in routes.items() if hop == cable.machine_address]
    load_rules(cable.cloud, _unasked(hidden))


def _unasked(ranges: Sequence[str]) -> str:
    """No proxy ARP for what lies behind a machine: who has no route to it would find it."""
    drop = f"iifname net arp daddr ip {{ {', '.join(ranges)} }} drop" if ranges else ""
    return f"""
table arp sky {{}}
delete table arp sky
table arp sky {{
  chain input {{
    type filter hook input priority 0; policy accept;
    {drop}
  }}
}}
"""


@contextlib.contextmanager
def _bridge() -> Iterator[str]:
    with namespace("network") as name:
        ip("-n", name, "link", "add", "bridge", "type", "bridge")
        ip("-n", name, "link", "set", "bridge", "up")
        yield name


@contextlib.contextmanager
def networks() -> Iterator[Networks]:
    """No network yet; the bridges that are made go with the block."""
    with contextlib.ExitStack() as stack:
        yield Networks(stack)
