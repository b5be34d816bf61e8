"""Drills of applies: the cloud fails or throttles in the middle, or Terraform is killed."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from doubles.providers.terraform_runner import TerraformError

from rehearsal.stage import Stage
from rehearsal.world import StoreFault
from trunkline.addresses.names import route_url
from trunkline.model import Topology

FIREWALLS = {
    "aws": "aws_security_group",
    "google": "google_compute_firewall",
    "azure": "azurerm_network_security_group",
}
# In the words of each cloud, where they are known.
THROTTLED = {
    "aws": "RequestLimitExceeded: Request limit exceeded.",
    "google": "googleapi: Error 403: Rate Limit Exceeded, rateLimitExceeded",
    "azure": "unexpected status 429 (429 Too Many Requests) with error: TooManyRequests",
}
UNAVAILABLE = {
    "aws": "InsufficientInstanceCapacity: We currently do not have sufficient capacity in the zone",
    "google": "The zone does not have enough resources available to fulfill the request.",
    "azure": "ZonalAllocationFailed: Allocation failed. We do not have sufficient capacity.",
}


def a_secret_store_fails(stage: Stage, topology: Topology) -> None:
    """A new machine's store throttles, fails and is late before it answers."""
    route = topology.routing.routes[-1]
    url = route_url(topology, route)
    faults = [StoreFault(429), StoreFault(503), StoreFault(0, seconds=3)]
    count = len(faults)
    with stage.printer.step(f"fail the secret store of {route.site}") as step:
        edge = stage.edge(topology, route.site)
        stage.sky.terminate(stage.sky.find(edge))
        stage.sky.world.store_faults[edge] = faults
        stage.stacks.apply(stage.synthesize(topology), f"edge-{route.site}")
        seconds = stage.wait_for(url, route.site)
        # Another edge of the site may have served it.
        stage.wait_until(lambda: faults == [], "the machine asks again")
        step.result = f"{count} faults, served {seconds:.0f} s after the apply"
    stage.report.add("a secret store fails", step.result)


def an_apply_fails_in_the_middle(stage: Stage, topology: Topology) -> None:
    """The cloud throttles, then has no machine; each apply goes on where the one before ended."""
    route = topology.routing.routes[0]
    url = route_url(topology, route)
    machine = stage.sky.find(stage.edge(topology, route.site))
    cloud = topology.site(route.site).cloud
    words = (THROTTLED[cloud], UNAVAILABLE[cloud])
    with stage.printer.step(f"fail the apply of {route.site}") as step:
        stage.sky.terminate(machine)
        stage.sky.faults += [(machine.sky.machine_type, each) for each in words]
        output, failures = stage.synthesize(topology), 0
        while stage.sky.faults:
            try:
                stage.stacks.apply(output, f"edge-{route.site}")
            except TerraformError as error:
                assert words[failures] in str(error)
                failures += 1
        stage.stacks.apply(output, f"edge-{route.site}")
        seconds = stage.wait_for(url, route.site)
        assert stage.stacks.plan_is_empty(f"edge-{route.site}"), "the plan is not empty"
        step.result = f"{failures} applies failed, the next one served after {seconds:.0f} s"
    stage.report.add("an apply fails in the middle", step.result)


def a_destroy_stops_half_way(stage: Stage, topology: Topology) -> None:
    """A firewall cannot be deleted at first; destroy goes on where it stopped."""
    site = topology.sites[-1]
    kind = FIREWALLS[site.cloud]
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
        stage.apply_edge(topology, site.name)
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
        _kill_in(stage, output, name, kind, taken=False)
        made = len(stage.stacks.resources(name))
        stage.apply_edge(topology, route.site)
        seconds = stage.wait_for(route_url(topology, route), route.site)
        step.result = f"{made} resources were kept, the next apply served after {seconds:.0f} s"
    stage.report.add("Terraform is killed", step.result)


def terraform_is_killed_too_late(stage: Stage, topology: Topology) -> None:
    """Terraform is killed when the cloud has made the machine, which no state knows then.

    AWS makes a second one beside it; the other clouds refuse the name until it is gone.
    """
    route = topology.routing.routes[0]
    name, url = f"edge-{route.site}", route_url(topology, route)
    before = stage.sky.find(stage.edge(topology, route.site))
    with stage.printer.step(f"kill Terraform when the machine of {name} is made") as step:
        stage.sky.terminate(before)
        output = stage.synthesize(topology)
        _kill_in(stage, output, name, before.sky.machine_type, taken=True)
        orphan = stage.sky.find(before.name)
        try:
            stage.stacks.apply(output, name)
        except TerraformError as error:
            assert "already exists" in str(error), error
            how = "the next apply names it"
            stage.sky.terminate(orphan)
            stage.stacks.apply(output, name)
        else:
            how = f"the next apply made another one, it is found as {orphan.name}"
            assert len(stage.sky.named(before.name)) == 2, "there is one machine"
            stage.sky.terminate(orphan)
        seconds = stage.wait_for(url, route.site)
        step.result = f"{how}; terminated by hand, served after {seconds:.0f} s"
    stage.report.add("Terraform is killed too late", step.result)


def _kill_in(stage: Stage, output: Path, name: str, kind: str, *, taken: bool) -> None:
    """Apply a stack, and kill Terraform when the cloud has got (or `taken`) a resource."""
    with stage.sky.held(kind, taken=taken) as reached:
        thread = threading.Thread(target=_fails, args=(stage, output, name), daemon=True)
        thread.start()
        assert reached.wait(120), f"the apply did not come to {kind}"
        stage.stacks.kill(name)
        thread.join()


def _fails(stage: Stage, output: Path, name: str) -> None:
    with suppress(TerraformError):
        stage.stacks.apply(output, name)
