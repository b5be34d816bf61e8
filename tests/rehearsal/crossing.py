"""Whole networks: a machine of one cloud reaches one of another by its own private address."""

from __future__ import annotations

import itertools
import re
import statistics
from contextlib import ExitStack
from functools import partial

from rehearsal.applications import Application
from rehearsal.services import an_application
from rehearsal.stage import Stage
from trunkline.model import Topology

_TIME = re.compile(r"time=([0-9.]+) ms")
NOBODYS_PORT = 9
REFUSED = 7  # curl(1)


def cross_networks(stage: Stage, topology: Topology) -> None:
    """Have a machine in each network reach those in all others."""
    if not topology.backbone or not topology.backbone.networks:
        return
    with ExitStack() as stack:
        machines = {
            site.name: stack.enter_context(an_application(stage, topology, site.name, last=4))
            for site in topology.sites
        }
        follow_routes(stage, *machines.values())
        pairs = list(itertools.permutations(machines, 2))
        with stage.printer.step("reach each network from every other one") as step:
            for near, far in pairs:
                one, other = machines[near], machines[far]
                arrives = partial(reaches, one, other)
                stage.wait_until(arrives, f"a machine of {near} reaches one of {far}")
                assert refuses(one, other), f"TCP does not pass from {near} to {far}"
            times = [milliseconds(machines[near], machines[far]) for near, far in pairs]
            middle = statistics.median(times)
            step.result = f"{len(pairs)} directions, {middle:.2f} ms in the middle"
    stage.report.add("machines of networks that reach one another", step.result)


def refuses(near: Application, far: Application) -> bool:
    """Whether a machine refuses a connection itself: TCP passes in both directions."""
    done = near.run("curl", "-sS", "--max-time", "3", f"http://{far.address}:{NOBODYS_PORT}")
    return done.returncode == REFUSED


def follow_routes(stage: Stage, *machines: Application) -> None:
    """Give machines that are not ours the routes that their subnets have now."""
    for each in machines:
        each.lead(stage.sky.routes(each.sky, each.network, each.cidr))


def reaches(near: Application, far: Application) -> bool:
    return near.run("ping", "-c1", "-W1", far.address).returncode == 0


def milliseconds(near: Application, far: Application) -> float:
    """The round trip between two machines."""
    found = _TIME.search(near.run("ping", "-c1", "-W2", far.address).stdout)
    assert found, f"{far.address} is not reached"
    return float(found[1])
