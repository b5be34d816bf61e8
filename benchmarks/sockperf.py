"""The agent's round trip beside sockperf's, over the same path on one processor."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.measure import Report, Target, parser, progress, show
from trunkline.probing.addresses import ProbeAddress
from trunkline.probing.collect import collect
from trunkline.probing.key import generate_key
from trunkline.probing.source import agent_source

PACKET_BYTES = 60
SAMPLES = 5000
PORT = 8100
TITLE = "Round trips on loopback, both ends on one processor (us; the quietest run of each)"
COLUMNS = ("tool", "p50")
ZONES = (
    ProbeAddress("a", "zone-1", "127.62.0.1", PORT),
    ProbeAddress("b", "zone-2", "127.62.0.2", PORT),
)


def run(runs: int) -> Report:
    """Measure in turn with both, so often that one run of each is undisturbed."""
    missing = [tool for tool in ("sockperf", "taskset") if not shutil.which(tool)]
    if missing:
        note = f"skipped: {' and '.join(missing)} not found; on Debian: apt-get install sockperf"
        return Report(TITLE, COLUMNS, [], [], (note,))
    progress(f"sockperf: {2 * runs + 3} times both")
    found = [(_sockperf(), _agent()) for _ in range(2 * runs + 3)]
    theirs, ours = (min(values) for values in zip(*found, strict=True))
    allowed = max(3.0, 0.05 * theirs)
    return Report(
        TITLE,
        COLUMNS,
        [("sockperf ping-pong --full-rtt", theirs), ("trunkline's agent", ours)],
        [Target("the agent's p50 above sockperf's", ours - theirs, round(allowed, 1), " us")],
    )


def _sockperf() -> float:
    """The median of `sockperf --full-rtt` in microseconds, packets of the same size."""
    place = ["-i", "127.0.0.1", "-p", str(PORT + 3)]
    with _running(["sockperf", "server", *place]):
        time.sleep(0.3)
        client = ["ping-pong", *place, "--full-rtt", "-t", "1", "--msg-size", str(PACKET_BYTES)]
        done = subprocess.run(
            ["taskset", "-c", "0", "sockperf", *client], capture_output=True, text=True, check=True
        )
    [median] = re.findall(r"percentile 50\.000 = +([0-9.]+)", done.stdout)
    return float(median)


def _agent() -> float:
    """The better of the two directions' medians in microseconds."""
    key = generate_key()
    with tempfile.TemporaryDirectory(prefix="trunkline-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        (folder / "agent.py").write_text(agent_source())
        (folder / "key").write_text(key)
        for zone in ZONES:
            stack.enter_context(_running(_command(folder, zone)))
        collection = collect(ZONES, bytes.fromhex(key), wait_seconds=30)
    medians: list[float] = [
        sweep["p50"]
        for results in collection.results.values()
        for peer in results.content["peers"].values()
        for sweep in peer["sweeps"]
    ]
    return min(medians)


def _command(folder: Path, zone: ProbeAddress) -> list[str]:
    config = {
        "version": 1,
        "site": zone.site,
        "cloud": "local",
        "zone": zone.zone,
        "address": zone.host,
        "port": PORT,
        "key_file": str(folder / "key"),
        "operators": ["127.0.0.0/8"],
        "peers": [{"site": each.site, "zone": each.zone, "host": each.host} for each in ZONES],
        "samples": SAMPLES,
        "settle": False,
        "pause_ms": 0,
        "sweeps": 1,
    }
    path = folder / f"{zone.zone}.json"
    path.write_text(json.dumps(config))
    return [sys.executable, "-I", str(folder / "agent.py"), str(path)]


@contextmanager
def _running(command: list[str]) -> Iterator[None]:
    """A command on the first processor that ends with the block."""
    process = subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
