"""Which stacks a topology becomes, and what each needs to be applied; nothing is made yet."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from trunkline.model import Site, Topology

Kind = Literal["probes", "edge", "routing"]

CREDENTIALS = {
    "aws": "AWS account {account}",
    "google": "Google project {account}",
    "azure": "Azure subscription {account}",
}
CLOUDFLARE = "CLOUDFLARE_API_TOKEN"


@frozen
class StackOutline:
    """A stack: what kind it is, and its site; the routing stack has none."""

    kind: Kind
    site: Site | None
    needs: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.site.name}" if self.site else self.kind


def outline(topology: Topology) -> list[StackOutline]:
    """Every stack of `topology`: probes and edge of each site in the file's order, then routing."""
    stacks = []
    for site in topology.sites:
        credentials = CREDENTIALS[site.cloud].format(account=site.account)
        if topology.probes:
            stacks.append(StackOutline("probes", site, (credentials,)))
        stacks.append(StackOutline("edge", site, (credentials, CLOUDFLARE, *_zone(topology))))
    return [*stacks, StackOutline("routing", None, (CLOUDFLARE, *_routing_needs(topology)))]


def _zone(topology: Topology) -> tuple[str, ...]:
    if topology.cloudflare.create_zone:
        return ("the routing stack applied: it creates the zone",)
    return (f"zone {topology.domain}",)


def _routing_needs(topology: Topology) -> tuple[str, ...]:
    needs = () if topology.cloudflare.create_zone else _zone(topology)
    if topology.edge.exposure == "public" and not topology.cloudflare.create_zone:
        return (*needs, "the zone's SSL mode Full")
    return needs
