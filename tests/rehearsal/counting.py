"""What the Worker counts, held against what wrk has sent."""

from __future__ import annotations

import json
import time
from typing import Any

from rehearsal.load import load
from rehearsal.stage import Stage
from trunkline.addresses.names import route_url
from trunkline.model import Topology

COUNTED = "counted.json"
SECONDS, PATIENCE = 2, 30


def count_requests(stage: Stage, topology: Topology) -> None:
    """Load the routes with wrk: `trunkline traffic` shows as many requests, by their sites."""
    if not topology.routing.analytics:
        return
    routes = [route for route in topology.routing.public if route.prefix != "/"]
    urls = [route_url(topology, route) for route in routes]
    with stage.printer.step("load the routes, and count with trunkline traffic") as step:
        before = _counted(stage)["total"]["requests"]
        with load(stage.operator, "GET", urls) as sent:
            time.sleep(SECONDS)
        whole = sent.answered + sent.lost
        # A data point comes after its answer; and wrk leaves without some of the last answers.
        found = _counted(stage)
        deadline = time.monotonic() + PATIENCE
        while found["total"]["requests"] < before + whole and time.monotonic() < deadline:
            found = _counted(stage)
        counted = found["total"]["requests"] - before
        most = whole + len(urls)
        assert whole <= counted <= most, f"{counted} were counted, and wrk sent {whole}"
        ways = {(group["route"], group["site"]) for group in found["groups"]}
        missing = {(route.prefix, route.site) for route in routes} - ways
        assert not missing, f"not counted: {missing}"
        step.result = f"{counted} of wrk's {whole}, p95 {found['total']['p95_ms']:.0f} ms"
    stage.report.add("trunkline traffic", step.result)


def _counted(stage: Stage) -> dict[str, Any]:
    options = ("--since", "1h", "--format", "json")
    printed = stage.operator.trunkline("traffic", stage.file.name, *options)
    (stage.folder / COUNTED).write_text(printed)
    found: dict[str, Any] = json.loads(printed)
    return found
