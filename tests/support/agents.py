"""Real agents as processes on loopback, from the source text in user data."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from attrs import field, frozen

from support.loopback import eventually
from trunkline.probing.addresses import ProbeAddress
from trunkline.probing.client import fetch
from trunkline.probing.key import generate_key
from trunkline.probing.source import agent_source

PORT = 8100
_fleets = itertools.count()


@frozen
class Fleet:
    """Agents that are peers; `folder` holds their files, `options` are part of every config.

    Each has its own address of 127.0.0.0/8, given by `hosts` or chosen here, and the same port.
    """

    folder: Path
    zones: tuple[str, ...]
    options: Mapping[str, Any] = field(factory=dict)
    key: str = field(factory=generate_key)
    processes: dict[str, subprocess.Popen[bytes]] = field(factory=dict)
    network: str = field(factory=lambda: _network())
    hosts: Mapping[str, str] = field(factory=dict)

    def address(self, zone: str) -> ProbeAddress:
        site, name = zone.split("/")
        host = self.hosts.get(zone, f"{self.network}.{self.zones.index(zone) + 1}")
        return ProbeAddress(site, name, host, PORT)

    @property
    def addresses(self) -> list[ProbeAddress]:
        return [self.address(zone) for zone in self.zones]

    def config(self, zone: str, **options: Any) -> dict[str, Any]:
        """The configuration of one agent."""
        own = self.address(zone)
        peers = [{"site": a.site, "zone": a.zone, "host": a.host} for a in self.addresses]
        return {
            "version": 1,
            "site": own.site,
            "cloud": "local",
            "zone": own.zone,
            "address": own.host,
            "port": PORT,
            "key_file": str(self.folder / "key"),
            "operators": ["127.0.0.0/8"],
            "peers": peers,
            "samples": 20,
            "pause_ms": 0,
            "deadline_seconds": 20,
            **self.options,
            **options,
        }

    def start(self, *zones: str, **options: Any) -> None:
        """Start the agents of these zones, or of all zones if none is given."""
        if not self.processes:  # other agents may be reading the files
            (self.folder / "agent.py").write_text(agent_source())
            (self.folder / "key").write_text(self.key + "\n")
        for zone in zones or self.zones:
            config = self.folder / f"{zone.replace('/', '-')}.json"
            config.write_text(json.dumps(self.config(zone, **options)))
            command = [sys.executable, "-I", str(self.folder / "agent.py"), str(config)]
            with (self.folder / "log").open("ab") as log:
                self.processes[zone] = subprocess.Popen(command, stderr=log)

    def kill(self, zone: str) -> None:
        """`kill -9`."""
        process = self.processes.pop(zone)
        process.kill()
        process.wait()

    def results(self, zone: str) -> dict[str, Any]:
        """The results that the agent serves."""
        return fetch(self.address(zone), bytes.fromhex(self.key)).content

    def when(self, zone: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The results of a zone, as soon as the condition holds; fails after 20 seconds."""
        results: dict[str, Any] = {}

        def holds() -> bool:
            nonlocal results
            try:
                results = self.results(zone)
            except Exception:
                return False
            return condition(results)

        eventually(holds)
        return results

    def sweeps(self, zone: str, completed: int = 1) -> dict[str, list[dict[str, Any]]]:
        """The sweeps of a zone by peer, as soon as it has completed so many."""
        results = self.when(zone, lambda results: results["completed"] >= completed)
        return {name: peer["sweeps"] for name, peer in results["peers"].items()}

    def measured(self) -> set[tuple[str, str]]:
        """The directed pairs that were measured, as soon as every agent has completed a sweep."""
        found = {zone: self.sweeps(zone) for zone in self.processes}
        return {(zone, peer) for zone, peers in found.items() for peer in peers if peers[peer]}

    def log(self) -> str:
        return (self.folder / "log").read_text()


def fleet(folder: Path, count: int, **options: Any) -> AbstractContextManager[Fleet]:
    """`count` zones of two sites, with no agent running yet; all agents end with the block."""
    zones = tuple(f"{'ab'[number % 2]}/z{number}" for number in range(count))
    return running(Fleet(folder, zones, options))


@contextmanager
def running(agents: Fleet) -> Iterator[Fleet]:
    """A fleet whose agents end with the block."""
    try:
        yield agents
    finally:
        for zone in list(agents.processes):
            agents.kill(zone)


def every_pair(zones: tuple[str, ...]) -> set[tuple[str, str]]:
    return set(itertools.permutations(zones, 2))


def _network() -> str:
    """A range of loopback for one fleet: other tests may run at the same time."""
    return f"127.{64 + (os.getpid() // 256 + next(_fleets)) % 128}.{os.getpid() % 256}"
