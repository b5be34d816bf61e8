"""The section of what is deployed, and who answers which route."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.addresses.names import route_url
from trunkline.model import Route, Topology
from trunkline.report.charts.svg import drawing
from trunkline.report.charts.topology_map import topology_map
from trunkline.report.parts import Picture, Row, Section, Table


def topology_section(topology: Topology) -> Section:
    """The drawing of the topology, with the table of its sites."""
    size, parts = topology_map(topology)
    title = f"The topology {topology.name}"
    description = " ".join(_description(topology))
    table = Table(
        name="sites",
        caption="Sites",
        headings=("site", "cloud", "region", "zones of edges", "other candidate zones", "network"),
        rows=tuple(_sites(topology)),
    )
    svg = drawing("topology", title, description, size, parts)
    picture = Picture(title=title, description=description, svg=svg, table=table)
    return Section(id="topology", title="Topology", pictures=(picture,))


def routes_section(topology: Topology) -> Section:
    """Who answers which route, and who stands in."""
    routes = tuple(
        (
            route_url(topology, route),
            route.site,
            topology.site(route.site).zone,
            _upstream(topology, route),
            ", ".join(route.failover) or "nobody",
        )
        for route in topology.routing.routes
    )
    table = Table(
        name="routes",
        caption="Routes, and who answers",
        headings=("route", "answered by", "zone", "behind the edge", "who stands in, in order"),
        rows=routes,
    )
    routing = topology.routing
    steering = (
        "The first healthy site of a route answers, in the order of the table."
        if routing.steering == "order"
        else "Of the healthy sites of a route the one that Cloudflare reaches fastest answers."
    )
    lead = f"Requests find their site by {routing.strategy}. {steering}"
    tables = (table, *_services(topology))
    return Section(id="routes", title="Routes and who answers", lead=(lead,), tables=tables)


def _description(topology: Topology) -> Iterator[str]:
    count = len(topology.sites)
    yield f"{count} site{'' if count == 1 else 's'} behind {topology.routing.hostname}."
    for site in topology.sites:
        zones = ", ".join(topology.edge_zones(site.name))
        yield f"{site.name} in {site.cloud} {site.region}, its edge in {zones}."
    if topology.backbone:
        yield f"A backbone by {topology.backbone.kind} joins them privately."


def _sites(topology: Topology) -> Iterator[Row]:
    for site in topology.sites:
        edges = topology.edge_zones(site.name)
        others = [zone for zone in site.zones if zone not in edges]
        network = site.network.cidr or "an existing one"
        yield (
            site.name,
            site.cloud,
            site.region,
            ", ".join(edges),
            ", ".join(others) or "none",
            network,
        )


def _upstream(topology: Topology, route: Route) -> str:
    """What answers behind the edge."""
    upstream = topology.site(route.site).services.get(route.forwarding.upstream)
    return ", ".join(each.url for each in upstream.servers) if upstream else "the edge itself"


def _services(topology: Topology) -> Iterator[Table]:
    if not topology.services:
        return
    yield Table(
        name="services",
        caption="Services, over the backbone",
        headings=("service", "hosts", "used by", "reached through", "mode"),
        rows=tuple(
            (each.name, ", ".join(each.hosts), ", ".join(each.sites), each.site, each.mode)
            for each in topology.services
        ),
    )
