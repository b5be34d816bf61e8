"""The cost of probes while they run."""

from __future__ import annotations

from attrs import frozen

from trunkline.clouds.facts import facts_of
from trunkline.model import Topology


@frozen
class ProbeCost:
    """The number of machines, and dollars per hour for those whose price is known.

    `unknown` names the sizes without a known price, of which only the addresses are counted.
    """

    machines: int
    dollars_per_hour: float
    unknown: tuple[str, ...]


def probe_cost(topology: Topology) -> ProbeCost | None:
    """The cost of the current batch of probes; None if none of them is in a cloud.

    Disks and traffic come on top: 8 to 30 GB and some megabytes a day, about a cent an hour.
    """
    machines, dollars, unknown = 0, 0.0, set()
    for site in topology.sites if topology.probes else ():
        facts = facts_of(site.cloud)
        sizes, prices = facts.sizes, facts.prices
        if sizes is None or prices is None:
            continue
        size, count = site.machine or sizes.default, len(topology.probed_zones(site.name))
        if size not in prices.machines:
            unknown.add(size)
        machines += count
        dollars += count * (prices.machines.get(size, 0) + prices.public_ipv4)
    return ProbeCost(machines, dollars, tuple(sorted(unknown))) if machines else None
