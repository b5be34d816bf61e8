"""Drills of the backbone: an edge that carries a network is lost; keys are rotated unnoticed."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from rehearsal.backbone import nodes
from rehearsal.crossing import follow_routes, reaches
from rehearsal.drills.changes import TAKEN_SECONDS
from rehearsal.machines import Running
from rehearsal.services import an_application
from rehearsal.stage import Stage
from trunkline.deploy.keys import authority_keys, backbone_keys
from trunkline.deploy.nodes import Nodes
from trunkline.model import Node, Topology

_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) received")
# The clouds whose own routes pass over a machine that does not run.
MOVES_ROUTES = ("google",)
# Pings to one node, five in a second: the target, and what a broken rotation would lose at least.
LOST_AT_MOST, BROKEN = 5, 50


def keys_of_the_backbone_are_rotated(stage: Stage, topology: Topology) -> None:
    """All keys are made anew, site by site, and the old ones retired; pings go on meanwhile."""
    if not topology.backbone:
        return
    stacks = [f"edge-{site.name}" for site in topology.sites]
    before = {name: machine.machine.init() for name, (machine, _) in nodes(stage, topology).items()}
    with stage.printer.step("rotate the keys of the backbone, one site after another") as step:
        with _pings(stage, topology) as lost:
            rotated = topology
            for begin in (True, False):
                rotated = _with_keys(stage, rotated, begin)
                output = stage.synthesize(rotated)
                for stack in stacks:
                    stage.stacks.apply(output, stack)
                time.sleep(topology.edge.poll_seconds + TAKEN_SECONDS)
        step.result = f"{sum(lost.lost)} of {lost.sent} pings lost to {len(lost.lost)} nodes"
        for machine, node in nodes(stage, rotated).values():
            assert _has_its_keys(machine, node), f"{node.name} has the old key"
    after = {name: machine.machine.init() for name, (machine, _) in nodes(stage, topology).items()}
    assert before == after, "a machine was replaced"
    assert max(lost.lost) < BROKEN, f"{max(lost.lost)} pings were lost to one node"
    stage.report.add(
        "the keys of the backbone are rotated", step.result, max(lost.lost), LOST_AT_MOST, "to one"
    )


def _has_its_keys(machine: Running, node: Node) -> bool:
    """Whether a machine has the keys of its node, and no others."""
    if certificate := node.keys[0].certificate:
        file = machine.machine.run("cat", "/run/trunkline-backbone/host.crt")
        return certificate in "".join(file.split())
    ports = machine.machine.run("wg", "show", "all", "listen-port").split()[1::2]
    return ports == [str(key.port) for key in node.keys]


def a_second_edge_carries_the_networks(stage: Stage, topology: Topology) -> None:
    """The first edge of a site is stopped; the next takes over what goes into and out of it."""
    site = next((site.name for site in topology.sites if site.cloud in MOVES_ROUTES), None)
    if site is None or topology.edge.replicas == 1:
        return
    if not topology.backbone or not topology.backbone.networks:
        return
    other = next(each.name for each in topology.sites if each.name != site)
    machine = stage.sky.find(stage.edge(topology, site))
    with (
        an_application(stage, topology, site, last=5) as here,
        an_application(stage, topology, other, last=5) as there,
    ):
        arrives, what = partial(reaches, there, here), f"{other} reaches {site}"
        follow_routes(stage, here, there)
        stage.wait_until(arrives, what)
        with stage.printer.step(f"stop the edge that carries the network of {site}") as step:
            stage.sky.stop(machine)
            began = time.monotonic()
            follow_routes(stage, here, there)
            stage.wait_until(arrives, f"{what} by the next edge")
            seconds = time.monotonic() - began
            step.result = f"{what} by the next after {seconds:.0f} s"
        with stage.printer.step("start it again") as again:
            stage.sky.start(machine)
            follow_routes(stage, here, there)
            stage.wait_until(arrives, f"{what} again")
            again.result = what
    stage.report.add("a second edge carries a network", step.result, seconds, 10.0, "s")


def _with_keys(stage: Stage, topology: Topology, begin: bool) -> Topology:
    """The topology after `trunkline keys --rotate backbone`, or after `--retire backbone`."""
    keys = stage.stacks.keys
    for key in (*backbone_keys(topology), *authority_keys(topology)):
        keys = keys.rotated(key) if begin else keys.retired(key)
    stage.stacks.keys = keys
    return Nodes.of(topology).following(keys, datetime.now(UTC).date().isoformat()).joined()


@dataclass
class _Lost:
    """How many pings were lost to each node, and how many were sent to all."""

    lost: list[int] = field(default_factory=list)
    sent: int = 0


@contextmanager
def _pings(stage: Stage, topology: Topology) -> Iterator[_Lost]:
    """Ping from the first edge to all others while the block runs, and count then."""
    machines = list(nodes(stage, topology).values())
    first, _ = machines[0]
    found = _Lost()
    with ExitStack() as stack:
        running = [stack.enter_context(_ping(first, node)) for _, node in machines[1:]]
        yield found
        counts = [_end(each) for each in running]
    found.lost = [sent - got for sent, got in counts]
    found.sent = sum(sent for sent, _ in counts)


@contextmanager
def _ping(machine: Running, node: Node) -> Iterator[subprocess.Popen[str]]:
    inside = ("ip", "netns", "exec", machine.cable.machine)
    command = (*inside, "ping", "-q", "-i0.2", "-W1", node.address)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _end(process: subprocess.Popen[str]) -> tuple[int, int]:
    process.send_signal(2)
    said = _COUNTS.search(process.communicate()[0])
    assert said, "ping said nothing"
    return int(said[1]), int(said[2])
