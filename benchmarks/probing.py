"""Twelve zones measure one another on this machine, over distances that they emulate."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from attrs import frozen

from benchmarks.measure import Report, Target, parser, progress, show
from trunkline.measurements import Pair
from trunkline.probing.addresses import ProbeAddress
from trunkline.probing.collect import collect
from trunkline.probing.document import pair
from trunkline.probing.key import generate_key
from trunkline.probing.source import agent_source

ZONES = 12
SAMPLES = 200
PORT = 8100
# PerfKit Benchmarker's ping of one pair, both directions, on static machines in August 2026: 3.4
# minutes. Its default netperf takes 6.3, ping with both kinds of address 7.8, and a run that makes
# and removes its machines took 755 s.
PERFKIT_SECONDS_A_PAIR = 202
ROUND_TRIPS_MS = (0.7, 3.0)


@frozen
class Sweep:
    """One sweep of all zones: seconds from start to the last result, and how true it is."""

    seconds: float
    pairs: int
    fewest_samples: int
    worst_error: float
    """The largest difference of a median from its declared round trip, in parts of what the
    project allows: 0.5 ms + 3 %."""
    megabytes: float
    """Proportional set size of one agent, the median."""


def run(runs: int) -> Report:
    """Measure all pairs so many times."""
    progress(f"probing: {runs} sweeps of {ZONES} zones")
    sweeps = [_sweep(seed) for seed in range(runs)]
    seconds = median(sweep.seconds for sweep in sweeps)
    wanted = ZONES * (ZONES - 1) // 2
    perfkit = wanted * PERFKIT_SECONDS_A_PAIR
    return Report(
        f"{ZONES} zones, {wanted} pairs both ways, {SAMPLES} samples each, emulated distances",
        ("method", "seconds", "rounds"),
        [
            ("trunkline", seconds, float(_rounds())),
            ("PerfKit Benchmarker, one pair at a time", float(perfkit), float(wanted)),
        ],
        [
            Target("all pairs both ways", seconds, 60, " s"),
            Target("rounds", _rounds(), ZONES - 1),
            Target(
                "directed pairs measured",
                min(sweep.pairs for sweep in sweeps),
                2 * wanted,
                at_least=True,
            ),
            Target(
                "fewest samples of a pair",
                min(sweep.fewest_samples for sweep in sweeps),
                SAMPLES,
                at_least=True,
            ),
            Target(
                "error of the worst median, in parts of 0.5 ms + 3 %",
                max(sweep.worst_error for sweep in sweeps),
                1,
            ),
            Target("an agent's memory", max(sweep.megabytes for sweep in sweeps), 14, " MB"),
        ],
        (f"{perfkit / seconds:.0f} times as fast; early stop off",),
    )


def _rounds() -> int:
    from trunkline.probing.agent import rounds

    names = [address.name for address in _addresses()]
    return len(rounds(names, names[0]))


def _addresses() -> list[ProbeAddress]:
    return [
        ProbeAddress("abc"[number % 3], f"zone-{number}", f"127.61.0.{number + 1}", PORT)
        for number in range(ZONES)
    ]


def _sweep(seed: int) -> Sweep:
    draw = random.Random(seed)
    names = [address.name for address in _addresses()]
    declared = {
        frozenset(pair): round(draw.uniform(*ROUND_TRIPS_MS), 2)
        for pair in itertools.combinations(names, 2)
    }
    key = generate_key()
    begin = time.monotonic()
    with _agents(key, declared) as processes:
        collection = collect(_addresses(), bytes.fromhex(key), wait_seconds=180)
        seconds = time.monotonic() - begin
        memory = median(map(_megabytes, processes))
    found = [
        (pair(name, peer, entry["sweeps"]), declared[frozenset((name, peer))])
        for name, results in collection.results.items()
        for peer, entry in results.content["peers"].items()
        if entry["sweeps"]
    ]
    return Sweep(
        seconds,
        len(found),
        min((measured.samples or 0 for measured, _ in found), default=0),
        max((_error(measured, distance) for measured, distance in found), default=0.0),
        memory,
    )


def _error(measured: Pair, declared_ms: float) -> float:
    measured_ms = (measured.round_trip_us.p50 or 0) / 1000
    return abs(measured_ms - declared_ms) / (0.5 + 0.03 * declared_ms)


@contextmanager
def _agents(
    key: str, declared: Mapping[frozenset[str], float]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    with tempfile.TemporaryDirectory(prefix="trunkline-") as scratch:
        folder = Path(scratch)
        (folder / "agent.py").write_text(agent_source())
        (folder / "key").write_text(key)
        processes = [_start(folder, address, declared) for address in _addresses()]
        try:
            yield processes
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _start(
    folder: Path, own: ProbeAddress, declared: Mapping[frozenset[str], float]
) -> subprocess.Popen[bytes]:
    others = [address for address in _addresses() if address != own]
    config = {
        "version": 1,
        "site": own.site,
        "cloud": "local",
        "zone": own.zone,
        "address": own.host,
        "port": PORT,
        "key_file": str(folder / "key"),
        "operators": ["127.0.0.0/8"],
        "peers": [{"site": a.site, "zone": a.zone, "host": a.host} for a in [own, *others]],
        "samples": SAMPLES,
        "settle": False,
        "sweeps": 1,
        "emulated_ms": {a.name: declared[frozenset((own.name, a.name))] for a in others},
    }
    path = folder / f"{own.zone}.json"
    path.write_text(json.dumps(config))
    return subprocess.Popen([sys.executable, "-I", str(folder / "agent.py"), str(path)])


def _megabytes(process: subprocess.Popen[bytes]) -> float:
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0  # no Linux
    return int(text.split("\nPss:")[1].split()[0]) / 1024


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
