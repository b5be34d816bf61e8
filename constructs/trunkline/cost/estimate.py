"""What a topology costs in a month, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import frozen

from trunkline.cost.dollars import HOURS
from trunkline.cost.ingress import ingress_lines
from trunkline.cost.line import Line, Total, total
from trunkline.cost.links import link_lines
from trunkline.cost.machines import edge_lines, probe_lines
from trunkline.cost.prices import PriceBook
from trunkline.cost.secrets import secret_lines
from trunkline.cost.services import service_lines
from trunkline.cost.traffic import traffic_lines
from trunkline.model import Topology

STANDING: tuple[Callable[[Topology, PriceBook], Iterator[Line]], ...] = (
    edge_lines,
    secret_lines,
    ingress_lines,
    service_lines,
    link_lines,
)
"""What is paid for as long as it stands, whatever the traffic between sites; each gives lines."""


@frozen
class Estimate:
    """The lines of a topology.

    - `lines`: what is paid all month, the traffic that is assumed included.
    - `probes`: what the probes of the current batch would cost if they ran all month.
    """

    lines: tuple[Line, ...]
    probes: tuple[Line, ...] = ()

    @property
    def total(self) -> Total:
        """What a month costs, without probes."""
        return total(self.lines)

    @property
    def probe_hour(self) -> Total:
        """What an hour of measuring costs."""
        month = total(self.probes)
        return Total(month.dollars * (1 / HOURS), month.unknown)


def estimate(topology: Topology, book: PriceBook) -> Estimate:
    """What would be deployed, and the traffic that the topology assumes."""
    lines = [*standing_lines(topology, book), *traffic_lines(topology, book)]
    order = [site.name for site in topology.sites]
    lines.sort(key=lambda each: order.index(each.site) if each.site in order else len(order))
    return Estimate(tuple(lines), tuple(probe_lines(topology, book)))


def standing_lines(topology: Topology, book: PriceBook) -> list[Line]:
    """What is paid for without any traffic between the sites."""
    return [line for lines in STANDING for line in lines(topology, book)]
