"""Terraform over the stacks of a topology: initialize, plan, and carry out what was planned."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import Factory, define, field

from trunkline.addresses.names import addresses_of
from trunkline.clouds.facts import facts_of
from trunkline.deploy.board import Board
from trunkline.deploy.connectors import connectors_of
from trunkline.deploy.health import EdgeWaiter
from trunkline.deploy.order import (
    Order,
    changes_edge,
    interrupts_edge,
    order,
    reverse_order,
    rolls_edge,
)
from trunkline.deploy.planned import Planned, is_there, joined
from trunkline.deploy.replicas import ReplicaWaiter
from trunkline.deploy.roller import Roller
from trunkline.deploy.rolling import release
from trunkline.deploy.targets import StackTarget
from trunkline.deploy.tasks import Interrupts, Outcome, run_tasks
from trunkline.errors import TerraformError, TrunklineError
from trunkline.model import Site, Topology
from trunkline.stacks.specs import ROUTING
from trunkline.terraform.commands import Commands
from trunkline.terraform.plan import StackPlan, read_plan
from trunkline.terraform.plugins import (
    alone_with_plugins,
    cache_folder,
    first_ones,
    share_checksums,
)
from trunkline.terraform.refusals import Refusal, told
from trunkline.terraform.transcript import Transcript

LOGS = "logs"


@define
class Deployment:
    """Works on the stacks of `topology` that were synthesized to `output`.

    `scratch` is a folder for plans, which hold secrets: only this user may read it. `parallel` is
    how many stacks are worked on at once, and `waiter` knows when an edge is back.
    """

    topology: Topology
    output: Path
    scratch: Path
    commands: Commands
    waiter: EdgeWaiter
    parallel: int
    board: Board = field(factory=Board)
    _transcripts: dict[str, Transcript] = field(factory=dict)
    _replicas: ReplicaWaiter = field(
        default=Factory(
            lambda self: ReplicaWaiter(
                self.waiter, connectors_of(self.topology, self.commands.env)
            ),
            takes_self=True,
        )
    )
    _interrupts: Interrupts = field(
        default=Factory(lambda self: Interrupts(self.commands, self.say), takes_self=True)
    )

    def say(self, text: str) -> None:
        """Tell something about the whole run, and let nothing wait any longer."""
        self.waiter.stop.set()
        self.board.say(text)

    def initialize(self, targets: Sequence[StackTarget]) -> Outcome:
        """Fetch the providers, each once, and find the states."""
        folders = [target.folder for target in targets]
        with alone_with_plugins(folders, cache := cache_folder(self.commands.env)):
            first = [folder.name for folder in first_ones(folders, cache)]
            waits: Order = {name: set(first[:number]) for number, name in enumerate(first)}
            waits |= {folder.name: set(first) for folder in folders if folder.name not in first}
            return self._run(targets, waits, functools.partial(self._initialize, folders))

    def plan(self, targets: Sequence[StackTarget], *, destroy: bool = False) -> Planned:
        """Plan all that can be planned now."""
        plans: dict[str, StackPlan] = {}
        names = {target.name for target in targets}
        first = [each for each in targets if destroy or not names.intersection(each.after)]
        rest = [each for each in targets if each not in first]
        outcome = self._plan(first, plans, destroy=destroy)
        later = tuple(each for each in rest if not is_there(each.after, plans))
        now = [each for each in rest if each not in later]
        if outcome.complete and now:
            outcome = joined(outcome, self._plan(now, plans, destroy=False))
        return Planned(plans, later, outcome)

    def carry_out(
        self,
        targets: Sequence[StackTarget],
        plans: Mapping[str, StackPlan],
        *,
        destroy: bool = False,
    ) -> Outcome:
        """Do what was planned, in order, and side by side where there is none."""
        waits = (reverse_order if destroy else order)(targets, plans)
        followed = set().union(*waits.values())
        apply = functools.partial(self._apply, plans, followed)
        return self._run(targets, waits, apply)

    def outputs_of_routing(self, outcome: Outcome) -> str:
        """Where requests go from now on, in Terraform's words; empty unless that was applied."""
        if ROUTING not in outcome.done:
            return ""
        folder = self.output / "stacks" / ROUTING
        return self.commands.read(folder, ["output", "-no-color"]).stdout

    def forget_stale(self, targets: Sequence[StackTarget]) -> None:
        """Delete the folders of those that are no longer in the topology, once they are gone."""
        for target in targets:
            if target.spec is None:
                shutil.rmtree(target.folder, ignore_errors=True)

    def log(self, name: str) -> Path:
        """The file with all that Terraform has said of a stack in this run."""
        return self.output / LOGS / f"{name}.log"

    def close(self) -> None:
        """Nothing more is said."""
        for transcript in self._transcripts.values():
            transcript.close()

    def _run(
        self, targets: Sequence[StackTarget], waits: Order, work: Callable[[StackTarget], None]
    ) -> Outcome:
        by_name = {target.name: target for target in targets}

        def guarded(name: str) -> None:
            try:
                work(by_name[name])
            except TrunklineError:
                self.board.end(name, "failed", well=False)
                raise

        with self.board.showing(list(waits)):
            return run_tasks(waits, guarded, self._interrupts, self.parallel)

    def _plan(
        self, targets: Sequence[StackTarget], plans: dict[str, StackPlan], *, destroy: bool
    ) -> Outcome:
        def work(target: StackTarget) -> None:
            self.board.begin(target.name, "planning")
            release(target.folder)
            options = ["-destroy"] if destroy else []
            plans[target.name] = self._plan_stack(target, *options)
            self.board.end(target.name, "planned")

        return self._run(targets, {target.name: set() for target in targets}, work)

    def _plan_stack(self, target: StackTarget, *options: str) -> StackPlan:
        """Plan one into its file."""
        self._terraform(target, "plan", "-json", f"-out={self._file(target)}", *options)
        shown = self.commands.read(target.folder, ["show", "-json", self._file(target)])
        if shown.returncode:
            raise TerraformError(f"its plan cannot be shown: {shown.stderr.strip()}")
        return read_plan(shown.stdout)

    def _initialize(self, folders: Sequence[Path], target: StackTarget) -> None:
        self.board.begin(target.name, "initializing")
        share_checksums(target.folder, folders)
        self._terraform(target, "init", "-no-color")
        self.board.end(target.name, "initialized")

    def _apply(
        self, plans: Mapping[str, StackPlan], followed: set[str], target: StackTarget
    ) -> None:
        name, plan = target.name, plans[target.name]
        text = f"applying, 0 of {plan.steps}" if plan.steps else "applying"
        self.board.begin(name, text, line=True)
        site = _edge_of(target)
        if site and interrupts_edge(target, plan):
            self.waiter.until_covered(site)
        if site and rolls_edge(target, plan):
            again = functools.partial(self._plan_stack, target)
            apply = functools.partial(self._apply_plan, target)
            Roller(target, site, self._replicas, self.board, again, apply).roll(plan)
        else:
            self._apply_plan(target, plan)
        if name in followed:
            self._await(target, plan)
        self.board.end(name, "applied")

    def _apply_plan(self, target: StackTarget, plan: StackPlan) -> None:
        """Carry out the plan that lies in the target's file."""
        transcript = self._transcript(target)
        transcript.done = 0
        transcript.changed = lambda done: self.board.update(
            target.name, f"applying, {done} of {plan.steps}"
        )
        self._terraform(target, "apply", "-json", self._file(target))

    def _await(self, target: StackTarget, plan: StackPlan) -> None:
        """Let what follows find the edge as it is to be."""
        if (site := _edge_of(target)) is None:
            return
        if interrupts_edge(target, plan) or not plan.exists:
            self.board.update(target.name, "applied; waiting until the edge answers")
            self.waiter.until_up(site)
        elif changes_edge(target, plan):
            self.board.update(target.name, "applied; waiting until the edge has taken it")
            self.waiter.until_changed(site)

    def _terraform(self, target: StackTarget, command: str, *options: str) -> None:
        transcript = self._transcript(target)
        arguments = [command, "-input=false", *options]
        transcript.begin(" ".join(arguments))
        if not self.commands.run(target.folder, arguments, transcript.hear):
            return
        if self.commands.stopping:
            raise TerraformError("interrupted; what it had made by then is in its state")
        stack, program = str(target.folder), Path(self.commands.program).name
        raise TerraformError(told(transcript.trouble(), stack, self._known(target), program))

    def _known(self, target: StackTarget) -> Sequence[Refusal]:
        """What the providers of a stack may refuse."""
        sites = target.spec.sites(self.topology) if target.spec else ()
        of_clouds = [each for site in sites for each in facts_of(site.cloud).refusals]
        return (*of_clouds, *addresses_of(self.topology).refusals)

    def _transcript(self, target: StackTarget) -> Transcript:
        if target.name not in self._transcripts:
            self._transcripts[target.name] = Transcript(self.log(target.name))
        return self._transcripts[target.name]

    def _file(self, target: StackTarget) -> str:
        return str(self.scratch / f"{target.name}.plan")


def _edge_of(target: StackTarget) -> Site | None:
    """The site whose edge the stack makes."""
    return target.spec.site if target.spec and target.spec.kind == "edge" else None
