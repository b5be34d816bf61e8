"""The probes: batches that exist, and somebody who may ask for the results."""

from __future__ import annotations

import math
from collections.abc import Iterator

from trunkline.documents.findings import Problem
from trunkline.topology.checks.partial import PartialTopology


def batch_exists(draft: PartialTopology) -> Iterator[Problem]:
    batch, most = draft.get("probes", "batch"), draft.get("probes", "max_parallel")
    counts = [len(draft.get("sites", site, "zones") or ()) for site in draft.sites]
    if not isinstance(batch, int | float) or not counts or 0 in counts:
        return
    batches = math.prod(math.ceil(count / most) for count in counts) if most else 1
    if batch > batches:
        message = f"there is no batch {batch:.0f}: all zones fit into {batches}"
        remedy = "count from 1, or lower max_parallel" if batches > 1 else "delete it"
        yield Problem(("probes", "batch"), message, remedy)


def results_can_be_fetched(draft: PartialTopology) -> Iterator[Problem]:
    """A single zone has nothing to measure, so nobody misses its results."""
    if not draft.has_probes() or draft.mapping("probes").get("operators", []) != []:
        return
    zones = {(site, zone) for site in draft.sites for _, zone in draft.zones(site)}
    if len(zones) > 1:
        message = "nobody may fetch what the probes measure"
        here = all(facts.on_this_machine for facts in draft.facts.values())
        example = "127.0.0.0/8" if here else "203.0.113.7/32"
        remedy = f"name your own address in probes.operators, like {example}"
        yield Problem(("probes", "operators"), message, remedy, "warning")


CHECKS = (batch_exists, results_can_be_fetched)
