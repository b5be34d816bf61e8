"""The probes: batches that exist."""

from __future__ import annotations

import math
from collections.abc import Iterator

from trunkline.finding import Problem
from trunkline.topology.checks.draft import Draft


def batch_exists(draft: Draft) -> Iterator[Problem]:
    batch, most = draft.get("probes", "batch"), draft.get("probes", "max_parallel")
    counts = [len(draft.get("sites", site, "zones") or ()) for site in draft.sites]
    if not isinstance(batch, int | float) or not counts or 0 in counts:
        return
    batches = math.prod(math.ceil(count / most) for count in counts) if most else 1
    if batch > batches:
        message = f"there is no batch {batch:.0f}: all zones fit into {batches}"
        remedy = "count from 1, or lower max_parallel" if batches > 1 else "delete it"
        yield Problem(("probes", "batch"), message, remedy)


CHECKS = (batch_exists,)
