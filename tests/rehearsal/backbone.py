"""The backbone of a rehearsal: every edge reaches every other one on the overlay."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
from collections.abc import Mapping
from functools import partial

from rehearsal.existing import edge_machines
from rehearsal.machines import Running
from rehearsal.stage import Stage
from trunkline.model import Node, Topology

_TIME = re.compile(r"time=([0-9.]+) ms")


def join_the_backbone(stage: Stage, topology: Topology) -> None:
    """Wait until every edge has an answer of every other one, and say how far they are apart."""
    machines = nodes(stage, topology)
    pairs = [
        (machine, node)
        for machine, own in machines.values()
        for _, node in machines.values()
        if node is not own
    ]
    times: list[float] = []
    with stage.printer.step("wait until every edge reaches every other on the backbone") as step:
        for machine, node in pairs:
            answers = partial(answered, machine, node, times)
            stage.wait_until(answers, f"{machine.name} reaches {node.name}")
        step.result = f"{len(pairs)} directions, {statistics.median(times):.2f} ms in the middle"
    stage.report.add("edges that reach one another", step.result)


def check_the_backbone(stage: Stage, topology: Topology) -> None:
    """Run `trunkline backbone check`, which finds every path and every service as it should be."""
    with stage.printer.step("check the backbone with trunkline") as step:
        command = ("backbone", "check", str(stage.file), "--format", "json")
        said = stage.operator.trunkline(*command)
        found = json.loads(said)
        paths, services = found["paths"], found["services"]
        ends = {(path["source"], path["target"]) for path in paths}
        names = nodes(stage, topology)
        assert len(ends) == sum(a[:-2] != b[:-2] for a in names for b in names), ends
        assert {each["service"] for each in services} == {each.name for each in topology.services}
        rates = [path["mbit_per_second"] for path in paths if path["mbit_per_second"]]
        step.result = f"{len(paths)} paths, {len(services)} names, {min(rates):.0f} Mbit/s at least"
    stage.report.add("trunkline backbone check", step.result)


def nodes(stage: Stage, topology: Topology) -> Mapping[str, tuple[Running, Node]]:
    """Each edge's machine and its node, by the node's name."""
    assert topology.backbone
    found = {}
    for site in topology.sites:
        names = edge_machines(topology, site.name)
        zones = topology.edge_zones(site.name)
        for zone, node in zip(zones, topology.backbone.nodes[site.name], strict=True):
            found[node.name] = (stage.sky.find(names[zone]), node)
    return found


def answered(machine: Running, node: Node, times: list[float]) -> bool:
    """Whether a machine has an answer of a node, whose round trip is then among `times`."""
    if (milliseconds := ping(machine, node)) is not None:
        times.append(milliseconds)
    return milliseconds is not None


def ping(machine: Running, node: Node) -> float | None:
    """The round trip in milliseconds from a machine to a node's address; None without an answer."""
    command = ("ip", "netns", "exec", machine.cable.machine, "ping", "-c1", "-W1", node.address)
    done = subprocess.run(command, capture_output=True, text=True)
    found = _TIME.search(done.stdout)
    return float(found[1]) if found else None
