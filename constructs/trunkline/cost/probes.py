"""What probes cost while they stand."""

from __future__ import annotations

from attrs import frozen

from trunkline.cost.prices import MACHINES, PUBLIC_IPV4
from trunkline.model import Topology


@frozen
class ProbeCost:
    """Machines that stand at once, and dollars an hour for those whose price is known.

    `unknown` names the sizes whose price is not; their addresses are counted, they are not.
    """

    machines: int
    dollars_per_hour: float
    unknown: tuple[str, ...]


def probe_cost(topology: Topology) -> ProbeCost | None:
    """The cost of the current batch of probes; None where none stands in a cloud.

    Disks and traffic come on top: 8 to 30 GB and some megabytes a day, about a cent an hour.
    """
    sites = [site for site in topology.sites if site.cloud in MACHINES] if topology.probes else []
    if not sites:
        return None
    machines, dollars, unknown = 0, 0.0, set()
    for site in sites:
        count, price = len(topology.probed_zones(site.name)), MACHINES[site.cloud].get(site.machine)
        if price is None:
            unknown.add(str(site.machine))
        machines += count
        dollars += count * ((price or 0) + PUBLIC_IPV4)
    return ProbeCost(machines, dollars, tuple(sorted(unknown)))
