"""Which stacks a topology becomes, and what each needs to be applied; nothing is made yet."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from trunkline.model import Cloudflare, LocalIngress, Site, Topology

Kind = Literal["zones", "probes", "edge", "routing"]

CREDENTIALS = {
    "aws": "AWS account {account}",
    "google": "Google project {account}",
    "azure": "Azure subscription {account}",
    "local": "this machine",
}
CLOUDFLARE = "CLOUDFLARE_API_TOKEN"
PROBE_KEY = "TF_VAR_probe_key"


@frozen
class StackSpec:
    """A stack: what kind it is, and its site; the routing stack has none."""

    kind: Kind
    site: Site | None
    needs: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.site.name}" if self.site else self.kind


def stack_specs(topology: Topology) -> list[StackSpec]:
    """Every stack of `topology`: those of each site in the file's order, then routing."""
    stacks = []
    for site in topology.sites:
        account = CREDENTIALS[site.cloud].format(account=site.account)
        if site.exposes_physical_zones:
            stacks.append(StackSpec("zones", site, (account,)))
        needs = (account, *_names(topology))
        if topology.probes:
            stacks.append(StackSpec("probes", site, (*needs, PROBE_KEY)))
        stacks.append(StackSpec("edge", site, needs))
    return [*stacks, StackSpec("routing", None, _routing_needs(topology))]


def _names(topology: Topology) -> tuple[str, ...]:
    """What it takes to make a name in the zone."""
    match topology.ingress:
        case LocalIngress():
            return ()
        case Cloudflare(create_zone=True):
            return (CLOUDFLARE, "the routing stack applied: it creates the zone")
        case Cloudflare():
            return (CLOUDFLARE, f"zone {topology.domain}")


def _routing_needs(topology: Topology) -> tuple[str, ...]:
    match topology.ingress:
        case LocalIngress():
            return (CREDENTIALS["local"],)
        case Cloudflare(create_zone=True):
            return (CLOUDFLARE,)
        case Cloudflare() if topology.edge.exposure == "public":
            return (*_names(topology), "the zone's SSL mode Full")
        case Cloudflare():
            return _names(topology)
