"""What `trunkline validate` takes, and that it does so without CDKTF."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.measure import ROOT, Report, Target, measure, median, parser, progress, show

TOPOLOGY = "topologies/three-clouds.yaml"
COMMAND = ("-m", "trunkline", "validate", TOPOLOGY)
# A check that an editor or a commit hook runs: anything over half a second is felt.
MOST_CPU = 0.5
HEAVY = ("cdktf", "jsii", "constructs")


def run(runs: int) -> Report:
    """Validate so many times."""
    progress(f"validation: {runs} runs of {' '.join(COMMAND[1:])}")
    environment = {"PYTHONPATH": str(ROOT / "constructs")}
    measure([sys.executable, *COMMAND], environment)  # writes the byte code
    usage = median([measure([sys.executable, *COMMAND], environment) for _ in range(runs)])
    return Report(
        "Validation of the reference topology (median of runs)",
        ("file", "wall s", "CPU s", "peak MB"),
        [(TOPOLOGY, usage.wall, usage.cpu, max(usage.peaks.values(), default=0.0))],
        [
            Target("CPU time", usage.cpu, MOST_CPU, " s"),
            Target("modules of CDKTF loaded", len(_heavy_modules(environment)), 0),
        ],
    )


def _heavy_modules(environment: dict[str, str]) -> set[str]:
    """The modules of CDKTF among all that a validation imports."""
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", *COMMAND],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in traced.stderr.splitlines() if line.startswith("import time:")]
    modules = {line.rsplit("|", 1)[1].strip() for line in lines}
    return {module for module in modules if module.split(".")[0] in HEAVY}


def main() -> None:
    options = parser(__doc__).parse_args()
    show([run(options.runs)], options.format)


if __name__ == "__main__":
    main()
