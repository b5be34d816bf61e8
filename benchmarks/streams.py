"""Ten thousand event streams of one service through the edges of two clouds, for a minute."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from benchmarks.measure import ROOT, Report, Target, parser, progress, show
from benchmarks.services import FAR, HTTP_PORT, NEAR, path

TITLE = "Event streams of a service through two edges, held for a minute"
COLUMNS = ("streams", "all open after s", "events", "ended early", "near MB", "far MB")
STREAMS, SECONDS = 10_000, 60
MOST_MB = 1024
FILES = STREAMS + 1000
"""Each end has a connection for each stream; between the edges many share one."""


def run(runs: int) -> Report:
    """Hold them once, however many runs are asked for: it takes two minutes."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most < FILES:
        note = f"skipped: a process may open {most} files here, and it takes {FILES}"
        return Report(TITLE, COLUMNS, [], [], (note,))
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    progress(f"streams: {STREAMS:,} for {SECONDS} s")
    with (
        tempfile.TemporaryDirectory(prefix="streams") as name,
        path(Path(name), _service, peer=FAR) as ends,
    ):
        found = _hold()
        memory = [_peak_mb(each) for each in (ends.near, ends.far)]
    row = (STREAMS, found["ready_s"], found["events"], found["lost"], *memory)
    return Report(
        TITLE,
        COLUMNS,
        [row],
        [
            Target(f"of {STREAMS:,} streams, ended early", found["lost"], 0),
            Target("memory of an edge with them", max(memory), MOST_MB, " MB"),
        ],
    )


def _service(port: int, certificate: Path, folder: Path) -> list[str]:
    del folder
    program = str(ROOT / "benchmarks" / "event_streams.py")
    return [sys.executable, program, "serve", str(port), str(certificate)]


def _hold() -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.event_streams", "hold", NEAR, str(HTTP_PORT)]
    command += [str(STREAMS), str(SECONDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400)
    if done.returncode:
        raise RuntimeError(f"the streams were not held:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _peak_mb(process: psutil.Process) -> float:
    """The largest resident set that a process had."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return process.memory_info().rss / 2**20


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
