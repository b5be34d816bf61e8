"""The stage of a rehearsal: the sky, the operator and the stacks that all steps work with."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doubles.machines import machine as booting
from doubles.machines import rootfs
from doubles.machines.scene import Scene
from doubles.machines.vendors import vendors
from doubles.services.packages import SigningKey
from doubles.services.trust import Authority
from ruamel.yaml import YAML

from rehearsal import distances, internet
from rehearsal.distances import Distances
from rehearsal.existing import add_existing, edge_machines
from rehearsal.names import public_names
from rehearsal.operator import Operator, operator
from rehearsal.sky import Sky, sky
from rehearsal.terraform import Stacks, environment, variables
from trunkline.cli.keys import FILE as KEYS_FILE
from trunkline.demo.report import Report
from trunkline.deploy.progress import StepPrinter
from trunkline.model import Topology
from trunkline.routing.load_balancer import LOAD_BALANCER
from trunkline.stacks.specs import stack_specs
from trunkline.stacks.synthesize import synthesize
from trunkline.topology import load

OUTPUT = "cdktf.out"
SERVED_WITHIN = 180.0  # seconds: the machines install Envoy and cloudflared first


@dataclass(frozen=True)
class Stage:
    """What a rehearsal works with; all that it writes lies in `folder`."""

    folder: Path
    file: Path  # the topology's
    sky: Sky
    operator: Operator
    stacks: Stacks
    apart: Distances
    printer: StepPrinter
    report: Report

    def synthesize(self, topology: Topology, name: str = OUTPUT) -> Path:
        """The stacks of a topology; what it takes for granted is there from now on."""
        self._prepare(topology)
        output = self.folder / name
        synthesize(topology, output)
        return output

    def apply(self, *only: str) -> Topology:
        """Run `trunkline apply` for the topology's file, or for some of its stacks."""
        return self._deploy("apply", *only)

    def destroy(self, *only: str, confirm: str = "") -> Topology:
        """Run `trunkline destroy`; `confirm` is the topology's name, where more than it goes."""
        options = ("--confirm", confirm) if confirm else ()
        return self._deploy("destroy", *only, options=options)

    def _deploy(self, command: str, *only: str, options: Sequence[str] = ()) -> Topology:
        topology = load(self.file)
        self._prepare(topology)
        names = (each.name for each in stack_specs(topology))
        self.stacks.keep_states(self.folder / OUTPUT, names)
        chosen = ("--only", ",".join(only)) if only else ()
        self.operator.trunkline(command, self.file.name, "--yes", *chosen, *options)
        return topology

    def _prepare(self, topology: Topology) -> None:
        add_existing(self.sky.world, topology)
        self.sky.serve()

    def wait_for(self, url: str, site: str, within: float = SERVED_WITHIN) -> float:
        """Until a site answers a URL; returns the seconds."""
        began = time.monotonic()
        answer = self.operator.get(url)
        while (answer.status, answer.site) != (200, site):
            if time.monotonic() - began > within:
                raise AssertionError(
                    f"{url} is not served by {site} within {within:.0f} s; the last answer: "
                    f"{answer.status} {answer.site} {answer.body[:500]}"
                )
            time.sleep(0.25)
            answer = self.operator.get(url)
        return time.monotonic() - began

    def wait_until(self, true: Callable[[], bool], what: str) -> None:
        """Until something is so."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < SERVED_WITHIN, f"not within {SERVED_WITHIN} s: {what}"
            time.sleep(0.25)

    def apply_edge(self, topology: Topology, site: str) -> None:
        """Apply the edge of a site, and what has to know its tunnel, which may be another one."""
        output = self.synthesize(topology)
        self.stacks.apply(output, f"edge-{site}")
        self.follow_tunnels(topology, output)

    def follow_tunnels(self, topology: Topology, output: Path) -> None:
        """Apply routing again where it names the tunnels themselves."""
        if self.balances(topology):
            self.stacks.apply(output, "routing")

    def balances(self, topology: Topology) -> bool:
        """Whether Cloudflare's load balancer routes, which repeats no request."""
        return topology.routing.strategy == LOAD_BALANCER.name

    def edge(self, topology: Topology, site: str) -> str:
        """The name of the edge's machine in the chosen zone of a site."""
        return edge_machines(topology, site)[topology.site(site).zone]

    def last_words(self) -> str:
        """What the machines' journals end with."""
        parts = []
        for machine in self.sky.running.values():
            with contextlib.suppress(Exception):
                parts.append(f"== {machine.name}\n{machine.machine.journal()[-1500:]}")
        return "\n".join(parts)


def copied(source: Path, folder: Path) -> Path:
    """The topology's file in a folder of its own, with the certificates that lie beside it."""
    file = folder / "topology.yaml"
    shutil.copyfile(source, file)
    for beside in source.parent.glob("*.pem"):
        shutil.copy(beside, folder)
    return file


def edited(file: Path, edit: Callable[[Any], None]) -> None:
    """Write a topology's file anew, as its user does, once `edit` has changed its data."""
    yaml = YAML()
    data = yaml.load(file.read_text())
    edit(data)
    with file.open("w") as stream:
        yaml.dump(data, stream)


def _trust(file: Path, fingerprint: str) -> None:
    """Name the key of this sky's vendors in place of the real ones'."""

    def edit(data: Any) -> None:
        keys = {"envoy": [fingerprint], "cloudflared": [fingerprint]}
        versions = data.setdefault("edge", {}).setdefault("versions", {})
        versions["signing_keys"] = keys

    edited(file, edit)


@contextlib.contextmanager
def stage(file: Path, folder: Path, printer: StepPrinter, report: Report) -> Iterator[Stage]:
    """A sky and an operator for a topology's file, while the block runs."""
    topology = load(file)
    operators = list(topology.probes.operators if topology.probes else ()) or ["203.0.113.7/32"]
    apart = distances.load()
    booting.sweep()
    internet.sweep()
    with contextlib.ExitStack() as stack:
        with printer.step("prepare the images of the machines"):
            images = rootfs.images()
            signing = stack.enter_context(
                contextlib.closing(SigningKey(folder / "gpg", "trunkline rehearsal"))
            )
            (folder / "vendors").mkdir()
            shown = vendors(images, folder / "vendors", signing)
        _trust(file, signing.fingerprint)
        scene = Scene(images, shown, Authority())
        net = stack.enter_context(internet.internet(apart, operators))
        (folder / "cloudflare").mkdir()
        made, addresses = stack.enter_context(sky(scene, net, folder / "cloudflare"))
        env = environment(folder, addresses)
        person = stack.enter_context(
            operator(
                net,
                operators[0].partition("/")[0],
                public_names(made.world),
                scene.authority,
                folder,
                variables(folder, env),
            )
        )
        stacks = Stacks(folder, env, folder / KEYS_FILE)
        yield Stage(folder, file, made, person, stacks, apart, printer, report)
