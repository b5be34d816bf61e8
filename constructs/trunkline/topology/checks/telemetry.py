"""The collector that edges send logs and statistics to."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.documents.findings import KeyPath, Problem
from trunkline.topology.authorities import faults
from trunkline.topology.checks.hosts import Target, reachable, split_url, trusted
from trunkline.topology.checks.partial import PartialTopology

OTLP: KeyPath = ("telemetry", "otlp")


def collector_can_be_reached(draft: PartialTopology) -> Iterator[Problem]:
    if target := _collector(draft):
        yield from reachable(target, draft)
        if "ca" not in draft.mapping("telemetry", "otlp"):
            yield from trusted(target, target.url.hostname or "")


def authority_of_the_collector_can_be_used(draft: PartialTopology) -> Iterator[Problem]:
    text, target = draft.text("telemetry", "otlp", "ca"), _collector(draft)
    if text and target and target.url.scheme == "http":
        message = "the collector speaks http, which shows no certificate"
        yield Problem((*OTLP, "ca"), message, "use https, or delete it", at_key=True)
    if text:
        yield from faults((*OTLP, "ca"), text)


def header_has_a_secret_store(draft: PartialTopology) -> Iterator[Problem]:
    if "local" in draft.data and draft.text("telemetry", "otlp", "header"):
        message = "an edge on this machine has no secret store for the header's value"
        yield Problem((*OTLP, "header"), message, "delete it", at_key=True)


def _collector(draft: PartialTopology) -> Target | None:
    """None where it is missing or was refused. Who reads the log of requests knows the clients."""
    if not (endpoint := draft.text("telemetry", "otlp", "endpoint")):
        return None
    return Target(
        path=(*OTLP, "endpoint"),
        url=split_url(endpoint),
        what="collector",
        here="local" in draft.data,
        plain_http="error",
    )


CHECKS = (
    collector_can_be_reached,
    authority_of_the_collector_can_be_used,
    header_has_a_secret_store,
)
