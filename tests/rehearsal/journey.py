"""What a user does with a topology, from validate to destroy, in the sky."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from doubles.machines import machine as booting
from doubles.machines import rootfs
from doubles.machines.scene import Scene
from doubles.machines.vendors import vendors
from doubles.services.packages import SigningKey
from doubles.services.trust import Authority
from ruamel.yaml import YAML

from rehearsal import distances, internet
from rehearsal.distances import Distances
from rehearsal.drills import DRILLS
from rehearsal.existing import add_existing
from rehearsal.names import address_of
from rehearsal.operator import Operator, operator
from rehearsal.sky import Sky, sky
from rehearsal.terraform import Stacks, environment
from trunkline.addresses.base import edge_name
from trunkline.addresses.names import route_url
from trunkline.demo.report import Report
from trunkline.deploy.progress import StepPrinter
from trunkline.measurements import Pair
from trunkline.measurements import load as load_measurements
from trunkline.model import Cloudflare, Site, Topology, zone_name
from trunkline.probing.key import generate_key
from trunkline.stacks.synthesize import synthesize
from trunkline.topology import load

ALL_SECONDS, SERVING_SECONDS = 360.0, 60.0
SERVED_WITHIN = 180.0  # seconds: the machines install Envoy and cloudflared first


@dataclass
class Journey:
    """One rehearsal of a topology's file in a folder that is its own."""

    file: Path
    folder: Path
    keep: bool = False
    printer: StepPrinter = field(default_factory=StepPrinter)
    report: Report = field(default_factory=Report)

    def run(self) -> Report:
        """All steps; everything is gone afterwards, also after an error."""
        began = time.monotonic()
        topology = load(self.file)
        key = generate_key()
        with self.stage(topology, key) as stage:
            if topology.probes:
                topology = stage.place(topology)
            names = stage.bring_up(topology)
            stage.request_routes(topology)
            if self.keep:
                stage.stand()
            for drill in DRILLS:
                drill(stage, topology)
            stage.take_down(topology, names)
        self._conclude(time.monotonic() - began)
        return self.report

    @contextlib.contextmanager
    def stage(self, topology: Topology, key: str) -> Iterator[Stage]:
        """The sky and the operator, while the block runs."""
        operators = list(topology.probes.operators if topology.probes else ()) or ["203.0.113.7/32"]
        apart = distances.load()
        booting.sweep()
        internet.sweep()
        with contextlib.ExitStack() as stack:
            with self.printer.step("prepare the images of the machines"):
                images = rootfs.images()
                signing = stack.enter_context(
                    contextlib.closing(SigningKey(self.folder / "gpg", "trunkline rehearsal"))
                )
                (self.folder / "vendors").mkdir()
                shown = vendors(images, self.folder / "vendors", signing)
            scene = Scene(images, shown, Authority())
            net = stack.enter_context(internet.internet(apart, operators))
            (self.folder / "cloudflare").mkdir()
            made, addresses = stack.enter_context(sky(scene, net, self.folder / "cloudflare"))
            add_existing(made.world, topology)
            person = stack.enter_context(
                operator(
                    net,
                    operators[0].partition("/")[0],
                    lambda name: address_of(made.world, name),
                    scene.authority,
                    self.folder,
                    key,
                )
            )
            stacks = Stacks(self.folder, environment(self.folder, addresses, key))
            yield Stage(self, made, person, stacks, apart)

    def _conclude(self, seconds: float) -> None:
        self.report.add("all of it", f"{seconds:.0f} s", seconds, ALL_SECONDS, "s")


@dataclass
class Stage:
    """The journey on its stage: what the steps and the drills work with."""

    journey: Journey
    sky: Sky
    operator: Operator
    stacks: Stacks
    apart: Distances

    @property
    def printer(self) -> StepPrinter:
        return self.journey.printer

    @property
    def report(self) -> Report:
        return self.journey.report

    def synthesize(self, topology: Topology) -> Path:
        output = self.journey.folder / "cdktf.out"
        synthesize(topology, output)
        return output

    # --- probes

    def place(self, topology: Topology) -> Topology:
        """Measure all zones, choose the nearest, and take the probes away again."""
        file = self.journey.folder / "topology.yaml"
        shutil.copyfile(self.journey.file, file)
        if makes_zone(topology):
            with self.printer.step("apply routing, which makes the zone"):
                self.stacks.apply(self.synthesize(topology), "routing")
        batches, seconds = topology.probe_batches, 0.0
        for batch in range(1, batches + 1):
            if batches > 1:
                _set_batch(file, batch)
            names, spent = self._measure(file, f" of batch {batch}" if batches > 1 else "")
            seconds += spent
        measured = load_measurements(self.journey.folder / "measured.json")
        assert measured.complete, "some pairs are missing"
        worst = self._worst(topology, measured.pairs)
        figure = f"{len(measured.pairs)} ({seconds:.0f} s)"
        self.report.add(
            "pairs of zones measured", figure if batches == 1 else f"{figure}, {batches} batches"
        )
        self.report.add(
            "worst median, in parts of 0.5 ms + 3 %", f"{worst:.2f}", worst, 1.0, "of it"
        )
        with self.printer.step("place the edges") as step:
            self.operator.trunkline("place", "measured.json", "--topology", str(file), "--write")
            placed = load(file)
            chosen = {site.name: site.zone for site in placed.sites}
            step.result = ", ".join(f"{site} {zone}" for site, zone in chosen.items())
            best = self._nearest(topology)
            assert self._total(topology, list(chosen.values())) == self._total(topology, best), (
                f"the nearest zones are {', '.join(best)}"
            )
        self.report.add("placed", f"{step.result}: the exact optimum of the matrix")
        with self.printer.step("destroy the probes"):
            self.stacks.destroy(names)
        return placed

    def _measure(self, file: Path, which: str) -> tuple[list[str], float]:
        """Apply the probes of a file and collect; the stacks, and the seconds of collecting."""
        with self.printer.step(f"apply the probes{which}") as step:
            names = self.stacks.apply(self.synthesize(load(file)), "probes-*")
            step.result = f"{len(self.sky.running)} machines"
        with self.printer.step("collect what they measure") as step:
            self.operator.trunkline("collect", str(file), "--output", "measured.json")
            measured = load_measurements(self.journey.folder / "measured.json")
            step.result = f"{len(measured.pairs)} directed pairs"
        return names, step.seconds

    def _worst(self, topology: Topology, pairs: Sequence[Pair]) -> float:
        """How far the worst median is from the matrix, in parts of 0.5 ms and 3 % of it.

        The same measure as in `make bench`: the hub itself takes a tenth of a millisecond.
        """
        places = {
            zone_name(site.name, zone): place_of(site, zone)
            for site in topology.sites
            for zone in site.zones
        }
        off = []
        for pair in pairs:
            wanted = self.apart.milliseconds(places[pair.from_zone], places[pair.to_zone])
            found = (pair.round_trip_us.median or 0) / 1000
            off.append(abs(found - wanted) / (0.5 + 0.03 * wanted))
        return max(off, default=0.0)

    def _nearest(self, topology: Topology) -> Sequence[str]:
        """The optimum of the matrix, by trying every choice: the zone of each site."""
        choices = itertools.product(*(site.zones for site in topology.sites))
        return min(choices, key=lambda zones: self._total(topology, zones))

    def _total(self, topology: Topology, zones: Sequence[str]) -> float:
        places = [place_of(*each) for each in zip(topology.sites, zones, strict=True)]
        return sum(itertools.starmap(self.apart.milliseconds, itertools.combinations(places, 2)))

    # --- edges and routing

    def bring_up(self, topology: Topology) -> list[str]:
        """Apply everything but the probes, and wait until every route is served."""
        began = time.monotonic()
        output = self.synthesize(topology)
        names = []
        with self.printer.step("apply zones, edges and routing") as step:
            for pattern in order(topology):
                names += self.stacks.apply(output, pattern)
            step.result = f"{len(names)} stacks"
        with self.printer.step("wait until every route is served by its site"):
            for route in topology.routing.routes:
                self.wait_for(route_url(topology, route), route.site)
        seconds = time.monotonic() - began
        self.report.add("apply to serving", f"{seconds:.0f} s", seconds, SERVING_SECONDS, "s")
        return names

    def wait_for(self, url: str, site: str, within: float = SERVED_WITHIN) -> float:
        """Until a site answers a URL; returns the seconds."""
        began = time.monotonic()
        answer = self.operator.get(url)
        while (answer.status, answer.site) != (200, site):
            if time.monotonic() - began > within:
                raise AssertionError(
                    f"{url} is not served by {site} within {within:.0f} s; the last answer: "
                    f"{answer.status} {answer.site} {answer.body[:500]}\n{self.last_words()}"
                )
            time.sleep(0.25)
            answer = self.operator.get(url)
        return time.monotonic() - began

    def request_routes(self, topology: Topology) -> None:
        for route in topology.routing.routes:
            url = route_url(topology, route)
            with self.printer.step(f"request {url}") as step:
                answers = [self.operator.get(url) for _ in range(5)]
                others = {each.site for each in answers} - {route.site}
                assert not others, f"{', '.join(others)} answers in place of {route.site}"
                middle = statistics.median(each.seconds for each in answers)
                step.result = f"{route.site} answers in {middle * 1000:.1f} ms"
            self.report.add(route.prefix, step.result)

    def stand(self) -> None:
        """Say how to look into it, and wait for Ctrl-C; then the drills go on."""
        say = self.printer.print_line
        for machine in self.sky.running.values():
            say(f"{machine.name}: {machine.plug.private}, {machine.plug.public or 'not public'}")
            say(f"  enter it: nsenter --all --target {machine.machine.init()}")
            say(f"  its rules: ip netns exec {machine.cable.cloud} nft list table ip sky")
        say(f"the operator, for curl and trunkline: {self.operator.shell()}")
        say("Ctrl-C goes on with the drills, and takes everything down")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)

    def edge(self, topology: Topology, site: str) -> str:
        """The name of a site's edge machine."""
        return edge_name(topology.name, site)

    def last_words(self) -> str:
        """What the machines' journals end with."""
        parts = []
        for machine in self.sky.running.values():
            with contextlib.suppress(Exception):
                parts.append(f"== {machine.name}\n{machine.machine.journal()[-1500:]}")
        return "\n".join(parts)

    # --- the end

    def take_down(self, topology: Topology, names: list[str]) -> None:
        with self.printer.step("destroy everything") as step:
            for pattern in reversed(order(topology)):
                self.stacks.destroy([name for name in names if fnmatch(name, pattern)])
            left = self.sky.world.left()
            assert left == [], f"not destroyed: {', '.join(left)}"
            assert not self.sky.running, f"still running: {', '.join(self.sky.running)}"
            step.result = "no resource and no machine is left"
        unknown = self.sky.without_effect()
        assert not unknown, f"types that the sky does not know: {', '.join(sorted(unknown))}"
        self.report.add("remembered only", ", ".join(sorted(self.sky.remembered())) or "nothing")


def order(topology: Topology) -> tuple[str, ...]:
    """The stacks in the order of apply: a zone that routing makes comes before the others."""
    rest = ("zones-*", "edge-*")
    return ("routing", *rest) if makes_zone(topology) else (*rest, "routing")


def makes_zone(topology: Topology) -> bool:
    """Whether routing makes the zone, in which all other stacks put their names."""
    return isinstance(topology.ingress, Cloudflare) and topology.ingress.create_zone


def _set_batch(file: Path, number: int) -> None:
    """Write which probes stand now into a topology's file, as its user does."""
    yaml = YAML()
    data = yaml.load(file.read_text())
    data["probes"]["batch"] = number
    with file.open("w") as stream:
        yaml.dump(data, stream)


def place_of(site: Site, zone: str) -> str:
    """A zone as distances.yaml names it."""
    return f"{site.cloud} {site.region}-{zone}" if zone.isdigit() else f"{site.cloud} {zone}"
