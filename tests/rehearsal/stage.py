"""The stage of a rehearsal: the sky, the operator and the stacks that all steps work with."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from attrs import evolve
from doubles.machines import machine as booting
from doubles.machines import rootfs
from doubles.machines.scene import Scene
from doubles.machines.vendors import vendors
from doubles.services.packages import SigningKey
from doubles.services.trust import Authority

from rehearsal import distances, internet
from rehearsal.distances import Distances
from rehearsal.existing import add_existing, edge_machines
from rehearsal.names import public_names
from rehearsal.operator import Operator, operator
from rehearsal.sky import Sky, sky
from rehearsal.terraform import Stacks, environment
from trunkline.demo.report import Report
from trunkline.deploy.keys import Keys, keys_of
from trunkline.deploy.nodes import Nodes
from trunkline.deploy.progress import StepPrinter
from trunkline.model import SigningKeys, Topology
from trunkline.routing.load_balancer import LOAD_BALANCER
from trunkline.stacks.synthesize import synthesize
from trunkline.topology import load
from trunkline.topology.nodes import nodes_path

SERVED_WITHIN = 180.0  # seconds: the machines install Envoy and cloudflared first


@dataclass(frozen=True)
class Stage:
    """What a rehearsal works with; all that it writes lies in `folder`."""

    folder: Path
    signing_key: str  # the fingerprint of the key of all vendors
    sky: Sky
    operator: Operator
    stacks: Stacks
    apart: Distances
    printer: StepPrinter
    report: Report

    def synthesize(self, topology: Topology, name: str = "cdktf.out") -> Path:
        """The stacks of a topology; what it takes for granted is there from now on."""
        add_existing(self.sky.world, topology)
        self.sky.serve()
        output = self.folder / name
        synthesize(self._believing(topology), output)
        return output

    def _believing(self, topology: Topology) -> Topology:
        """The topology, with the key of this sky's vendors in place of the real ones'."""
        keys = SigningKeys(envoy=[self.signing_key], cloudflared=[self.signing_key])
        versions = evolve(topology.edge.versions, signing_keys=keys)
        return evolve(topology, edge=evolve(topology.edge, versions=versions))

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


def made_keys(source: Path, folder: Path) -> tuple[Path, Keys]:
    """The topology's file in a folder of its own, as a user has it after `trunkline keys`.

    What lies beside it (certificates) comes along, and the nodes of a backbone are there as well.
    """
    file = folder / "topology.yaml"
    shutil.copyfile(source, file)
    for beside in source.parent.glob("*.pem"):
        shutil.copy(beside, folder)
    topology, keys = load(file), Keys({})
    for key in keys_of(topology):
        keys = keys.having(key)
    if topology.backbone:
        today = datetime.now(UTC).date().isoformat()
        Nodes.of(topology).following(keys, today).write(nodes_path(file))
    return file, keys


@contextlib.contextmanager
def stage(
    topology: Topology, keys: Keys, folder: Path, printer: StepPrinter, report: Report
) -> Iterator[Stage]:
    """A sky and an operator for a topology, while the block runs."""
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
        scene = Scene(images, shown, Authority())
        net = stack.enter_context(internet.internet(apart, operators))
        (folder / "cloudflare").mkdir()
        made, addresses = stack.enter_context(sky(scene, net, folder / "cloudflare"))
        person = stack.enter_context(
            operator(
                net,
                operators[0].partition("/")[0],
                public_names(made.world),
                scene.authority,
                folder,
                keys,
            )
        )
        stacks = Stacks(folder, environment(folder, addresses), keys)
        yield Stage(folder, signing.fingerprint, made, person, stacks, apart, printer, report)
