"""A hub between network namespaces that delays each packet by half its pair's round trip.

Usage: hub.py NAMESPACES DELAYS, both JSON: {"namespace": "10.99.0.1/24"} and, in milliseconds,
{"10.99.0.1 10.99.0.2": 2.5}. Every namespace gets the TUN device `hub`. Needs root; it says `ready`
when all devices are there and forwards until it is ended. Lines on its standard input change it
while it runs, and each is answered with `done`:

    {"add": {"namespace": "10.99.0.3/24"}, "delays": {"10.99.0.1 10.99.0.3": 1.0}}
    {"remove": ["10.99.0.3"]}
    {"jitter": 0.05, "loss": 0.001}    a share of the delay, and of the packets

A pair without a delay has no connection. Standard library only.
"""

import ctypes
import fcntl
import heapq
import ipaddress
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time
from typing import Any

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000


def enter(namespace: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def device(namespace: str, address: str) -> int:
    """The descriptor of a new TUN device in `namespace`."""
    home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{namespace}", 0)
    enter(there)
    try:
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"hub", IFF_TUN | IFF_NO_PI))
    finally:
        enter(home)
        os.close(home)
        os.close(there)
    for command in (f"addr add {address} dev hub", "link set hub up", "link set lo up"):
        subprocess.run(["ip", "-n", namespace, *command.split()], check=True)
    return tun


class Hub:
    """The devices by address, the delays by pair, and the packets that are under way."""

    def __init__(self) -> None:
        self.devices: dict[bytes, int] = {}
        self.delays: dict[frozenset[bytes], float] = {}
        self.due: list[tuple[float, int, bytes, bytes]] = []
        self.jitter = self.loss = 0.0
        self.number = 0

    def change(self, wanted: dict[str, Any]) -> None:
        for namespace, address in wanted.get("add", {}).items():
            packed = ipaddress.ip_interface(address).ip.packed
            self.devices[packed] = device(namespace, address)
        for address in wanted.get("remove", []):
            if (tun := self.devices.pop(socket.inet_aton(address), None)) is not None:
                os.close(tun)
        for pair, delay in wanted.get("delays", {}).items():
            ends = frozenset(map(socket.inet_aton, pair.split()))
            if delay is None:
                self.delays.pop(ends, None)
            else:
                self.delays[ends] = delay / 2000
        self.jitter = wanted.get("jitter", self.jitter)
        self.loss = wanted.get("loss", self.loss)

    def forward(self) -> None:
        """Take packets in and let them out when they are due; ends with its standard input."""
        while True:
            wait = max(0.0, self.due[0][0] - time.perf_counter()) if self.due else None
            stdin = sys.stdin.fileno()
            for source in select.select([*self.devices.values(), stdin], [], [], wait)[0]:
                if source == stdin:
                    if not (line := sys.stdin.readline()):
                        return
                    self.change(json.loads(line))
                    print("done", flush=True)
                else:
                    self.take(source)
            self.let_out()

    def take(self, tun: int) -> None:
        try:
            packet = os.read(tun, 65535)
        except OSError:  # its namespace is gone
            self.devices = {a: each for a, each in self.devices.items() if each != tun}
            os.close(tun)
            return
        delay = self.delays.get(frozenset((packet[12:16], packet[16:20])))
        if packet[0] >> 4 != 4 or delay is None or random.random() < self.loss:
            return
        self.number += 1
        late = delay * (1 + self.jitter * random.expovariate(1.0)) if self.jitter else delay
        entry = (time.perf_counter() + late, self.number, packet, packet[16:20])
        heapq.heappush(self.due, entry)

    def let_out(self) -> None:
        while self.due and self.due[0][0] <= time.perf_counter():
            _, _, packet, target = heapq.heappop(self.due)
            if (tun := self.devices.get(target)) is not None:
                try:
                    os.write(tun, packet)
                except OSError:
                    continue  # its namespace is gone, or its queue is full


def main(namespaces: dict[str, str], delays: dict[str, float]) -> None:
    with open("/proc/self/timerslack_ns", "w") as slack:  # noqa: PTH123
        slack.write("1")
    hub = Hub()
    hub.change({"add": namespaces, "delays": delays})
    print("ready", flush=True)
    hub.forward()


if __name__ == "__main__":
    main(*map(json.loads, sys.argv[1:]))
