"""Which stacks a topology becomes, and what each needs to be applied; nothing is made yet."""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

from trunkline.addresses.names import addresses_of
from trunkline.backbone import driver_of
from trunkline.clouds.facts import facts_of, interconnect_of
from trunkline.model import (
    CONTROL_PLANE_CERTIFICATE,
    CONTROL_PLANE_HEADER,
    OTLP_HEADER,
    PROBE_KEY,
    LinkedPair,
    NewNetwork,
    Site,
    Topology,
    node_key,
)
from trunkline.routing import STRATEGIES

Kind = Literal["zones", "probes", "edge", "interconnect", "routing"]
ROUTING: Final = "routing"


@frozen
class StackSpec:
    """A stack: what kind it is, and its site or its pair of sites; the routing stack has none.

    - `needs`: what it takes to apply it, in words; a name in capitals is an environment variable.
    - `after`: the stacks that have to be there before it.
    - `caution`: what to know before it is applied; empty for nothing.
    """

    kind: Kind
    site: Site | None
    needs: tuple[str, ...]
    after: tuple[str, ...] = ()
    pair: LinkedPair | None = None
    caution: str = ""

    @property
    def name(self) -> str:
        if self.pair:
            return f"{self.kind}-{self.pair.name}"
        return f"{self.kind}-{self.site.name}" if self.site else self.kind

    def sites(self, topology: Topology) -> tuple[Site, ...]:
        """The sites in whose accounts it makes something."""
        if self.pair:
            return tuple(topology.site(name) for name in self.pair.sites)
        return (self.site,) if self.site else ()


def stack_specs(topology: Topology) -> list[StackSpec]:
    """Every stack of `topology`: those of each site in the file's order, links, then routing."""
    stacks = []
    addresses = addresses_of(topology)
    after = (ROUTING,) if addresses.zone_comes_from_routing else ()
    for site in topology.sites:
        facts = facts_of(site.cloud)
        account = facts.credentials.format(account=site.account)
        if facts.exposes_physical_zones:
            stacks.append(StackSpec("zones", site, (account,)))
        needs = (account, *addresses.needs_for_names())
        if topology.probes:
            stacks.append(
                StackSpec("probes", site, (*needs, f"TF_VAR_{PROBE_KEY.variable}"), after)
            )
        edge_needs = (
            *needs,
            *addresses.needs_for_edges(),
            *_needs_for_backbone(topology, site),
            *_needs_for_shown(topology),
        )
        stacks.append(StackSpec("edge", site, edge_needs, after))
    edges = () if after else _edges_of_tunnels(topology)
    stacks += [_interconnect(topology, pair) for pair in made_pairs(topology)]
    return [*stacks, StackSpec(ROUTING, None, addresses.needs_for_routing(), edges)]


def made_pairs(topology: Topology) -> tuple[LinkedPair, ...]:
    """The pairs whose link a stack makes."""
    pairs = topology.backbone.pairs if topology.backbone else ()
    return tuple(pair for pair in pairs if not pair.existing)


def _interconnect(topology: Topology, pair: LinkedPair) -> StackSpec:
    """The link between two sites, whose edges' stacks have made their networks before."""
    sites = [topology.site(name) for name in pair.sites]
    needs = [facts_of(site.cloud).credentials.format(account=site.account) for site in sites]
    after = [f"edge-{site.name}" for site in sites if isinstance(site.network, NewNetwork)]
    link = interconnect_of(*(site.cloud for site in sites))
    raw = ", ".join(link.resources) if link else ""
    caution = f"never run against the clouds; it has raw resources that nothing checked: {raw}"
    return StackSpec("interconnect", None, tuple(needs), tuple(after), pair, caution)


def _edges_of_tunnels(topology: Topology) -> tuple[str, ...]:
    """The edges' stacks, where routing names the tunnels that they make."""
    if not STRATEGIES[topology.routing.strategy].names_tunnels:
        return ()
    return tuple(f"edge-{site.name}" for site in topology.sites)


def _needs_for_backbone(topology: Topology, site: Site) -> tuple[str, ...]:
    """The keys of the site's nodes; those that are being rotated have two."""
    if topology.backbone is None:
        return ()
    driver = driver_of(topology.backbone.kind)
    if driver.credential:
        return (f"TF_VAR_{driver.credential.variable}",)
    if not driver.makes_keys:
        return ()
    rotated = {n.name for n in topology.backbone.nodes.get(site.name, ()) if len(n.keys) > 1}
    keys = [(node_key(name), name in rotated) for name in topology.node_names(site.name)]
    names = [name for key, two in keys for name in (key.variable, key.previous)[: 1 + two]]
    return tuple(f"TF_VAR_{name}" for name in names)


def _needs_for_shown(topology: Topology) -> tuple[str, ...]:
    """What an edge shows others, as the operator passes it to the stack."""
    otlp, plane = topology.telemetry.otlp, topology.edge.control_plane
    shown = {
        OTLP_HEADER: otlp and otlp.header,
        CONTROL_PLANE_CERTIFICATE: plane and plane.client_certificate,
        CONTROL_PLANE_HEADER: plane and plane.header,
    }
    return tuple(f"TF_VAR_{name}" for name, needed in shown.items() if needed)
