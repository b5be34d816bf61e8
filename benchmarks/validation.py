"""What `trunkline validate` and `trunkline cost` take, and that they do so without CDKTF."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.measure import ROOT, Report, Target, measure, median, parser, progress, show

TOPOLOGY = "topologies/three-clouds.yaml"
COMMANDS = {name: ("-m", "trunkline", name, TOPOLOGY) for name in ("validate", "cost")}
# A check that an editor or a commit hook runs: anything over half a second is felt.
MOST_CPU = 0.5
HEAVY = ("cdktf", "jsii", "constructs")


def run(runs: int) -> Report:
    """Run each of the two so many times."""
    environment = {"PYTHONPATH": str(ROOT / "constructs")}
    rows, targets = [], []
    for name, command in COMMANDS.items():
        progress(f"{name}: {runs} runs of {' '.join(command[1:])}")
        measure([sys.executable, *command], environment)  # writes the byte code
        usage = median([measure([sys.executable, *command], environment) for _ in range(runs)])
        rows.append((name, usage.wall, usage.cpu, max(usage.peaks.values(), default=0.0)))
        targets.append(Target(f"CPU time of {name}", usage.cpu, MOST_CPU, " s"))
        heavy = len(_heavy_modules(command, environment))
        targets.append(Target(f"modules of CDKTF that {name} loads", heavy, 0))
    return Report(
        "Validation and costs of the reference topology (median of runs)",
        ("command", "wall s", "CPU s", "peak MB"),
        rows,
        targets,
    )


def _heavy_modules(command: tuple[str, ...], environment: dict[str, str]) -> set[str]:
    """The modules of CDKTF among all that a command imports."""
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
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
