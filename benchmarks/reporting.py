"""What `trunkline report` takes for the demo's topology with all of its pairs, and its size."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

from benchmarks.measure import ROOT, Report, Target, measure, median, parser, progress, show
from trunkline.measurements import MeasuredZone, Measurements, Method, Pair, RoundTrip, save
from trunkline.model import LocalIngress, Topology
from trunkline.topology import load

TOPOLOGY = "topologies/local.yaml"
MOST_SECONDS, MOST_KB = 5.0, 500.0


def run(runs: int) -> Report:
    """Write the report so many times."""
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "measurements.json"), Path(folder, "report.html")
        save(_measured(load(ROOT / TOPOLOGY)), file)
        arguments = ["report", TOPOLOGY, "--measurements", str(file), "--output", str(output)]
        command = [sys.executable, "-m", "trunkline", *arguments]
        progress(f"report: {runs} runs for {TOPOLOGY}")
        environment = {"PYTHONPATH": str(ROOT / "constructs")}
        measure(command, environment)  # writes the byte code
        usage = median([measure(command, environment) for _ in range(runs)])
        kilobytes = output.stat().st_size / 1000
    return Report(
        "The report of the demo (median of runs)",
        ("topology", "wall s", "CPU s", "kB"),
        [(TOPOLOGY, usage.wall, usage.cpu, kilobytes)],
        [
            Target("time of a report", usage.wall, MOST_SECONDS, " s"),
            Target("size of a report", kilobytes, MOST_KB, " kB"),
        ],
    )


def _measured(topology: Topology) -> Measurements:
    """Every pair of zones with the latencies that the demo's probes emulate."""
    ingress, moment = topology.ingress, datetime(2026, 11, 24, tzinfo=UTC)
    assert isinstance(ingress, LocalIngress)  # noqa: S101
    zones = [MeasuredZone.of(s, zone, measured=True) for s in topology.sites for zone in s.zones]
    pairs = [
        _pair(here.name, there.name, 1000 * ingress.latencies(here.name)[there.name])
        for here, there in permutations(zones, 2)
    ]
    return Measurements(
        topology=topology.name,
        method=Method(tool="trunkline", protocol="udp", samples_per_pair=100, emulated=True),
        started_at=moment,
        finished_at=moment,
        complete=True,
        zones=zones,
        pairs=pairs,
    )


def _pair(here: str, there: str, us: float) -> Pair:
    trip = RoundTrip(min=us * 0.9, p50=us, p90=us * 1.2, p99=us * 1.5)
    return Pair(from_zone=here, to_zone=there, round_trip_us=trip, samples=100, jitter_us=us / 20)


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
