"""The numbers of a topology, as its user gets them: a load test, the costs, and the report."""

from __future__ import annotations

import json
from typing import Any

from support.examples import ROOT

from rehearsal.checking import FOUND
from rehearsal.counting import COUNTED
from rehearsal.placing import MEASURED
from rehearsal.stage import Stage
from trunkline.model import Topology

# It says nothing of a cloud, so that it is as short as it can be.
BRIEF = ["--rounds", "1", "--seconds", "3", "--warmup", "0", "--connections", "2", "--rate", "20"]


def load_test(stage: Stage, topology: Topology) -> None:
    """Load-test the first route that clients may ask with `trunkline bench`."""
    if not topology.routing.public:
        return
    with stage.printer.step("load-test a route") as step:
        (stage.folder / "node_modules").symlink_to(ROOT / "node_modules")  # for autocannon
        found = _run(stage, "bench", stage.file.name, "--yes", *BRIEF)
        [variant] = found["variants"]
        assert variant["errors"] == 0, f"{variant['errors']} of the requests were lost"
        latency, capacity = variant["p50_ms"], variant["requests_per_second"]
        step.result = f"{latency:.0f} ms in the middle, {capacity:.0f} requests a second"
    stage.report.add("trunkline bench", step.result)


def costs(stage: Stage) -> None:
    """Ask `trunkline cost` what the topology costs in its clouds."""
    with stage.printer.step("say what it costs in a month") as step:
        found = _run(stage, "cost", stage.file.name)
        total = found["total"]
        assert total["low"] > 0
        least = "at least " if total["at_least"] else ""
        low, high = (f"{total[side]:.0f}" for side in ("low", "high"))
        step.result = f"{least}{low if low == high else f'{low} to {high}'} $"
    stage.report.add("trunkline cost, a month", step.result)


def write_report(stage: Stage, topology: Topology) -> None:
    """Write all that is known now into one file with `trunkline report`."""
    with stage.printer.step("write the report") as step:
        known = {"--checks": FOUND, "--measurements": MEASURED, "--requests": COUNTED}
        files = {option: name for option, name in known.items() if (stage.folder / name).exists()}
        found = _run(stage, "report", stage.file.name, *(w for pair in files.items() for w in pair))
        absent = " ".join(found["absent"])
        assert not [name for name in ("bench", "check") if f"trunkline {name}" in absent], absent
        step.result = f"{found['bytes'] / 1000:.0f} kB: {', '.join(found['sections'])}"
    stage.report.add("trunkline report", step.result)


def _run(stage: Stage, *command: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stage.operator.trunkline(*command, "--format", "json"))
    return found
