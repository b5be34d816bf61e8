"""What a synthesis takes with fast and with plain bindings, with jsii's cache cold and warm.

And what it takes on the fork of CDKTF, where that is installed.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from benchmarks import growth
from benchmarks.measure import Report, Target, Usage, measure, median, parser, progress, show

REFERENCE = Path("topologies/three-clouds.yaml")
# The fork of CDKTF has a Python of its own: make .tools/cdktn/ready
FORK = Path(".tools/cdktn/bin/python")
LEAST_RATIO = 20
MOST_MEMORY = 300


@frozen
class Case:
    """One way of running it, and what came of it."""

    bindings: str
    cache: str
    usage: Usage
    digests: frozenset[str]
    """One digest of all output files per run, so one in all if the runs agree."""

    def row(self) -> tuple[str | float, ...]:
        """The case as a line of the table."""
        peaks = self.usage.peaks
        memory = (peaks.get("python", 0.0), peaks.get("node", peaks.get("any", 0.0)))
        digests = " ".join(sorted(digest[:8] for digest in self.digests))
        return (self.bindings, self.cache, self.usage.wall, self.usage.cpu, *memory, digests)


def run(runs: int, topology: Path = REFERENCE) -> Report:
    """Measure all cases."""
    with tempfile.TemporaryDirectory(prefix="trunkline-synthesis-") as name:
        folder = Path(name)
        file = topology.resolve()
        cases = [
            *_cases("fast", "0", file, folder, runs),
            *_cases("plain", "1", file, folder, runs),
        ]
        if FORK.exists():
            cases += _cases("fast, fork", "0", file, folder, runs, FORK)
        return _report(cases, folder / "out")


def _cases(
    bindings: str,
    plain: str,
    file: Path,
    folder: Path,
    runs: int,
    python: Path = Path(sys.executable),
) -> Iterator[Case]:
    """Run with an empty cache once, once unmeasured until jsii has filled it, then with it."""
    with _cache(folder) as cache:
        environment = {
            **cache,
            "TRUNKLINE_PLAIN_BINDINGS": plain,
            "TRUNKLINE_TOPOLOGY": str(file),
        }
        yield _case(bindings, "cold", environment, folder, 1, python)
        _case(bindings, "filling", environment, folder, 1, python)
        yield _case(bindings, "warm", environment, folder, runs, python)


@contextmanager
def _cache(folder: Path) -> Iterator[dict[str, str]]:
    """An empty cache for jsii's packages, gone afterwards: it grows to 1.2 GB."""
    with tempfile.TemporaryDirectory(dir=folder) as root:
        yield {"JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(Path(root) / "jsii"), "XDG_CACHE_HOME": root}


def _case(
    bindings: str,
    cache: str,
    environment: Mapping[str, str],
    folder: Path,
    runs: int,
    python: Path,
) -> Case:
    """Run one case so many times."""
    usages, digests, outdir = [], set(), folder / "out"
    for number in range(runs):
        progress(f"synthesis: {bindings} bindings, {cache} cache, run {number + 1} of {runs}")
        command = [str(python), "main.py"]
        usages.append(measure(command, {**environment, "CDKTF_OUTDIR": str(outdir)}))
        digests.add(_digest(outdir))
    return Case(bindings, cache, median(usages), frozenset(digests))


def _digest(folder: Path) -> str:
    """The SHA-256 of all files below the folder, with their names."""
    result = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        result.update(f"{file.relative_to(folder)} {content}\n".encode())
    return result.hexdigest()


def _report(cases: list[Case], outdir: Path) -> Report:
    # The fork writes its own version into each file.
    of_cdktf = [case for case in cases if case.bindings in ("fast", "plain")]
    digests = frozenset[str]().union(*(case.digests for case in of_cdktf))
    warm = {case.bindings: case.usage for case in cases if case.cache == "warm"}
    fast, plain = warm["fast"], warm["plain"]
    stacks = len(list(outdir.glob("stacks/*")))
    return Report(
        f"Synthesis of {stacks} stacks with {growth.resources(outdir)} resources (median of runs)",
        ("bindings", "cache", "wall s", "CPU s", "Python peak MB", "Node peak MB", "SHA-256"),
        [case.row() for case in cases],
        [
            Target("plain : fast, wall time, warm", plain.wall / fast.wall, LEAST_RATIO, "x", True),
            Target("plain : fast, CPU time, warm", plain.cpu / fast.cpu, LEAST_RATIO, "x", True),
            Target("largest process, fast, warm", max(fast.peaks.values()), MOST_MEMORY, " MB"),
            Target("different outputs", len(digests), 1),
        ],
    )


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--topology", type=Path, default=REFERENCE, help="a topology file; default: %(default)s"
    )
    chosen = options.parse_args()
    show([run(chosen.runs, chosen.topology)], chosen.format)


if __name__ == "__main__":
    main()
