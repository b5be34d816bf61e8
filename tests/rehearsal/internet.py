"""The internet between the clouds: one hub that delays packets, and who stands at it."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from doubles import hub as hub_program
from doubles.machines.machine import lives

from rehearsal.distances import Distances
from rehearsal.world import CLOUDFLARE_RANGE, PUBLIC

PREFIX = "trunkline-sky"
_numbers = itertools.count()


def ip(*arguments: str, check: bool = True) -> None:
    subprocess.run(["ip", *arguments], check=check, capture_output=not check)


@dataclass
class Internet:
    """The hub, and the place (`aws us-east-1a`) of every address at it."""

    distances: Distances
    operators: Sequence[str]
    _process: subprocess.Popen[str]
    _places: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def join(self, namespace: str, address: str, place: str) -> None:
        """Give a namespace the device `hub` with a public address, and its distances."""
        with self._lock:
            delays = {
                f"{address} {other}": self.distances.milliseconds(place, there)
                for other, there in self._places.items()
            }
            self._places[address] = place
            self._tell({"add": {namespace: f"{address}/32"}, "delays": delays})
        for network in (str(PUBLIC), str(CLOUDFLARE_RANGE), *self.operators):
            ip("-n", namespace, "route", "replace", network, "dev", "hub", check=False)

    def leave(self, address: str) -> None:
        with self._lock:
            self._places.pop(address, None)
            self._tell({"remove": [address]})

    def cut_off(self, places: Sequence[str]) -> None:
        """No packet enters or leaves these places, until `mend`."""
        self._set_delays(places, lambda here, there: None)

    def mend(self, places: Sequence[str]) -> None:
        self._set_delays(places, self.distances.milliseconds)

    def _set_delays(self, places: Sequence[str], delay: Callable[[str, str], float | None]) -> None:
        with self._lock:
            pairs = itertools.combinations(self._places.items(), 2)
            delays = {
                f"{here} {there}": delay(place, other)
                for (here, place), (there, other) in pairs
                if place in places or other in places
            }
            self._tell({"delays": delays})

    def _tell(self, change: dict[str, object]) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{json.dumps(change)}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError("the hub has ended")


@contextlib.contextmanager
def internet(distances: Distances, operators: Sequence[str]) -> Iterator[Internet]:
    """A hub that ends with the block, or with this process."""
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, hub_program.__file__, "{}", "{}"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the hub does not start")
        made = Internet(distances, operators, process)
        made._tell({"jitter": distances.jitter, "loss": distances.loss})
        yield made
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def namespace(role: str) -> Iterator[str]:
    """A network namespace of this process's own."""
    name = f"{PREFIX}-{os.getpid()}-{next(_numbers)}-{role}"
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        ip("netns", "del", name, check=False)


def sweep() -> None:
    """Take away the namespaces that rehearsals which were killed have left."""
    for name in left():
        ip("netns", "del", name, check=False)


def left() -> list[str]:
    """The namespaces whose process is gone."""
    names = [path.name for path in Path("/run/netns").glob(f"{PREFIX}-*")]
    owners = {name: name.removeprefix(f"{PREFIX}-").partition("-")[0] for name in names}
    return [name for name in names if not lives(owners[name])]
