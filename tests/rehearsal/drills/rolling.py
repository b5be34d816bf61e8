"""Drill of a change that replaces the machines of a site: `trunkline apply` goes one by one."""

from __future__ import annotations

from functools import partial
from typing import Any

from rehearsal.existing import edge_machines
from rehearsal.load import load
from rehearsal.stage import Stage, edited
from trunkline.addresses.names import route_url
from trunkline.model import Topology

AT_ONCE = 2


def edges_are_replaced_one_after_another(stage: Stage, topology: Topology) -> None:
    """What is in the user data changes; under load no request is lost. It is the last drill.

    The file of the topology is not the one of the other drills from then on.
    """
    if not changes_all_edges(topology):
        return
    [site] = topology.sites
    url = route_url(topology, topology.routing.routes[0])
    before = _machines(stage, topology)
    edited(stage.file, partial(_poll, topology.edge.poll_seconds + 1))
    with stage.printer.step(f"change all edges of {site.name} with trunkline, under load") as step:
        with load(stage.operator, "GET", [url], AT_ONCE) as gets:
            stage.apply("edge")
        assert not before & _machines(stage, topology), "a machine was not replaced"
        step.result = f"{gets} GETs lost, the slowest took {gets.slowest:.1f} s"
    assert gets.lost == 0, step.result
    stage.report.add("all edges are replaced, one after another", step.result)


def changes_all_edges(topology: Topology) -> bool:
    """Whether the drill has an occasion; with many machines, or public ones, it takes minutes."""
    few = topology.edge.replicas > 1 and len(topology.sites) == 1
    return few and topology.edge.exposure == "tunnel"


def _poll(seconds: int, data: Any) -> None:
    data["edge"]["poll_seconds"] = seconds


def _machines(stage: Stage, topology: Topology) -> set[int]:
    [site] = topology.sites
    names = edge_machines(topology, site.name).values()
    return {stage.sky.find(name).machine.init() for name in names}
