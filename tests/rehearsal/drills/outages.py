"""Drills of what dies: a process, a machine, a zone, a cloud."""

from __future__ import annotations

import json
import time

from rehearsal.checking import check_without
from rehearsal.drills.asking import lost, requests, with_failover
from rehearsal.drills.rolling import changes_all_edges
from rehearsal.existing import edge_machines
from rehearsal.stage import Stage
from trunkline.addresses.names import route_url
from trunkline.model import Topology


def a_machine_is_stopped(stage: Stage, topology: Topology) -> None:
    """A machine is shut down and started again, with what is on its disk, as its cloud does."""
    if (route := with_failover(topology)) is None:
        return
    url = route_url(topology, route)
    machine = stage.sky.find(stage.edge(topology, route.site))
    with stage.printer.step(f"stop the machine of {route.site}") as step:
        with requests(stage, url) as asked:
            stage.sky.stop(machine)
        asked += [stage.operator.get(url) for _ in range(10)]
        goes_on = topology.edge.replicas > 1
        assert (asked[-1].site == route.site) == goes_on, f"{asked[-1].site} answers"
        step.result = lost(asked)
    _check_meanwhile(stage, topology, route.site)
    with stage.printer.step("start it again") as again:
        began = time.monotonic()
        stage.sky.start(machine)
        stage.wait_for(url, route.site)
        seconds = time.monotonic() - began
        stage.stacks.apply(stage.synthesize(topology), f"edge-{route.site}")
        assert stage.sky.find(machine.name) is machine, "the apply replaces the machine"
        again.result = f"served by {route.site} after {seconds:.0f} s"
    stage.report.add("a machine is stopped and started", f"{step.result}; {again.result}")


def a_machine_is_terminated(stage: Stage, topology: Topology) -> None:
    """A machine is gone behind Terraform's back; its stack is applied again."""
    if (route := with_failover(topology)) is None:
        return
    url = route_url(topology, route)
    with stage.printer.step(f"terminate the machine of {route.site}") as step:
        stage.sky.terminate(stage.sky.find(stage.edge(topology, route.site)))
        answers = [stage.operator.get(url) for _ in range(20)]
        step.result = f"{lost(answers)} while {answers[-1].site} stands in"
    with stage.printer.step("apply its stack again") as again:
        stage.stacks.apply(stage.synthesize(topology), f"edge-{route.site}")
        seconds = stage.wait_for(url, route.site)
        again.result = f"served by {route.site} {seconds:.0f} s after the apply"
    stage.report.add("a machine is terminated", f"{step.result}; {again.result}")


def one_of_several_edges_is_lost(stage: Stage, topology: Topology) -> None:
    """A machine of a site ends in order, another is gone or replaced; the others go on."""
    if topology.edge.replicas == 1:
        return
    route = topology.routing.routes[0]
    url, machines = route_url(topology, route), edge_machines(topology, route.site)
    stage.wait_until(lambda: _zones(stage, url) == {*machines}, "all edges of the site answer")
    first, *others = machines
    machine = stage.sky.find(machines[first])
    with stage.printer.step(f"stop the edge in {first}") as step:
        with requests(stage, url) as asked:
            stage.sky.stop(machine)
        assert _zones(stage, url) == {*others}
        step.result = lost(asked)
    _check_meanwhile(stage, topology, route.site)
    with stage.printer.step("start it again") as again:
        stage.sky.start(machine)
        stage.wait_until(lambda: _zones(stage, url) == {*machines}, "it answers again")
    with stage.printer.step(f"terminate the edge in {others[0]}") as gone:
        with requests(stage, url) as asked:
            stage.sky.terminate(stage.sky.find(machines[others[0]]))
            time.sleep(2)
        gone.result = lost(asked)
    with stage.printer.step("apply its stack again") as again:
        with requests(stage, url) as asked:
            stage.stacks.apply(stage.synthesize(topology), f"edge-{route.site}")
            stage.wait_until(lambda: _zones(stage, url) == {*machines}, "it answers again")
        again.result = lost(asked)
    stage.report.add("one of several edges stops", step.result)
    stage.report.add("one is gone without a word", f"{gone.result}; back: {again.result}")
    if changes_all_edges(topology):  # which replaces this one as well
        return
    kind = machine.sky.machine_type
    with stage.printer.step(f"replace the edge in {others[0]}") as replaced:
        with requests(stage, url) as asked:
            stage.stacks.replace(f"edge-{route.site}", kind, f"machine-{others[0]}_")
            stage.wait_until(lambda: _zones(stage, url) == {*machines}, "it answers again")
        replaced.result = lost(asked)
    stage.report.add("one of several edges is replaced", replaced.result)


def _check_meanwhile(stage: Stage, topology: Topology, site: str) -> None:
    with stage.printer.step("check meanwhile") as step:
        step.result = check_without(stage, topology, site)
    stage.report.add("trunkline check, while an edge is stopped", step.result)


def _zones(stage: Stage, url: str) -> set[str]:
    """The zones that answer."""
    bodies = [stage.operator.get(url).body for _ in range(12)]
    return {json.loads(body)["zone"] for body in bodies if '"zone"' in body}


def a_zone_is_cut_off(stage: Stage, topology: Topology) -> None:
    """No packet enters or leaves the zone of an edge; then all is well again."""
    if (route := with_failover(topology)) is None:
        return
    machine = stage.sky.find(stage.edge(topology, route.site))
    url, places = route_url(topology, route), [machine.plug.place]
    with stage.printer.step(f"cut off the zone {machine.plug.place}") as step:
        stage.sky.internet.cut_off(places)
        began, failed, answer = time.monotonic(), 0, stage.operator.get(url)
        while answer.status != 200:
            failed += 1
            answer = stage.operator.get(url)
        seconds = time.monotonic() - began
        step.result = f"{answer.site} answers after {seconds:.1f} s, {failed} requests lost"
    with stage.printer.step("it is back") as back:
        stage.sky.internet.mend(places)
        back.result = f"served by {route.site} after {stage.wait_for(url, route.site):.1f} s"
    stage.report.add("a zone is cut off", f"{step.result}; {back.result}")
