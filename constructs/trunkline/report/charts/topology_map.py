"""The topology as a drawing: what stands before the sites, the sites, and what joins them."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from trunkline.model import LocalIngress, Site, Topology
from trunkline.report.charts.svg import CHARACTER, box, cut, element, line, text

LEAST_CARD, MOST_CARD, WIDTH = 236, 420, 1000
GAP, EDGE = 24, 4
INSET, LINE = 16, 19
BAR, BETWEEN = 52, 62
ZONE_HEIGHT = 24


def topology_map(topology: Topology) -> tuple[tuple[float, float], list[Markup]]:
    """The size, and the parts."""
    drawn = _Map(topology)
    parts = list(drawn.parts())
    return (drawn.width, drawn.height), parts


class _Map:
    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        sites = topology.sites
        gaps = (len(sites) - 1) * GAP
        share = (WIDTH - 2 * EDGE - gaps) / len(sites)
        self.site_width = min(max(share, LEAST_CARD), MOST_CARD)
        self.width = 2 * EDGE + len(sites) * self.site_width + gaps
        self.inner = self.width - 2 * EDGE
        self.zones = {site.name: list(_places(topology, site)) for site in sites}
        self.texts = {site.name: _served(topology, site) for site in sites}
        self.top = EDGE + BAR + BETWEEN
        self.card = max(map(self._card_height, sites))
        self.below = self.top + self.card + BETWEEN / 2
        services = len(topology.services)
        self.bar = (BAR + services * LINE) if topology.backbone else 0
        self.height = (self.below + self.bar if self.bar else self.top + self.card) + EDGE

    def parts(self) -> Iterator[Markup]:
        yield from self._ingress()
        for number, site in enumerate(self.topology.sites):
            x = EDGE + number * (self.site_width + GAP)
            yield from self._routes(site, x)
            yield from self._site(site, x)
            if self.topology.backbone:
                middle = x + self.site_width / 2
                yield line(middle, self.top + self.card, middle, self.below, "link private")
        if self.topology.backbone:
            yield from self._backbone()

    def _ingress(self) -> Iterator[Markup]:
        local = isinstance(self.topology.ingress, LocalIngress)
        name = "This machine, in place of Cloudflare" if local else "Cloudflare"
        routing = self.topology.routing
        about = f"{routing.hostname} · routing by {routing.strategy}"
        yield box(EDGE, EDGE, self.inner, BAR, "ingress", rx=6)
        yield text(EDGE + INSET, EDGE + 22, cut(name, self.inner - 32), "strong")
        yield text(EDGE + INSET, EDGE + 40, cut(about, self.inner - 32), "quiet")

    def _routes(self, site: Site, x: float) -> Iterator[Markup]:
        """The way from the ingress to a site, with the routes that the site answers first."""
        first = [route.prefix for route in self.topology.routing.routes if route.site == site.name]
        middle, start, end = x + self.site_width / 2, EDGE + BAR, self.top
        yield line(middle, start, middle, end - 7, "link" if first else "link standby")
        yield element("path", d=f"M{middle - 5:.0f} {end - 8}h10l-5 8z", class_="arrow")
        shown = [*first[:2], *([f"and {len(first) - 2} more"] if len(first) > 2 else [])]
        for number, words in enumerate(shown or ["stands in"]):
            y = start + 18 + number * 15
            yield text(
                middle + 10, y, cut(words, self.site_width / 2 - 14), "route" if first else "quiet"
            )

    def _card_height(self, site: Site) -> float:
        rows = (len(self.zones[site.name]) + 1) // 2
        return 78 + rows * (ZONE_HEIGHT + 6) + 8 + len(self.texts[site.name]) * LINE

    def _site(self, site: Site, x: float) -> Iterator[Markup]:
        room = self.site_width - 2 * INSET
        about = f"{site.cloud} · {site.region}"
        yield box(x, self.top, self.site_width, self.card, "site", rx=6)
        yield element(
            "text",
            cut(site.name, room),
            element("title", site.name),
            x=x + INSET,
            y=self.top + 27,
            class_="name",
        )
        yield text(x + INSET, self.top + 47, cut(about, room), "quiet")
        y = self.top + 64
        for number, (zone, role) in enumerate(self.zones[site.name]):
            column, row = number % 2, number // 2
            yield from _zone(
                zone,
                role,
                x + INSET + column * (room / 2 + 3),
                y + row * (ZONE_HEIGHT + 6),
                room / 2 - 3,
            )
        y += (len(self.zones[site.name]) + 1) // 2 * (ZONE_HEIGHT + 6) + 20
        for words in self.texts[site.name]:
            yield text(x + INSET, y, cut(words, room), "small")
            y += LINE

    def _backbone(self) -> Iterator[Markup]:
        backbone = self.topology.backbone
        assert backbone is not None  # noqa: S101
        about = f"{backbone.cidr} · joins the edges of all sites privately"
        yield box(EDGE, self.below, self.inner, self.bar, "backbone", rx=6)
        name = f"Backbone by {backbone.kind}"
        yield text(EDGE + INSET, self.below + 22, cut(name, self.inner - 32), "strong")
        yield text(EDGE + INSET, self.below + 40, cut(about, self.inner - 32), "quiet")
        for number, service in enumerate(self.topology.services):
            words = f"{', '.join(service.sites)} to {service.hosts[0]} through {service.site}"
            y = self.below + BAR + 9 + number * LINE
            yield text(EDGE + INSET, y, cut(words, self.inner - 32), "small")


def _places(topology: Topology, site: Site) -> Iterator[tuple[str, str]]:
    """The zones of a site, those of its edges (`chosen`) before the other candidates."""
    edges = topology.edge_zones(site.name)
    for zone in dict.fromkeys((*edges, *site.zones)):
        yield zone, "chosen" if zone in edges else "other"


def _zone(zone: str, role: str, x: float, y: float, width: float) -> Iterator[Markup]:
    note = f"{zone}: {'an edge stands here' if role == 'chosen' else 'a candidate'}"
    box_of = box(x, y, width, ZONE_HEIGHT, f"zone {role}", rx=4)
    words = cut(zone, width - CHARACTER)
    label = text(x + width / 2, y + 16, words, f"zone-{role}", text_anchor="middle")
    yield element("g", element("title", note), box_of, label)


def _served(topology: Topology, site: Site) -> list[str]:
    """What stands in a site, in words."""
    edges = len(topology.edge_zones(site.name))
    found = [f"{edges} edge{'' if edges == 1 else 's'}, reached by {_way(topology)}"]
    hosts = [server.url for each in site.services.values() for server in each.servers]
    found += [f"before {host}" for host in hosts[:2]] or ["answers by itself"]
    if len(hosts) > 2:
        found.append(f"and {len(hosts) - 2} more servers")
    standby = [r.prefix for r in topology.routing.routes if site.name in r.failover]
    if standby:
        found.append(f"stands in for {', '.join(standby)}")
    return found


def _way(topology: Topology) -> str:
    if isinstance(topology.ingress, LocalIngress):
        return "loopback"
    return "a tunnel" if topology.edge.exposure == "tunnel" else "a public address"
