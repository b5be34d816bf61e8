"""Carries out the plan of an edge one machine after another, as `rolling` divides it."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from trunkline.deploy.board import Board
from trunkline.deploy.replicas import ReplicaWaiter
from trunkline.deploy.rolling import Turn, check_shown, holding, turns
from trunkline.deploy.targets import StackTarget
from trunkline.model import Site
from trunkline.terraform.plan import StackPlan


@frozen
class Roller:
    """Replaces the machines of the edge of `site`, whose stack is `target`.

    - `plan`: plans the stack anew.
    - `apply`: carries out the plan that was made last.
    """

    target: StackTarget
    site: Site
    replicas: ReplicaWaiter
    board: Board
    plan: Callable[[], StackPlan]
    apply: Callable[[StackPlan], None]

    def roll(self, shown: StackPlan) -> None:
        """Do what was shown, and nothing else; each machine once the one before it serves."""
        found = turns(self.site, shown)
        for number, turn in enumerate(found, 1):
            self.board.note(self.target.name, f"replacing machines, {number} of {len(found)}")
            self.replicas.until_another(self.site, turn.leaving)
            plan = shown if len(found) == 1 else self._plan(shown, turn)
            before = self.replicas.serving(self.site)
            self.apply(plan)
            if turn.coming:
                self.board.update(self.target.name, "applied; waiting until the new machine serves")
                self.replicas.until_serving(self.site, turn.coming, before, self._say)

    def _plan(self, shown: StackPlan, turn: Turn) -> StackPlan:
        with holding(self.target.folder, turn.held):
            plan = self.plan()
        check_shown(shown, plan, turn.held)
        return plan

    def _say(self, text: str) -> None:
        self.board.note(self.target.name, text)
