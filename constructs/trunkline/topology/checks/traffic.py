"""The assumed traffic: pairs of sites and routes that there are, each once."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.documents.findings import KeyPath, Problem
from trunkline.topology.checks.partial import PartialTopology
from trunkline.topology.traffic_keys import REQUESTS, as_prefix, key_fault, pairs_of


def traffic_has_ends(draft: PartialTopology) -> Iterator[Problem]:
    if not draft.sites or not draft.routes:
        return
    for key in draft.mapping("traffic"):
        if key != REQUESTS and (fault := key_fault(key, list(draft.sites), draft.routes)):
            yield Problem(("traffic", key), *fault, at_key=True)


def traffic_is_said_once(draft: PartialTopology) -> Iterator[Problem]:
    seen: dict[object, KeyPath] = {}
    for key in draft.mapping("traffic"):
        pairs = pairs_of(key, draft.sites)
        meaning = frozenset(pairs[0]) if pairs else as_prefix(key)
        path: KeyPath = ("traffic", key)
        if (first := seen.setdefault(meaning, path)) != path:
            message = f"the traffic of {key} stands at {draft.where(first)} already"
            remedy = "keep one of them: an amount counts both directions"
            yield Problem(path, message, remedy if pairs else "keep one of them", at_key=True)


CHECKS = (traffic_has_ends, traffic_is_said_once)
