"""Runs the demo: brings everything up, measures and chooses zones, requests the routes, kills an
edge, changes a route and takes an edge down under requests, runs a load test, and takes everything
down again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field

from trunkline.addresses.base import edge_name
from trunkline.addresses.local_services import service_request
from trunkline.addresses.names import origin_url, public_url, route_url
from trunkline.bench import load
from trunkline.demo import services, survey
from trunkline.demo.change import MARK, write_changed
from trunkline.demo.memory import Memory
from trunkline.demo.report import Report
from trunkline.demo.requests import RouteError, RouteResponse, get
from trunkline.demo.traffic import Traffic
from trunkline.deploy.progress import StepPrinter
from trunkline.deploy.workspace import DEMO, KEPT, Workspace, refuse_clouds
from trunkline.documents.write import write_whole
from trunkline.errors import ConfigurationError
from trunkline.local.status import kill_machine, machines, start_machines
from trunkline.model import Route, Topology, zone_name
from trunkline.terraform.signals import defer_signals
from trunkline.topology import load as load_topology

# The targets: seconds until all is healthy, seconds in all, MB in all.
UP_SECONDS, ALL_SECONDS, MOST_MB = 5, 60, 600
RETURN_SECONDS = 15


@define
class Demo:
    """One run with the topology in `file`, in a workspace of its own."""

    file: Path
    workspace: Workspace
    printer: StepPrinter = field(factory=StepPrinter)
    report: Report = field(factory=Report)
    _current: Path = field(init=False)  # the file of what is up

    @_current.default
    def _given(self) -> Path:
        return self.file

    def run(self) -> Report:
        """Run all steps; at the end everything is down again, also after an error."""
        topology = load_topology(self.file)
        refuse_clouds(topology)
        memory = Memory(self.workspace.machines)
        with self.workspace.alone():
            self._clear()
            self.workspace.preflight(topology)
            with memory.watched(), self._taken_down():
                self._bring_up(topology)
                if survey.is_possible(topology):
                    topology = self._place(topology)
                self._request_routes(topology)
                self._call_services(topology)
                self._fail_over(topology)
                self._change_route(topology)
                self._drain(topology)
                self._load(topology)
            self._write_report(topology)
            self._conclude(memory.peak_mb)
        return self.report

    def _clear(self) -> None:
        if self.workspace.use == KEPT:
            raise ConfigurationError(
                f"{self.workspace.folder} is up (trunkline local up): take it down first with "
                "trunkline local down, or choose another --folder"
            )
        if self.workspace.use == DEMO:
            with self.printer.step("clear away what an earlier demo left"):
                self.workspace.down()

    @contextmanager
    def _taken_down(self) -> Iterator[None]:
        try:
            yield
        finally:
            with (
                defer_signals(self.printer.print_line),
                self.printer.step("take everything down") as step,
            ):
                problem = self.workspace.down()
                step.result = problem or "no process, port or file of it is left"

    def _bring_up(self, topology: Topology) -> None:
        with self.printer.step(f"synthesize {self.file}") as step:
            count = self.workspace.synthesize(self.file, DEMO)
            step.result = f"{count} stacks"
        with self.printer.step("apply them, until all is healthy") as step:
            self.workspace.up(step.update)
            up = machines(self.workspace.machines)
            processes = sum(len(machine.processes) for machine in up)
            step.result = f"{len(up)} machines with {processes} processes"
        self.report.add(
            "start-up to all healthy", f"{step.seconds:.1f} s", step.seconds, UP_SECONDS, "s"
        )

    def _place(self, topology: Topology) -> Topology:
        """Measure, choose zones, and move the edges; returns the topology with the new zones."""
        with self.printer.step("measure every pair of zones") as step:
            measured = survey.measure(topology, self.workspace, step)
            step.result = survey.summary(measured)
        same = survey.same_zones(measured)
        self.printer.print_line(f"         identify the zones: {same}")
        change = survey.choose(topology, measured)
        self.printer.print_line(f"         choose the zones: {change}")
        self.report.add("pairs of zones measured", f"{step.result} ({step.seconds:.1f} s)")
        self.report.add("physical zones", same)
        self.report.add("chosen zones", str(change))
        file = survey.write_topology(self.file, change, self.workspace)
        with self.printer.step("take the probes down, move the edges") as step:
            self.workspace.take_down("probes-*")
            self.workspace.synthesize(file, DEMO)
            self.workspace.up(step.update, "edge-*", "routing")
        self._current = file
        placed = load_topology(file)
        self.report.written += [
            str(survey.measurement_file(topology, self.workspace)),
            str(survey.draw(placed, measured, self.workspace)),
            str(file),
        ]
        return placed

    def _request_routes(self, topology: Topology) -> None:
        for route in topology.routing.routes:
            with self.printer.step(f"request {route_url(topology, route)}") as step:
                response = get(route_url(topology, route))
                _expect(response, route, topology, route.site)
                step.result = f"{response.served_by} answers in {response.milliseconds:.1f} ms"
            self.report.add(route.prefix, f"answered by {response.served_by}")

    def _call_services(self, topology: Topology) -> None:
        """Ask for each service from a site that uses it, by the edges of both sites."""
        folder = self.workspace.machines
        for service in topology.services:
            if not service.reached_by_name:
                continue  # it is the user's own, and may answer anything
            site = service.sites[0]
            request = service_request(topology, service, site)
            path = f"{site} asks {request.url}"
            with self.printer.step(f"{path}, by the edges of {site} and {service.site}") as step:
                services.await_answer(request, folder, RETURN_SECONDS)
                step.result = str(services.ask(request, folder))
                if service.mode == "originate":
                    step.result += f"; {services.ask_for_events(request, folder)}"
            self.report.add(path, step.result)

    def _fail_over(self, topology: Topology) -> None:
        route = next((route for route in topology.routing.routes if route.failover), None)
        if route is None:
            return
        url = route_url(topology, route)
        machine = edge_name(topology.name, route.site)
        with self.printer.step(f"kill the edge of {route.site}") as step:
            kill_machine(machine, self.workspace.machines)
            response = get(url)
            _expect(response, route, topology, route.failover[0])
            took = f"{response.milliseconds:.1f} ms"
            step.result = f"{response.served_by} answers instead, in {took}"
        self.report.add(f"{route.prefix} without its edge", step.result)
        with self.printer.step("start it again") as step:
            start_machines([machine], self.workspace.machines)
            step.result = f"{_await_return(url, route.site).served_by} answers again"

    def _change_route(self, topology: Topology) -> None:
        """Change what the edges do with a route, while requests for it come."""
        route = topology.routing.routes[0]
        traffic = _traffic(topology, route, MARK)
        file = write_changed(self._current, route, self.workspace.folder / "changed.yaml")
        with self.printer.step(f"change the route {route.prefix}") as step:
            with traffic.running():
                self.workspace.synthesize(file, DEMO)
                began = time.monotonic()
                self.workspace.up(step.update, "edge-*")
                time.sleep(0.5)
            if traffic.marked is None:
                raise RouteError(f"{traffic.url} is answered as before; see trunkline local logs")
            served = f"the change was served {traffic.marked - began:.1f} s after the apply began"
            step.result = f"{traffic}, {served}"
        self.report.add(f"{route.prefix} changes", step.result)

    def _drain(self, topology: Topology) -> None:
        """Take an edge down and up again, while requests for its route come."""
        route = next((route for route in topology.routing.routes if route.failover), None)
        if route is None:
            return
        url, stack = route_url(topology, route), f"edge-{route.site}"
        traffic = _traffic(topology, route)
        with self.printer.step(f"take the edge of {route.site} down, drained") as step:
            with traffic.running():
                self.workspace.take_down(stack)
                response = get(url)
            _expect(response, route, topology, route.failover[0])
            step.result = f"{traffic}, {response.served_by} answers now"
        self.report.add(f"the edge of {route.site} goes", step.result)
        with self.printer.step("apply its stack again") as step:
            self.workspace.up(step.update, stack)
            step.result = f"{_await_return(url, route.site).served_by} answers again"

    def _load(self, topology: Topology) -> None:
        route = topology.routing.routes[0]
        targets = {
            "ingress": public_url(topology),
            f"edge of {route.site}": origin_url(topology, route.site),
        }
        for tool, run in load.tools().items():
            for target, url in targets.items():
                with self.printer.step(f"{tool}: the {target}") as step:
                    step.result = _outcome(run, url + route.prefix)
                self.report.add(f"{tool}: the {target}", step.result)

    def _write_report(self, topology: Topology) -> None:
        path = self.workspace.folder / "report.html"
        with self.printer.step("write the report") as step:
            size = survey.write_report(topology, self._current, self.workspace, path)
            step.result = f"{path}, {size / 1000:.0f} kB"
        self.report.written += [str(path), str(survey.pictures_folder(self.workspace))]

    def _conclude(self, peak_mb: float) -> None:
        seconds = self.printer.elapsed
        self.report.add("memory at its peak", f"{peak_mb:.0f} MB", peak_mb, MOST_MB, "MB")
        self.report.add("all of it", f"{seconds:.1f} s", seconds, ALL_SECONDS, "s")
        path = self.workspace.folder / "demo.json"
        self.report.written.append(str(path))
        write_whole(path, (json.dumps(self.report.as_dict(), indent=2) + "\n").encode())


def _traffic(topology: Topology, route: Route, mark: str = "") -> Traffic:
    """GETs for a route; POSTs as well where no service of the user's own would get them."""
    own = any(topology.site(site).services for site in route.sites)
    return Traffic(route_url(topology, route), ("GET",) if own else ("GET", "POST"), mark)


def _outcome(run: Callable[[str], load.Load], url: str) -> str:
    try:
        return str(run(url))
    except load.LoadError as error:
        return str(error)  # the demo goes on without this figure


def _expect(response: RouteResponse, route: Route, topology: Topology, site: str) -> None:
    """RouteError unless the response comes from the chosen zone of `site`.

    A service of the user's own does not name its zone, and may not return 200 for every path.
    """
    chosen = topology.site(site)
    if route.forwarding.upstream in chosen.services and response.site == site:
        return
    expected = zone_name(site, chosen.zone)
    if response.status != 200 or response.served_by != expected:
        raise RouteError(
            f"{route.prefix} was answered with {response.status} by {response.served_by} instead "
            f"of {expected}; see trunkline local logs"
        )


def _await_return(url: str, site: str) -> RouteResponse:
    deadline = time.monotonic() + RETURN_SECONDS
    while (response := get(url)).site != site:
        if time.monotonic() > deadline:
            raise RouteError(f"{url} is not answered by {site} again after {RETURN_SECONDS} s")
        time.sleep(0.1)
    return response
