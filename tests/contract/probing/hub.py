"""A hub between network namespaces that delays each packet by half its pair's round trip.

Usage: hub.py NAMESPACES DELAYS, both JSON: {"namespace": "10.99.0.1"} and, in milliseconds,
{"10.99.0.1 10.99.0.2": 2.5}. Every namespace gets the TUN device `hub`. Needs root; it says `ready`
when all devices are there and forwards until it is ended. Standard library only.
"""

import ctypes
import fcntl
import heapq
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

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
    for command in (f"addr add {address}/24 dev hub", "link set hub up", "link set lo up"):
        subprocess.run(["ip", "-n", namespace, *command.split()], check=True)
    return tun


def forward(devices: dict[bytes, int], delays: dict[frozenset[bytes], float]) -> None:
    due: list[tuple[float, int, bytes, int]] = []
    number = 0
    while True:
        wait = max(0.0, due[0][0] - time.perf_counter()) if due else None
        for tun in select.select(list(devices.values()), [], [], wait)[0]:
            packet = os.read(tun, 65535)
            source, target = packet[12:16], packet[16:20]
            if packet[0] >> 4 == 4 and frozenset((source, target)) in delays:
                number += 1
                when = time.perf_counter() + delays[frozenset((source, target))] / 2000
                heapq.heappush(due, (when, number, packet, devices[target]))
        while due and due[0][0] <= time.perf_counter():
            _, _, packet, tun = heapq.heappop(due)
            os.write(tun, packet)


def main(namespaces: dict[str, str], delays: dict[str, float]) -> None:
    with open("/proc/self/timerslack_ns", "w") as slack:  # noqa: PTH123
        slack.write("1")
    devices = {
        socket.inet_aton(address): device(name, address) for name, address in namespaces.items()
    }
    pairs = {
        frozenset(map(socket.inet_aton, pair.split())): delay for pair, delay in delays.items()
    }
    print("ready", flush=True)
    forward(devices, pairs)


if __name__ == "__main__":
    main(*map(json.loads, sys.argv[1:]))
