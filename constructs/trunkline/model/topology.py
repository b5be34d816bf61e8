"""The whole of a topology."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import permutations

from attrs import Factory, frozen

from trunkline.model.backbone import BackboneSettings, node_name
from trunkline.model.edge import Edge
from trunkline.model.ingress import Ingress
from trunkline.model.probes import Probes
from trunkline.model.routing import Routing
from trunkline.model.service import Service
from trunkline.model.site import Site, zone_name
from trunkline.model.state import LocalState, State
from trunkline.model.telemetry import Telemetry
from trunkline.model.traffic import AssumedTraffic

OWN_TAGS = MANAGED_BY, TOPOLOGY, SITE = ("managed-by", "topology", "site")
"""The tags that every resource has, besides those of the topology."""


@frozen(kw_only=True)
class Topology:
    """A validated topology file, with every default filled.

    - `name`: begins the name of every resource.
    - `domain`: the domain of the Cloudflare zone.
    - `ingress`: what stands before the edges, Cloudflare or this machine.
    - `sites`: the sites, in the file's order.
    - `routing`: how requests find their site.
    - `state`: where Terraform keeps its state.
    - `probes`: the machines that measure; None where they are turned off.
    - `edge`: what all edges share.
    - `backbone`: what joins the sites privately; None where nothing does.
    - `services`: what applications use from other sites, over the backbone.
    - `telemetry`: what leaves the edges about their requests.
    - `traffic`: what is assumed of a month, for what it costs.
    - `tags`: tags (labels on Google Cloud) of every resource that can carry them.
    """

    name: str
    domain: str
    ingress: Ingress
    sites: tuple[Site, ...]
    routing: Routing
    state: State = LocalState()
    probes: Probes | None = Probes()
    edge: Edge = Edge()
    backbone: BackboneSettings | None = None
    services: tuple[Service, ...] = ()
    telemetry: Telemetry = Telemetry()
    traffic: AssumedTraffic = AssumedTraffic()
    tags: Mapping[str, str] = Factory(dict)

    def site(self, name: str) -> Site:
        """The site of that name; KeyError where there is none."""
        return {site.name: site for site in self.sites}[name]

    def edge_zones(self, site: str) -> tuple[str, ...]:
        """The zones in which edges of a site stand, the chosen one first."""
        found = self.site(site)
        return (found.zone, *found.spares[: self.edge.replicas - 1])

    def node_names(self, site: str) -> tuple[str, ...]:
        """The names that the edges of a site have on the backbone, the chosen zone's first."""
        count = len(self.edge_zones(site))
        return tuple(node_name(site, number) for number in range(1, count + 1))

    @property
    def carried_networks(self) -> dict[str, str]:
        """The range of each site's network, by site, where the backbone carries whole networks."""
        if not self.backbone or not self.backbone.networks:
            return {}
        return {site.name: site.network.cidr for site in self.sites if site.network.cidr}

    @property
    def probe_batches(self) -> int:
        """How many batches it takes to measure every zone of a site with those of all others."""
        return math.prod(len(groups) for groups in self._probe_groups())

    def probed_zones(self, site: str) -> tuple[str, ...]:
        """The zones of a site in which a probe stands in the current batch.

        Each site's zones fall into groups of `max_parallel`; the batches are all combinations of
        one group of each site, counted like the digits of a number.
        """
        rest = (self.probes or Probes()).batch - 1
        for each, groups in zip(self.sites, self._probe_groups(), strict=True):
            rest, digit = divmod(rest, len(groups))
            if each.name == site:
                return groups[digit]
        raise KeyError(site)

    def measurable_pairs(self) -> Iterator[tuple[str, str]]:
        """Every ordered pair of zones (`site/zone`) that some batch measures, in the file's order.

        Zones of two sites meet in a batch; two of one site only where one group holds both.
        """
        places = [
            (site.name, number, zone_name(site.name, zone))
            for site, groups in zip(self.sites, self._probe_groups(), strict=True)
            for number, group in enumerate(groups)
            for zone in group
        ]
        for (site, group, name), (other_site, other_group, other) in permutations(places, 2):
            if site != other_site or group == other_group:
                yield name, other

    def _probe_groups(self) -> list[list[tuple[str, ...]]]:
        most = (self.probes or Probes()).max_parallel
        return [
            [
                site.zones[i : i + (most or len(site.zones))]
                for i in range(0, len(site.zones), most or len(site.zones))
            ]
            for site in self.sites
        ]
