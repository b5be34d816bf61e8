"""What the edge of a site has to do with the services of a topology."""

from __future__ import annotations

from trunkline.model import Backbone, EdgeServices, Site, Topology


def edge_services(topology: Topology, site: Site) -> EdgeServices:
    """The services that applications of `site` use, and those that its edge reaches for others."""
    backbone = topology.backbone
    return EdgeServices(
        used=tuple(each for each in topology.services if site.name in each.sites),
        reached=tuple(each for each in topology.services if each.site == site.name),
        networks=(site.network.cidr,) if site.network.cidr else (),
        overlay=backbone.cidr if backbone else "",
        peers=_peers(backbone, site) if backbone else {},
    )


def _peers(backbone: Backbone, site: Site) -> dict[str, tuple[str, ...]]:
    others = {name: nodes for name, nodes in backbone.nodes.items() if name != site.name}
    return {name: tuple(node.address for node in nodes) for name, nodes in others.items()}
