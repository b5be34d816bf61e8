"""Pairs of chosen zones between which the way by a third one is faster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import frozen

from trunkline.placement.solve import Placement

FORWARDING_US = 400.0
"""What a machine that forwards between two tunnels adds to a round trip: measured with
wireguard-go in network namespaces; a kernel's WireGuard adds less."""

SAVED = 0.1
"""A way by a third zone is worth a sentence if it saves this share or more."""


@frozen
class Relay:
    """Two sites, the one between, and the round trips in microseconds."""

    sites: tuple[str, str]
    by: str
    direct_us: float
    relayed_us: float

    def __str__(self) -> str:
        here, there = self.sites
        return (
            f"{here} and {there}: {self.direct_us / 1000:.3f} ms directly, about "
            f"{self.relayed_us / 1000:.3f} ms by way of {self.by}, with its forwarding"
        )


def relays(placement: Placement) -> list[Relay]:
    """For each pair of sites the fastest way by a third one, where it saves a tenth or more."""
    medians = {
        frozenset(link.sites): link.latency.median_ns / 1000
        for link in placement.links
        if link.latency
    }
    found = []
    for link in placement.links:
        ways = _ways(link.sites, medians, placement.zones) if link.latency else ()
        best = min(ways, key=lambda way: way.relayed_us, default=None)
        if best and best.relayed_us <= (1 - SAVED) * best.direct_us:
            found.append(best)
    return found


def _ways(
    sites: tuple[str, str], medians: Mapping[frozenset[str], float], names: Iterable[str]
) -> Iterator[Relay]:
    here, there = sites
    for by in names:
        first, second = medians.get(frozenset((here, by))), medians.get(frozenset((by, there)))
        if by not in sites and first is not None and second is not None:
            relayed = first + second + FORWARDING_US
            yield Relay(sites, by, medians[frozenset(sites)], relayed)
