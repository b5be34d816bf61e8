"""What a user does with a topology, from validate to destroy, in the sky."""

from __future__ import annotations

import contextlib
import statistics
import time
from pathlib import Path

from rehearsal.backbone import check_the_backbone, join_the_backbone
from rehearsal.checking import check
from rehearsal.counting import count_requests
from rehearsal.crossing import cross_networks
from rehearsal.drills import DRILLS
from rehearsal.figures import costs, load_test, write_report
from rehearsal.names import API
from rehearsal.placing import place
from rehearsal.services import follow_the_guide, use_services
from rehearsal.stage import Stage, copied, stage
from trunkline.addresses.names import route_url
from trunkline.demo.report import Report
from trunkline.deploy.progress import StepPrinter
from trunkline.model import Cloudflare, Topology
from trunkline.stacks.specs import stack_specs
from trunkline.topology import load

ALL_SECONDS, SERVING_SECONDS = 360.0, 60.0


def rehearse(file: Path, folder: Path, *, keep: bool = False) -> Report:
    """All steps with a topology's file, in a folder of their own.

    Everything is gone afterwards, also after an error, which tells the machines' last words.
    """
    began, report, printer = time.monotonic(), Report(), StepPrinter()
    with stage(copied(file, folder), folder, printer, report) as made:
        try:
            _play(made, keep=keep)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{made.last_words()}".rstrip()) from error
    seconds = time.monotonic() - began
    report.add("all of it", f"{seconds:.0f} s", seconds, ALL_SECONDS, "s")
    return report


def _play(stage: Stage, *, keep: bool) -> None:
    """What a user does, step by step."""
    with stage.printer.step("validate the topology") as step:
        said = stage.operator.trunkline("validate", str(stage.file))
        step.result = said.strip().rpartition(": valid: ")[2]
    with stage.printer.step("make the keys"):
        stage.operator.trunkline("keys", stage.file.name)
    topology = load(stage.file)
    if makes_zone(topology):
        with stage.printer.step("apply routing, which makes the zone"):
            stage.apply("routing")
    if topology.probes:
        topology = place(stage, topology)
    bring_up(stage, topology)
    request_routes(stage, topology)
    check(stage, topology)
    load_test(stage, topology)
    costs(stage)
    count_requests(stage, topology)
    write_report(stage, topology)
    come_unknown(stage, topology)
    ask_cloudflare(stage, topology)
    if topology.backbone:
        join_the_backbone(stage, topology)
        use_services(stage, topology)
        follow_the_guide(stage, topology)
        check_the_backbone(stage, topology)
        cross_networks(stage, topology)
    if keep:
        stand(stage)
    for drill in DRILLS:
        drill(stage, topology)
    take_down(stage, topology)


def bring_up(stage: Stage, topology: Topology) -> None:
    """Apply everything but the probes, and wait until every route is served."""
    began = time.monotonic()
    kinds = dict.fromkeys(each.kind for each in stack_specs(topology) if each.kind != "probes")
    with stage.printer.step("apply zones, edges and routing"):
        stage.apply(*kinds)
    with stage.printer.step("wait until every route is served by its site"):
        for route in topology.routing.routes:
            stage.wait_for(route_url(topology, route), route.site)
    seconds = time.monotonic() - began
    stage.report.add("apply to serving", f"{seconds:.0f} s", seconds, SERVING_SECONDS, "s")


def request_routes(stage: Stage, topology: Topology) -> None:
    """Ask every route five times, which its own site answers."""
    for route in topology.routing.routes:
        url = route_url(topology, route)
        with stage.printer.step(f"request {url}") as step:
            answers = [stage.operator.get(url) for _ in range(5)]
            others = {each.site for each in answers} - {route.site}
            assert not others, f"{', '.join(others)} answers in place of {route.site}"
            middle = statistics.median(each.seconds for each in answers)
            step.result = f"{route.site} answers in {middle * 1000:.1f} ms"
        stage.report.add(route.prefix, step.result)


def come_unknown(stage: Stage, topology: Topology) -> None:
    """Ask the routes behind Cloudflare Access without a token, and the others of their edges."""
    for route in topology.routing.routes:
        if not (route.forwarding.access or route.forwarding.management):
            continue
        url = route_url(topology, route)
        with stage.printer.step(f"request {url} without a token") as step:
            refused = stage.operator.get(url, known=False)
            assert refused.status in (302, 401), f"{url} answers {refused.status} to anybody"
            step.result = f"refused with {refused.status}"
        stage.report.add(f"{route.prefix} without a token", step.result)


def ask_cloudflare(stage: Stage, topology: Topology) -> None:
    """Ask Cloudflare's API what it holds: among it the public name, which passes Cloudflare."""
    with stage.printer.step("ask Cloudflare what it holds") as step:
        [zone] = stage.operator.ask_cloudflare(f"/zones?name={topology.domain}")
        records = stage.operator.ask_cloudflare(f"/zones/{zone['id']}/dns_records")
        settings = stage.operator.ask_cloudflare(f"/zones/{zone['id']}/settings")
        balancers = stage.operator.ask_cloudflare(f"/zones/{zone['id']}/load_balancers")
        proxied = {each["name"] for each in [*records, *balancers] if each["proxied"]}
        assert topology.routing.hostname in proxied, f"{topology.routing.hostname} is not proxied"
        said = [f"{each['setting_id']} {each['value']}" for each in settings]
        if topology.routing.analytics:
            points = sum(1 for _ in stage.sky.edge.workers.data_points())
            assert points >= 5 * len(topology.routing.public), "requests were not written down"
            said.append(f"{points} data points")
        step.result = ", ".join([f"{len(records)} records", *said])


def stand(stage: Stage) -> None:
    """Say how to look into it, and wait for Ctrl-C; then the drills go on."""
    say = stage.printer.print_line
    for machine in stage.sky.running.values():
        say(f"{machine.name}: {machine.plug.private}, {machine.plug.public or 'not public'}")
        enter = f"nsenter --all --target {machine.machine.init()}"
        say(f"  enter it: {enter}; its journal: {enter} journalctl")
        say(f"  its rules: ip netns exec {machine.cable.cloud} nft list table ip sky")
    say(f"the operator, for curl and trunkline: {stage.operator.shell()}")
    say(f"Cloudflare's API: curl -H 'Authorization: Bearer x' https://{API}/client/v4/zones")
    say("Ctrl-C goes on with the drills, and takes everything down")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


def take_down(stage: Stage, topology: Topology) -> None:
    """Destroy all stacks; a zone that one of them has made is asked about by itself."""
    with stage.printer.step("destroy everything") as step:
        stage.destroy(confirm=topology.name if makes_zone(topology) else "")
        left = stage.sky.world.left()
        assert left == [], f"not destroyed: {', '.join(left)}"
        assert not stage.sky.running, f"still running: {', '.join(stage.sky.running)}"
        step.result = "no resource and no machine is left"
    unknown = stage.sky.without_effect()
    assert not unknown, f"types that the sky does not know: {', '.join(sorted(unknown))}"
    stage.report.add("remembered only", ", ".join(sorted(stage.sky.remembered())) or "nothing")


def makes_zone(topology: Topology) -> bool:
    """Whether routing makes the zone, in which all other stacks put their names."""
    return isinstance(topology.ingress, Cloudflare) and topology.ingress.create_zone
