"""Drills of changes to a running system: a route, an upstream, a token, a site, a neighbour."""

from __future__ import annotations

import time
from collections.abc import Sequence

from attrs import evolve

from rehearsal.drills.asking import lost, requests, with_failover
from rehearsal.drills.loaded import drill_under_load, loaded_routes
from rehearsal.stage import Stage
from trunkline.addresses.names import public_url, route_url
from trunkline.model import (
    EDGE_KEY,
    Cloudflare,
    Forwarding,
    Route,
    Routing,
    Server,
    Topology,
    Upstream,
)

SERVICE = Server("rehearsal.internal", 8080, tls=False)
STANDBY = Server("standby.internal", 8080, tls=False, priority=1)
TAKEN_SECONDS = 4  # to read, check and take a configuration


def a_route_an_upstream_and_a_key_change(stage: Stage, topology: Topology) -> None:
    """New prefixes, a service behind them and a new key of the edges come; all go again.

    Requests go on meanwhile. No machine is replaced: the edges find the change in their stores.
    Between both the drills under load have the new routes.
    """
    if (route := with_failover(topology)) is None:
        return
    url = route_url(topology, route)
    changed, new = _with_a_service(topology)
    before = _machines(stage, topology)
    with stage.printer.step("add routes and an upstream, rotate the key") as step:
        with requests(stage, url) as asked:
            stage.stacks.keys = stage.stacks.keys.rotated(EDGE_KEY)
            output = stage.synthesize(changed)
            stage.stacks.apply(output, "edge-*")
            time.sleep(topology.edge.poll_seconds + TAKEN_SECONDS)
            stage.stacks.apply(output, "routing")
            seconds = max(stage.wait_for(route_url(changed, each), each.site) for each in new)
            answer = stage.operator.get(route_url(changed, new[0]))
            assert SERVICE.url in answer.body, "another service answers"
        step.result = f"{lost(asked)}, served {seconds:.0f} s after the apply of routing"
    assert _machines(stage, topology) == before, "a machine was replaced"
    drill_under_load(stage, changed, new)
    before = _machines(stage, topology)
    with stage.printer.step("take them out, and retire the old key") as last:
        with requests(stage, url) as asked:
            stage.stacks.keys = stage.stacks.keys.retired(EDGE_KEY)
            output = stage.synthesize(topology)
            stage.stacks.apply(output, "routing")
            stage.stacks.apply(output, "edge-*")
            time.sleep(topology.edge.poll_seconds + TAKEN_SECONDS)
        last.result = lost(asked)
    assert _machines(stage, topology) == before, "a machine was replaced"
    stage.report.add("a route, an upstream and the key come", step.result)
    stage.report.add("they go", f"{last.result}, no machine was replaced")


def _with_a_service(topology: Topology) -> tuple[Topology, Sequence[Route]]:
    """The topology with a service behind each edge that has a new route; and these routes."""
    new = loaded_routes(topology, Forwarding(upstream="rehearsal", rewrite="/"))
    names = {route.site for route in new}
    upstreams = {"rehearsal": Upstream([SERVICE, STANDBY])}
    sites = tuple(
        evolve(site, upstreams={**site.upstreams, **upstreams}) if site.name in names else site
        for site in topology.sites
    )
    routing = evolve(topology.routing, routes=(*topology.routing.routes, *new))
    return evolve(topology, routing=routing, sites=sites), new


def _machines(stage: Stage, topology: Topology) -> list[int]:
    """What tells the machines of the edges from those that would replace them."""
    names = [stage.edge(topology, site.name) for site in topology.sites]
    return [stage.sky.find(name).machine.init() for name in names]


def a_site_goes_and_comes_back(stage: Stage, topology: Topology) -> None:
    """A site is taken out of the routes and destroyed, then added again."""
    if (route := with_failover(topology)) is None:
        return
    gone = topology.sites[-1].name
    routing = evolve(
        topology.routing,
        routes=tuple(
            evolve(each, site=sites[0], failover=sites[1:])
            for each in topology.routing.routes
            if (sites := [site for site in each.sites if site != gone])
        ),
    )
    less = evolve(topology, routing=routing, sites=topology.sites[:-1])
    url = route_url(topology, route)
    with stage.printer.step(f"take the site {gone} out, and add it again") as step:
        with requests(stage, url) as asked:
            stage.stacks.apply(stage.synthesize(less), "routing")
            stage.stacks.destroy([f"edge-{gone}"])
            output = stage.synthesize(topology)
            stage.stacks.apply(output, f"edge-{gone}")
            stage.stacks.apply(output, "routing")
            for each in topology.routing.routes:
                stage.wait_for(route_url(topology, each), each.site)
        step.result = lost(asked)
    stage.report.add("a site goes and comes back", step.result)


def another_topology_stands_beside(stage: Stage, topology: Topology) -> None:
    """A second topology in the same accounts and zone comes, serves, and goes."""
    site = topology.sites[-1]
    hostname = f"second.{topology.domain}"
    second = evolve(
        topology,
        name="second",
        sites=(site,),
        routing=Routing(hostname=hostname, routes=(Route("/", site.name),)),
        probes=None,
    )
    if isinstance(topology.ingress, Cloudflare):
        second = evolve(second, ingress=evolve(topology.ingress, create_zone=False))
    first = topology.routing.routes[0]
    with stage.printer.step("apply a second topology beside it, and destroy it") as step:
        stacks = stage.stacks.beside(stage.folder / "second")
        output = stage.synthesize(second, "second/cdktf.out")
        names = [*stacks.apply(output, "edge-*"), *stacks.apply(output, "routing")]
        seconds = stage.wait_for(f"{public_url(second)}/", site.name)
        stage.wait_for(route_url(topology, first), first.site)
        stacks.destroy(reversed(names))
        stage.wait_for(route_url(topology, first), first.site)
        step.result = f"served after {seconds:.0f} s, and the first one all the time"
    stage.report.add("two topologies side by side", step.result)
