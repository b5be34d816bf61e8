"""Measures a command as a whole tree of processes, and prints figures beside their targets."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict, field, frozen

from trunkline.local.processes import find_tree

ROOT = Path(__file__).resolve().parent.parent
# How often the peaks are read. The kernel keeps them, so only what a process adds in its last
# moments can be missed.
INTERVAL = 0.05


@frozen
class Usage:
    """What one run of a command took, its child processes included."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of processor time, all processes together."""
    peaks: Mapping[str, float]
    """The largest resident set in MB of any one process, by the program's name."""


@frozen
class Target:
    """One figure that is promised, and what was measured."""

    name: str
    value: float
    limit: float
    unit: str = ""
    at_least: bool = False
    """Whether more is better."""

    @property
    def met(self) -> bool:
        """Whether the promise holds."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        bound = "at least" if self.at_least else "at most"
        verdict = "met" if self.met else "NOT MET"
        figure = f"{self.value:.4g}{self.unit}"
        return f"{self.name}: {figure} (target: {bound} {self.limit:g}{self.unit}): {verdict}"


@frozen
class Report:
    """The figures of one benchmark, as a table, and the targets among them."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float]]
    targets: Sequence[Target]
    notes: Sequence[str] = field(factory=tuple)

    def text(self) -> str:
        """The plain table."""
        cells = [list(self.columns), *([_cell(value) for value in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in cells
        ]
        return "\n".join([self.title, "", *lines, "", *self.notes, *map(str, self.targets)])

    def data(self) -> dict[str, Any]:
        """The same for a program."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        targets = [{**asdict(target), "met": target.met} for target in self.targets]
        return {
            "title": self.title,
            "rows": rows,
            "targets": targets,
            "notes": list(self.notes),
        }


def show(reports: Sequence[Report], format: str) -> None:
    """Print the reports, as text or as JSON."""
    if format == "json":
        print(json.dumps([report.data() for report in reports], indent=2))
    else:
        print("\n\n".join(report.text() for report in reports))


def parser(module_doc: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark takes."""
    result = argparse.ArgumentParser(description=module_doc)
    result.add_argument("--format", choices=["text", "json"], default="text")
    result.add_argument("--runs", type=int, default=3, help="runs per figure; the median counts")
    return result


def progress(message: str) -> None:
    """Say on stderr what is going on."""
    print(message, file=sys.stderr, flush=True)


def measure(command: Sequence[str], environment: Mapping[str, str]) -> Usage:
    """Run the command from the repository's root; end the program with its output if it fails."""
    peaks: dict[int, tuple[str, float]] = {}
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        status, resources = _wait(process.pid, lambda: peaks.update(_peaks(process.pid)))
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode(errors='replace')}")
    return Usage(wall, resources.ru_utime + resources.ru_stime, _by_program(peaks, resources))


def median(usages: Sequence[Usage]) -> Usage:
    """The median of each figure; of the peaks the largest, for they are limits."""
    programs = {program for usage in usages for program in usage.peaks}
    return Usage(
        statistics.median(usage.wall for usage in usages),
        statistics.median(usage.cpu for usage in usages),
        {program: max(usage.peaks.get(program, 0) for usage in usages) for program in programs},
    )


def _wait(pid: int, sample: Callable[[], None]) -> tuple[int, Any]:
    """Wait for the process, sampling meanwhile; return its status and its tree's resources."""
    while True:
        done, status, resources = os.wait4(pid, os.WNOHANG)
        if done:
            return status, resources
        sample()
        time.sleep(INTERVAL)


def _peaks(pid: int) -> dict[int, tuple[str, float]]:
    """The program and the peak in MB of a process and its descendants, by process id."""
    found = {}
    for each in (process.pid for process in find_tree(pid)):
        try:
            status = Path(f"/proc/{each}/status").read_text()
            program = Path(f"/proc/{each}/cmdline").read_text().split("\0")[0]
        except OSError:
            continue  # it has ended, or this is no Linux
        if "VmHWM:" in status:
            name = "node" if Path(program).name.startswith("node") else "python"
            found[each] = (name, int(status.split("VmHWM:")[1].split()[0]) / 1024)
    return found


def _by_program(peaks: Mapping[int, tuple[str, float]], resources: Any) -> dict[str, float]:
    """The largest peak by program; where there is no /proc, the largest of all processes."""
    largest: dict[str, float] = {}
    for program, peak in peaks.values():
        largest[program] = max(peak, largest.get(program, 0.0))
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return largest or {"any": resources.ru_maxrss / unit}


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
