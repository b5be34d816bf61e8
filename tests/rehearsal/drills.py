"""Drills: something dies, and how long it takes until requests are served again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trunkline.addresses.names import public_url
from trunkline.model import Route, Topology

if TYPE_CHECKING:
    from rehearsal.journey import Stage


def an_edges_process_is_killed(stage: Stage, topology: Topology) -> None:
    """Envoy is killed with -9; systemd starts it again, and another site stands in until then."""
    if (route := _with_failover(topology)) is None:
        return
    url = f"{public_url(topology)}{route.prefix}"
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
    url = f"{public_url(topology)}{route.prefix}"
    with stage.printer.step(f"terminate the machine of {route.site}") as step:
        stage.sky.terminate(stage.edge(topology, route.site))
        lost = sum(stage.operator.get(url).status != 200 for _ in range(20))
        step.result = f"{lost} of 20 requests lost while {', '.join(route.failover)} stand in"
    with stage.printer.step("apply its stack again") as again:
        stage.stacks.apply(stage.synthesize(topology), f"edge-{route.site}")
        seconds = stage.wait_for(url, route.site)
        again.result = f"served by {route.site} {seconds:.0f} s after the apply"
    stage.report.add("a machine is terminated", f"{step.result}; {again.result}")


def a_cloud_is_cut_off(stage: Stage, topology: Topology) -> None:
    """No packet enters or leaves a cloud; then all is well again."""
    if (route := _with_failover(topology)) is None:
        return
    url = f"{public_url(topology)}{route.prefix}"
    cloud = topology.site(route.site).cloud
    places = [each.plug.place for each in stage.sky.running.values()]
    places = [place for place in places if place.startswith(f"{cloud} ")]
    with stage.printer.step(f"cut {cloud} off") as step:
        stage.sky.internet.cut_off(places)
        began, lost, answer = time.monotonic(), 0, stage.operator.get(url, timeout=60)
        while answer.status != 200:
            lost += 1
            answer = stage.operator.get(url, timeout=60)
        seconds = time.monotonic() - began
        step.result = f"{answer.site} answers after {seconds:.1f} s, {lost} requests lost"
    with stage.printer.step(f"{cloud} is back") as back:
        stage.sky.internet.mend(places)
        back.result = f"served by {route.site} after {stage.wait_for(url, route.site):.1f} s"
    stage.report.add("a cloud is cut off", f"{step.result}; {back.result}")


DRILLS = (an_edges_process_is_killed, a_machine_is_terminated, a_cloud_is_cut_off)


def _with_failover(topology: Topology) -> Route | None:
    return next((route for route in topology.routing.routes if route.failover), None)


def _until_served(stage: Stage, url: str, site: str, within: float = 60) -> tuple[int, float]:
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
