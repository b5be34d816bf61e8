"""Drills: something dies, and how long it takes until requests are served again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve
from doubles.providers.terraform_runner import TerraformError

from rehearsal.cloudflare_edge import TUNNEL
from trunkline.addresses.names import public_url, route_url
from trunkline.model import Cloudflare, Route, Routing, Topology
from trunkline.stacks.synthesize import synthesize

if TYPE_CHECKING:
    from rehearsal.journey import Stage
    from rehearsal.operator import Answer


def an_edges_process_is_killed(stage: Stage, topology: Topology) -> None:
    """Envoy is killed with -9; systemd starts it again, and another site stands in until then."""
    if (route := _with_failover(topology)) is None:
        return
    url = route_url(topology, route)
    machine = stage.sky.find(stage.edge(topology, route.site)).machine
    with stage.printer.step(f"kill Envoy of {route.site}") as step:
        machine.run("pkill", "-KILL", "-x", "envoy")
        lost, seconds = _until_served(stage, url, route.site)
        step.result = f"{lost} requests lost, {seconds:.1f} s until it serves again"
    stage.report.add("an edge's Envoy is killed", step.result)


def a_machine_is_terminated(stage: Stage, topology: Topology) -> None:
    """A machine is gone behind Terraform's back; its stack is applied again."""
    if (route := _with_failover(topology)) is None:
        return
    url = route_url(topology, route)
    with stage.printer.step(f"terminate the machine of {route.site}") as step:
        stage.sky.terminate(stage.edge(topology, route.site))
        lost = _lost([stage.operator.get(url) for _ in range(20)])
        step.result = f"{lost} while {', '.join(route.failover)} stand in"
    with stage.printer.step("apply its stack again") as again:
        stage.stacks.apply(stage.synthesize(topology), f"edge-{route.site}")
        seconds = stage.wait_for(url, route.site)
        again.result = f"served by {route.site} {seconds:.0f} s after the apply"
    stage.report.add("a machine is terminated", f"{step.result}; {again.result}")


def a_cloud_is_cut_off(stage: Stage, topology: Topology) -> None:
    """No packet enters or leaves a cloud; then all is well again."""
    if (route := _with_failover(topology)) is None:
        return
    url = route_url(topology, route)
    cloud = topology.site(route.site).cloud
    places = [each.plug.place for each in stage.sky.running.values()]
    places = [place for place in places if place.startswith(f"{cloud} ")]
    with stage.printer.step(f"cut {cloud} off") as step:
        stage.sky.internet.cut_off(places)
        began, lost, answer = time.monotonic(), 0, stage.operator.get(url)
        while answer.status != 200:
            lost += 1
            answer = stage.operator.get(url)
        seconds = time.monotonic() - began
        step.result = f"{answer.site} answers after {seconds:.1f} s, {lost} requests lost"
    with stage.printer.step(f"{cloud} is back") as back:
        stage.sky.internet.mend(places)
        back.result = f"served by {route.site} after {stage.wait_for(url, route.site):.1f} s"
    stage.report.add("a cloud is cut off", f"{step.result}; {back.result}")


def a_secret_store_fails(stage: Stage, topology: Topology) -> None:
    """A new machine's store throttles and fails before it answers."""
    if topology.edge.exposure != "tunnel":
        return  # a public edge reads no secret
    route = topology.routing.routes[-1]
    url = route_url(topology, route)
    faults = [429, 500, 503, 429]
    with stage.printer.step(f"fail the secret store of {route.site}") as step:
        stage.sky.terminate(stage.edge(topology, route.site))
        stage.sky.world.store_faults += faults
        stage.stacks.apply(stage.synthesize(topology), f"edge-{route.site}")
        seconds = stage.wait_for(url, route.site)
        assert stage.sky.world.store_faults == [], "the machine did not ask again"
        step.result = f"{len(faults)} faults, served {seconds:.0f} s after the apply"
    stage.report.add("a secret store fails", step.result)


def an_apply_fails_in_the_middle(stage: Stage, topology: Topology) -> None:
    """The cloud refuses a machine twice; each apply goes on where the one before it ended."""
    route = topology.routing.routes[0]
    url = route_url(topology, route)
    machine = stage.sky.find(stage.edge(topology, route.site))
    words = "RequestLimitExceeded: Request limit exceeded."
    with stage.printer.step(f"fail the apply of {route.site}") as step:
        stage.sky.terminate(machine.name)
        stage.sky.faults += [(machine.sky.machine_type, words)] * 2
        output, failures = stage.synthesize(topology), 0
        while stage.sky.faults:
            try:
                stage.stacks.apply(output, f"edge-{route.site}")
            except TerraformError as error:
                assert words in str(error)
                failures += 1
        stage.stacks.apply(output, f"edge-{route.site}")
        seconds = stage.wait_for(url, route.site)
        assert stage.stacks.plan_is_empty(f"edge-{route.site}"), "the plan is not empty"
        step.result = f"{failures} applies failed, the next one served after {seconds:.0f} s"
    stage.report.add("an apply fails in the middle", step.result)


def a_route_comes_and_goes(stage: Stage, topology: Topology) -> None:
    """A new prefix replaces the edges, one after another, while requests go on."""
    if (route := _with_failover(topology)) is None:
        return
    new = Route("/rehearsal", route.site, route.failover)
    routing = evolve(topology.routing, routes=(*topology.routing.routes, new))
    with stage.printer.step(f"add the route {new.prefix}, and take it out") as step:
        with _requests(stage, route_url(topology, route)) as asked:
            for changed in (evolve(topology, routing=routing), topology):
                output = stage.synthesize(changed)
                for site in changed.sites:
                    stage.stacks.apply(output, f"edge-{site.name}")
                    for each in changed.routing.routes[: len(topology.routing.routes)]:
                        stage.wait_for(route_url(changed, each), each.site)
                stage.stacks.apply(output, "routing")
                if changed is not topology:
                    stage.wait_for(route_url(changed, new), new.site)
        step.result = _lost(asked)
    stage.report.add("a route comes and goes", step.result)


def a_destroy_stops_half_way(stage: Stage, topology: Topology) -> None:
    """A firewall cannot be deleted at first; destroy goes on where it stopped."""
    site = topology.sites[-1]
    kind = {
        "aws": "aws_security_group",
        "google": "google_compute_firewall",
        "azure": "azurerm_network_security_group",
    }[site.cloud]
    words = "DependencyViolation: the resource has dependencies and cannot be deleted"
    route = min(
        (each for each in topology.routing.routes if site.name in each.sites),
        key=lambda each: each.site != site.name,
    )
    with stage.printer.step(f"destroy edge-{site.name} in two parts") as step:
        stage.sky.faults.append((kind, words))
        try:
            stage.stacks.destroy([f"edge-{site.name}"])
        except TerraformError as error:
            assert words in str(error)
        else:
            raise AssertionError("the destroy was to fail")
        stage.stacks.destroy([f"edge-{site.name}"])
        stage.stacks.apply(stage.synthesize(topology), f"edge-{site.name}")
        stage.wait_for(route_url(topology, route), route.site)
        step.result = "the second one ended it, and an apply brought it back"
    stage.report.add("a destroy stops half-way", step.result)


def terraform_is_killed(stage: Stage, topology: Topology) -> None:
    """Terraform is killed with -9 while it waits for a machine, and the stack is applied again."""
    route = topology.routing.routes[0]
    name = f"edge-{route.site}"
    kind = stage.sky.find(stage.edge(topology, route.site)).sky.machine_type
    with stage.printer.step(f"kill Terraform in the apply of {name}") as step:
        stage.stacks.destroy([name])
        output = stage.synthesize(topology)
        with stage.sky.held(kind) as reached:
            thread = threading.Thread(target=_fails, args=(stage, output, name), daemon=True)
            thread.start()
            assert reached.wait(120), "the apply did not come to the machine"
            stage.stacks.kill(name)
            thread.join()
        made = len(stage.stacks.resources(name))
        stage.stacks.apply(output, name)
        seconds = stage.wait_for(route_url(topology, route), route.site)
        step.result = f"{made} resources were kept, the next apply served after {seconds:.0f} s"
    stage.report.add("Terraform is killed", step.result)


def _fails(stage: Stage, output: Path, name: str) -> None:
    with suppress(TerraformError):
        stage.stacks.apply(output, name)


def a_token_is_rotated(stage: Stage, topology: Topology) -> None:
    """A tunnel is replaced, and with it the machine that holds its token."""
    if (route := _with_failover(topology)) is None or topology.edge.exposure != "tunnel":
        return
    name, url = f"edge-{route.site}", route_url(topology, route)
    kind = stage.sky.find(stage.edge(topology, route.site)).sky.machine_type
    before = stage.sky.world.all(TUNNEL)
    with stage.printer.step(f"replace the tunnel of {route.site}") as step:
        with _requests(stage, url) as asked:
            stage.stacks.replace(name, (kind, TUNNEL))
            seconds = stage.wait_for(url, route.site)
        assert stage.sky.world.all(TUNNEL) != before, "the tunnel is the one before"
        step.result = f"{_lost(asked)}, served again after {seconds:.0f} s"
    stage.report.add("a token is rotated", step.result)


def a_site_goes_and_comes_back(stage: Stage, topology: Topology) -> None:
    """A site is taken out of the routes and destroyed, then added again."""
    if (route := _with_failover(topology)) is None:
        return
    gone = topology.sites[-1].name
    routing = evolve(
        topology.routing,
        routes=tuple(
            Route(each.prefix, sites[0], tuple(sites[1:]))
            for each in topology.routing.routes
            if (sites := [site for site in each.sites if site != gone])
        ),
    )
    less = evolve(topology, routing=routing, sites=topology.sites[:-1])
    url = route_url(topology, route)
    with stage.printer.step(f"take the site {gone} out, and add it again") as step:
        with _requests(stage, url) as asked:
            stage.stacks.apply(stage.synthesize(less), "routing")
            stage.stacks.destroy([f"edge-{gone}"])
            output = stage.synthesize(topology)
            stage.stacks.apply(output, f"edge-{gone}")
            stage.stacks.apply(output, "routing")
            for each in topology.routing.routes:
                stage.wait_for(route_url(topology, each), each.site)
        step.result = _lost(asked)
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
    folder = stage.journey.folder / "second"
    first = topology.routing.routes[0]
    with stage.printer.step("apply a second topology beside it, and destroy it") as step:
        stacks = stage.stacks.beside(folder)
        synthesize(second, folder / "cdktf.out")
        names = [*stacks.apply(folder / "cdktf.out", "edge-*")]
        names += stacks.apply(folder / "cdktf.out", "routing")
        seconds = stage.wait_for(f"{public_url(second)}/", site.name)
        stage.wait_for(route_url(topology, first), first.site)
        stacks.destroy(reversed(names))
        stage.wait_for(route_url(topology, first), first.site)
        step.result = f"served after {seconds:.0f} s, and the first one all the time"
    stage.report.add("two topologies side by side", step.result)


DRILLS = (
    an_edges_process_is_killed,
    a_machine_is_terminated,
    a_cloud_is_cut_off,
    a_secret_store_fails,
    an_apply_fails_in_the_middle,
    a_route_comes_and_goes,
    a_destroy_stops_half_way,
    terraform_is_killed,
    a_token_is_rotated,
    a_site_goes_and_comes_back,
    another_topology_stands_beside,
)


@contextmanager
def _requests(stage: Stage, url: str) -> Iterator[list[Answer]]:
    """Ask a URL again and again while the block runs; the list holds the answers."""
    answers: list[Answer] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.1):
            answers.append(stage.operator.get(url))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        done.set()
        thread.join()


def _lost(answers: Sequence[Answer]) -> str:
    lost = sum(answer.status != 200 for answer in answers)
    return f"{lost} of {len(answers)} requests lost"


def _with_failover(topology: Topology) -> Route | None:
    return next((route for route in topology.routing.routes if route.failover), None)


def _until_served(stage: Stage, url: str, site: str, within: float = 120) -> tuple[int, float]:
    """How many requests got no 200 until a site answered ten times in a row, and the seconds."""
    began, lost, in_a_row = time.monotonic(), 0, 0
    last = began
    while in_a_row < 10:
        answer = stage.operator.get(url)
        lost += answer.status != 200
        in_a_row = in_a_row + 1 if answer.site == site else 0
        if in_a_row == 0:
            last = time.monotonic()
        assert time.monotonic() - began < within, f"{site} does not serve {url} again"
    return lost, last - began
