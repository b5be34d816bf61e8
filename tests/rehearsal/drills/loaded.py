"""Drills under load: wrk asks a route of each cloud, and the servers behind the edges count.

No GET is to be lost: another site answers it. Of the POSTs to one route, which are sent one after
another, an outage is to cost one. The report says whether that was met; on a machine that has other
work a few more are lost, and a drill fails where it is more than that. A load balancer repeats
nothing, and learns of an outage from its monitors: until then it may lose the requests to one
route, and none of the others. No POST may reach a server twice.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from attrs import evolve

from rehearsal.cloudflare_edge import TUNNEL
from rehearsal.load import Load, load
from rehearsal.machines import Running
from rehearsal.stage import Stage
from trunkline.addresses.names import route_url
from trunkline.model import Forwarding, Route, Topology

CHANGES = 10
# To each of three routes: the Worker repeats three at once, which must do where all are slow.
GETS_AT_ONCE = 1
POSTS_LOST = 1  # by an outage, of those to one route
# And that share of all; without failover an outage loses a third.
LOST_AT_MOST, LOST_SHARE = 2, 0.03
OUTAGE_SECONDS = 4  # longer than the Worker needs to know

Loads = tuple[Load, Load]
Outage = Callable[[Stage, Topology, str], None]


def loaded_routes(topology: Topology, forwarding: Forwarding) -> tuple[Route, ...]:
    """A route to a site of each cloud, for which those of the other clouds stand in."""
    sites = [*{site.cloud: site.name for site in reversed(topology.sites)}.values()]
    return tuple(
        Route(f"/rehearsal/{site}", site, _others(sites, site), forwarding=forwarding)
        for site in sites
    )


def _others(sites: Sequence[str], site: str) -> list[str]:
    return [each for each in sites if each != site]


def drill_under_load(stage: Stage, topology: Topology, routes: Sequence[Route]) -> None:
    """All drills of this file with a topology that has the routes."""
    _change_routes(stage, topology, routes)
    for what, outage in OUTAGES.items():
        all_loads = [_drill(stage, topology, routes, route, what, outage) for route in routes]
        if stage.balances(topology):
            stage.report.add(f"under load: {what}", "; ".join(map(_figures, all_loads)))
        else:
            _report(stage, f"under load: {what}", all_loads, POSTS_LOST)
    posts = [count for line, count in stage.sky.world.received.items() if line.startswith("POST")]
    assert max(posts) == 1, f"{sum(count > 1 for count in posts)} POSTs were sent twice"
    stage.report.add("POSTs that were sent twice", f"0 of {len(posts)}")


def _report(stage: Stage, what: str, all_loads: Sequence[Loads], posts_lost: int) -> None:
    """How many requests were lost beyond those that may be."""
    text = "; ".join(_figures(loads) for loads in all_loads)
    beyond = sum(gets.lost + max(posts.lost - posts_lost, 0) for gets, posts in all_loads)
    stage.report.add(what, text, beyond, 0, "beyond")


def _change_routes(stage: Stage, topology: Topology, routes: Sequence[Route]) -> None:
    with stage.printer.step(f"change the routes {CHANGES} times under load") as step:
        turned = stage.synthesize(_turned(topology, routes), "turned.out")
        outputs = itertools.cycle([turned, stage.synthesize(topology)])
        with _loads(stage, topology, routes) as loads:
            for output in itertools.islice(outputs, CHANGES):
                stage.stacks.apply(output, "routing")
        step.result = _figures(loads)
    _check(loads, LOST_SHARE)
    _report(stage, f"under load: {CHANGES} changes of routes", [loads], 0)


def _turned(topology: Topology, routes: Sequence[Route]) -> Topology:
    """The topology with the last site of each of the routes in the first place."""
    others = [each for each in topology.routing.routes if each not in routes]
    changed = [evolve(each, site=each.sites[-1], failover=each.sites[:-1]) for each in routes]
    return evolve(topology, routing=evolve(topology.routing, routes=(*others, *changed)))


def _drill(
    stage: Stage,
    topology: Topology,
    routes: Sequence[Route],
    route: Route,
    what: str,
    outage: Outage,
) -> Loads:
    """One outage of the site of a route, until the site serves it again."""
    with stage.printer.step(f"{what} of {route.site}, under load") as step:
        with _loads(stage, topology, routes) as loads:
            outage(stage, topology, route.site)
            stage.wait_for(route_url(topology, route), route.site)
        step.result = _figures(loads)
    _check(loads, 1 / len(routes) if stage.balances(topology) else LOST_SHARE)
    return loads


@contextmanager
def _loads(stage: Stage, topology: Topology, routes: Sequence[Route]) -> Iterator[Loads]:
    """GETs and POSTs to the routes while the block runs."""
    urls = [route_url(topology, route) for route in routes]
    with (
        load(stage.operator, "GET", urls, GETS_AT_ONCE) as gets,
        load(stage.operator, "POST", urls) as posts,
    ):
        time.sleep(0.5)
        yield gets, posts


def _figures(loads: Loads) -> str:
    gets, posts = loads
    return f"{gets} GETs and {posts} POSTs lost, the slowest GET took {gets.slowest:.1f} s"


def _check(loads: Loads, share: float) -> None:
    for each in loads:
        most = LOST_AT_MOST + share * (each.answered + each.lost)
        assert each.lost <= most, f"{_figures(loads)}: more than {most:.0f}"


def _kill(stage: Stage, topology: Topology, site: str) -> None:
    _signal(stage, topology, site, "KILL")
    time.sleep(1)  # or the one that is killed may answer once more


def _stall(stage: Stage, topology: Topology, site: str) -> None:
    _signal(stage, topology, site, "STOP")
    time.sleep(OUTAGE_SECONDS)
    _signal(stage, topology, site, "CONT")


def _signal(stage: Stage, topology: Topology, site: str, name: str) -> None:
    _machine(stage, topology, site).machine.run("pkill", f"-{name}", "-x", "envoy")


def _machine(stage: Stage, topology: Topology, site: str) -> Running:
    return stage.sky.find(stage.edge(topology, site))


def _replace(stage: Stage, topology: Topology, site: str) -> None:
    """Terraform replaces the machine, or its tunnel: then the new token replaces the machine."""
    before = _machine(stage, topology, site)
    kind = TUNNEL if topology.edge.exposure == "tunnel" else before.sky.machine_type
    stage.stacks.replace(f"edge-{site}", kind)
    stage.follow_tunnels(topology, stage.synthesize(topology))
    assert _machine(stage, topology, site) is not before, "the machine is the one before"


def _cut_off(stage: Stage, topology: Topology, site: str) -> None:
    """No packet enters or leaves any zone of the site's cloud."""
    cloud = topology.site(site).cloud
    places = {each.plug.place for each in stage.sky.running.values()}
    here = [place for place in places if place.startswith(cloud)]
    stage.sky.internet.cut_off(here)
    time.sleep(OUTAGE_SECONDS)
    stage.sky.internet.mend(here)


OUTAGES: Mapping[str, Outage] = {
    "kill Envoy": _kill,
    "stop Envoy (SIGSTOP)": _stall,
    "replace the edge": _replace,
    "cut off the cloud": _cut_off,
}
