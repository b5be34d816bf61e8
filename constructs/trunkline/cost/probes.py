"""The cost of probes while they run."""

from __future__ import annotations

from attrs import frozen

from trunkline.clouds.facts import facts_of
from trunkline.cost.dollars import HOURS
from trunkline.cost.line import total
from trunkline.cost.machines import probe_lines
from trunkline.cost.prices import PriceBook
from trunkline.model import Topology


@frozen
class ProbeCost:
    """The number of machines, and dollars per hour for what of them has a known price.

    `unknown` names the prices that are not known, by their IDs.
    """

    machines: int
    dollars_per_hour: float
    unknown: tuple[str, ...]


def probe_cost(topology: Topology, book: PriceBook) -> ProbeCost | None:
    """The cost of the current batch of probes; None if none of them is in a cloud.

    Traffic comes on top: some megabytes a day.
    """
    paid = [site.name for site in topology.sites if not facts_of(site.cloud).on_this_machine]
    if not topology.probes or not paid:
        return None
    machines = sum(len(topology.probed_zones(name)) for name in paid)
    month = total(probe_lines(topology, book))
    unknown = tuple(sorted({line.id for line in month.unknown}))
    return ProbeCost(machines, month.dollars.low / HOURS, unknown)
