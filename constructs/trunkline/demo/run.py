"""The demo: everything up, zones measured and chosen, routes asked, an edge killed, some load, and
everything down again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field

from trunkline.addresses.base import edge_name
from trunkline.addresses.names import origin_url, public_url
from trunkline.bench import load
from trunkline.demo import survey
from trunkline.demo.memory import Memory
from trunkline.demo.report import Report
from trunkline.demo.requests import Answer, RouteError, ask
from trunkline.deploy.progress import Progress
from trunkline.deploy.workspace import DEMO, KEPT, Workspace
from trunkline.documents.write import write_whole
from trunkline.errors import ConfigurationError
from trunkline.local.status import kill_machine, machines, start_machines
from trunkline.model import Route, Topology, zone_name
from trunkline.terraform.run import find_terraform
from trunkline.terraform.signals import defer_signals
from trunkline.topology import load as load_topology

# What the demo promises: seconds until all is healthy, seconds in all, MB in all.
UP_SECONDS, ALL_SECONDS, MOST_MB = 5, 60, 600
RETURN_SECONDS = 15


@define
class Demo:
    """One run over the topology in `file`, in a workspace of its own."""

    file: Path
    workspace: Workspace
    progress: Progress = field(factory=Progress)
    report: Report = field(factory=Report)

    def run(self) -> Report:
        """Go the whole way; whatever happens on it, everything is down again at the end."""
        topology = load_topology(self.file)
        find_terraform()
        memory = Memory(self.workspace.machines)
        with self.workspace.alone():
            self._clear()
            with memory.watched(), self._taken_down():
                self._bring_up(topology)
                if survey.is_possible(topology):
                    topology = self._place(topology)
                self._ask_routes(topology)
                self._fail_over(topology)
                self._load(topology)
            self._conclude(memory.peak_mb)
        return self.report

    def _clear(self) -> None:
        if self.workspace.use == KEPT:
            raise ConfigurationError(
                f"{self.workspace.folder} is up (trunkline local up): take it down first with "
                "trunkline local down, or choose another --folder"
            )
        if self.workspace.use == DEMO:
            with self.progress.step("clear away what an earlier demo left"):
                self.workspace.down()

    @contextmanager
    def _taken_down(self) -> Iterator[None]:
        try:
            yield
        finally:
            with (
                defer_signals(self.progress.say),
                self.progress.step("take everything down") as step,
            ):
                problem = self.workspace.down()
                step.result = problem or "no process, port or file of it is left"

    def _bring_up(self, topology: Topology) -> None:
        with self.progress.step(f"synthesize {self.file}") as step:
            count = self.workspace.synthesize(self.file, DEMO)
            step.result = f"{count} stacks"
        with self.progress.step("apply them, until all is healthy") as step:
            self.workspace.up(step.update)
            up = machines(self.workspace.machines)
            processes = sum(len(machine.processes) for machine in up)
            step.result = f"{len(up)} machines with {processes} processes"
        self.report.add(
            "start-up to all healthy", f"{step.seconds:.1f} s", step.seconds, UP_SECONDS, "s"
        )

    def _place(self, topology: Topology) -> Topology:
        """Measure, choose, and move the edges there; the topology with the chosen zones."""
        with self.progress.step("measure every pair of zones") as step:
            measured = survey.measure(topology, self.workspace, step)
            step.result = survey.summary(measured)
        places = survey.places(measured)
        self.progress.say(f"         map the zones: {places}")
        choice = survey.choose(topology, measured)
        self.progress.say(f"         choose the zones: {choice}")
        self.report.add("pairs of zones measured", f"{step.result} ({step.seconds:.1f} s)")
        self.report.add("places", places)
        self.report.add("chosen zones", str(choice))
        file = survey.place(self.file, choice, self.workspace)
        with self.progress.step("take the probes down, move the edges") as step:
            self.workspace.take_down("probes-*")
            self.workspace.synthesize(file, DEMO)
            self.workspace.up(step.update, "edge-*", "routing")
        self.report.written += [
            str(survey.measurement_file(topology, self.workspace)),
            str(survey.heatmap_file(topology, self.workspace)),
            str(file),
        ]
        return load_topology(file)

    def _ask_routes(self, topology: Topology) -> None:
        for route in topology.routing.routes:
            with self.progress.step(f"ask {public_url(topology)}{route.prefix}") as step:
                answer = ask(f"{public_url(topology)}{route.prefix}")
                _expect(answer, route, topology, route.site)
                step.result = f"{answer.place} answers in {answer.milliseconds:.1f} ms"
            self.report.add(route.prefix, f"answered by {answer.place}")

    def _fail_over(self, topology: Topology) -> None:
        route = next((route for route in topology.routing.routes if route.failover), None)
        if route is None:
            return
        url = f"{public_url(topology)}{route.prefix}"
        machine = edge_name(topology.name, route.site)
        with self.progress.step(f"kill the edge of {route.site}") as step:
            kill_machine(machine, self.workspace.machines)
            answer = ask(url)
            _expect(answer, route, topology, route.failover[0])
            step.result = f"{answer.place} answers instead, in {answer.milliseconds:.1f} ms"
        self.report.add(f"{route.prefix} without its edge", step.result)
        with self.progress.step("start it again") as step:
            start_machines([machine], self.workspace.machines)
            step.result = f"{_await_return(url, route.site).place} answers again"

    def _load(self, topology: Topology) -> None:
        route = topology.routing.routes[0]
        places = {
            "ingress": public_url(topology),
            f"edge of {route.site}": origin_url(topology, route.site),
        }
        for name, run in load.tools().items():
            for place, url in places.items():
                with self.progress.step(f"{name}: the {place}") as step:
                    step.result = _outcome(run, url + route.prefix)
                self.report.add(f"{name}: the {place}", step.result)

    def _conclude(self, peak_mb: float) -> None:
        seconds = self.progress.elapsed
        self.report.add("memory at its peak", f"{peak_mb:.0f} MB", peak_mb, MOST_MB, "MB")
        self.report.add("all of it", f"{seconds:.1f} s", seconds, ALL_SECONDS, "s")
        path = self.workspace.folder / "demo.json"
        self.report.written.append(str(path))
        write_whole(path, (json.dumps(self.report.as_dict(), indent=2) + "\n").encode())


def _outcome(run: Callable[[str], load.Load], url: str) -> str:
    try:
        return str(run(url))
    except load.LoadError as error:
        return str(error)  # a figure less, and no reason to end the journey


def _expect(answer: Answer, route: Route, topology: Topology, site: str) -> None:
    """RouteError unless the answer comes from the chosen zone of `site`.

    A service of the user's own says neither where it stands nor 200 to every path.
    """
    chosen = topology.site(site)
    if chosen.upstream and answer.site == site:
        return
    expected = zone_name(site, chosen.zone)
    if answer.status != 200 or answer.place != expected:
        raise RouteError(
            f"{route.prefix} was answered with {answer.status} by {answer.place} in place of "
            f"{expected}; trunkline local logs says more"
        )


def _await_return(url: str, site: str) -> Answer:
    deadline = time.monotonic() + RETURN_SECONDS
    while (answer := ask(url)).site != site:
        if time.monotonic() > deadline:
            raise RouteError(f"{url} is not answered by {site} again after {RETURN_SECONDS} s")
        time.sleep(0.1)
    return answer
