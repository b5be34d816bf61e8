"""The probes: batches that exist, and somebody who may ask for the results."""

from __future__ import annotations

import math
from collections.abc import Iterator
from ipaddress import IPv4Network

from trunkline.documents.findings import Problem
from trunkline.topology.checks.partial import PartialTopology

# https://www.iana.org/assignments/iana-ipv4-special-registry: private, carrier's and own addresses.
_NOT_ROUTED = [
    IPv4Network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
    )
]


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


def operators_are_seen_by_their_address(draft: PartialTopology) -> Iterator[Problem]:
    """Probes in a cloud see an operator's public address; those of this machine, loopback."""
    if any(facts.on_this_machine for facts in draft.facts.values()):
        return
    for path, text in draft.texts("probes", "operators"):
        network = IPv4Network(text, strict=False)
        if any(network.subnet_of(private) for private in _NOT_ROUTED):
            message = f"no packet from the Internet comes from {text}"
            remedy = "name the public address that you have, as curl https://api.ipify.org says"
            yield Problem(path, message, remedy, "warning")


CHECKS = (batch_exists, results_can_be_fetched, operators_are_seen_by_their_address)
