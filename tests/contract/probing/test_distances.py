"""Agents on machines of their own, with the declared latencies between them."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.loopback import eventually
from support.needs import needs

from trunkline.probing.key import generate_key
from trunkline.probing.source import agent_source

pytestmark = [pytest.mark.slow, needs("Linux", "root", "ip", "/dev/net/tun")]

SOURCE = Path(__file__).parents[3] / "constructs"
COUNT = 6
ADDRESSES = {f"s{number % 3}/z{number}": f"10.99.0.{number + 1}" for number in range(COUNT)}
PAIRS = list(itertools.combinations(ADDRESSES, 2))
# From within a building to across a continent.
DECLARED_MS = {pair: round(0.8 + 1.35**number, 2) for number, pair in enumerate(PAIRS)}
FETCH = """
import json, sys
from trunkline.probing.addresses import ProbeAddress
from trunkline.probing.client import fetch
site, zone, host, key = sys.argv[1:]
print(json.dumps(fetch(ProbeAddress(site, zone, host, 8100), bytes.fromhex(key)).content["peers"]))
"""


@contextmanager
def namespace(name: str) -> Iterator[str]:
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@contextmanager
def process(*command: str, **options: Any) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen(command, text=True, **options)
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def config(zone: str, key_file: Path) -> dict[str, Any]:
    site, name = zone.split("/")
    places = [(*other.split("/"), address) for other, address in ADDRESSES.items()]
    return {
        "version": 1,
        "site": site,
        "cloud": "google",
        "zone": name,
        "address": ADDRESSES[zone],
        "port": 8100,
        "key_file": str(key_file),
        "operators": ["10.99.0.0/24"],
        "peers": [{"site": site, "zone": zone, "host": host} for site, zone, host in places],
        "samples": 60,
        "deadline_seconds": 30,
        "interval_seconds": 0,
    }


def test_measured_medians_are_the_declared_latencies(tmp_path: Path) -> None:
    key = generate_key()
    (tmp_path / "key").write_text(key)
    (tmp_path / "agent.py").write_text(agent_source())
    with ExitStack() as stack:
        names = {
            zone: stack.enter_context(namespace(f"probe{os.getpid()}x{number}"))
            for number, zone in enumerate(ADDRESSES)
        }
        delays = {f"{ADDRESSES[a]} {ADDRESSES[b]}": ms for (a, b), ms in DECLARED_MS.items()}
        places = {name: f"{ADDRESSES[zone]}/24" for zone, name in names.items()}
        hub = [sys.executable, str(Path(__file__).parents[2] / "doubles" / "hub.py")]
        arguments = (json.dumps(places), json.dumps(delays))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        running = stack.enter_context(process(*hub, *arguments, **pipes))
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        for zone, name in names.items():
            path = tmp_path / f"{name}.json"
            path.write_text(json.dumps(config(zone, tmp_path / "key")))
            agent = (sys.executable, "-I", str(tmp_path / "agent.py"), str(path))
            stack.enter_context(process("ip", "netns", "exec", name, *agent))
        for zone, name in names.items():
            eventually(lambda: _are_met(zone, _fetch(zone, name, key)), 90)  # noqa: B023


def _fetch(zone: str, name: str, key: str) -> dict[str, Any]:
    command = ["ip", "netns", "exec", name, sys.executable, "-c", FETCH, *zone.split("/")]
    done = subprocess.run(
        [*command, ADDRESSES[zone], key],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
    )
    peers: dict[str, Any] = {}
    with suppress(ValueError):  # it is not there yet
        peers = json.loads(done.stdout)
    return peers


def _are_met(zone: str, peers: dict[str, Any]) -> bool:
    """Whether each latency was measured in some sweep; other load may have disturbed the rest."""
    return len(peers) == COUNT - 1 and all(
        any(_is_met(zone, other, sweep["p50"] / 1000) for sweep in peer["sweeps"])
        for other, peer in peers.items()
    )


def _is_met(zone: str, other: str, measured_ms: float) -> bool:
    declared = DECLARED_MS.get((zone, other)) or DECLARED_MS[other, zone]
    return abs(measured_ms - declared) < 0.5 + 0.03 * declared
