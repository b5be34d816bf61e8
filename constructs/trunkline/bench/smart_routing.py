"""Turns Smart Routing on and off between the variants of a load test, by the routing stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from attrs import define, field

from trunkline.bench.drive import Variant
from trunkline.errors import TerraformError
from trunkline.model import SMART_ROUTING_VARIABLE
from trunkline.terraform.commands import Commands
from trunkline.terraform.plan import StackPlan, read_plan
from trunkline.terraform.signals import defer_signals

ON, OFF = "smart-routing-on", "smart-routing-off"
_VALUES = {ON: "on", OFF: "off"}
_SETTING = "cloudflare_argo_smart_routing"


@define
class SmartRoutingSwitch:
    """Applies the routing stack with Smart Routing as a variant has it, and waits a while.

    - `folder`: the stack's folder, applied as the topology says.
    - `scratch`: a folder for plans, which hold secrets: only this user may read it.
    - `settle_seconds`: how long Cloudflare is given to follow.
    - `say`: is told what is being done.
    """

    folder: Path
    scratch: Path
    commands: Commands
    settle_seconds: float
    say: Callable[[str], None]
    sleep: Callable[[float], None] = field(default=time.sleep)
    _value: str = field(default="", init=False)

    def check(self) -> None:
        """Raise TerraformError unless the stack is applied as the topology says."""
        if not (self.folder / "cdk.tf.json").exists():
            raise TerraformError(f"{self.folder} is not there: {_APPLY}")
        plan = self._plan()
        if plan or not plan.exists:
            raise TerraformError(f"{self.folder} is not applied as the topology says: {_APPLY}")

    def to(self, variant: Variant) -> None:
        """Have it as the variant has it; where it was set so last, nothing is planned again."""
        value = _VALUES[variant.name]
        if value == self._value:
            return
        self._value = value
        if self._change(f"-var={SMART_ROUTING_VARIABLE}={value}"):
            self.say(f"Smart Routing is {value}; waiting {self.settle_seconds:g} s")
            self.sleep(self.settle_seconds)

    def restore(self) -> None:
        """Have it as the topology says."""
        if self._change():
            self.say("Smart Routing is as the topology says again")

    def _change(self, *options: str) -> bool:
        """Carry out a plan that changes this one setting; whether there was anything to do."""
        with defer_signals():  # a half-applied stack would need its lock broken
            plan = self._plan(*options)
            others = [each.address for each in plan.changes if each.type != _SETTING]
            if others:
                raise TerraformError(
                    f"{self.folder} differs from what is applied in {', '.join(others)}: {_APPLY}"
                )
            if plan:
                self._run("apply", str(self._file))
            return bool(plan)

    def _plan(self, *options: str) -> StackPlan:
        self._run("plan", f"-out={self._file}", *options)
        shown = self.commands.read(self.folder, ["show", "-json", str(self._file)])
        return read_plan(shown.stdout)

    def _run(self, command: str, *options: str) -> None:
        said: list[str] = []
        arguments = [command, "-no-color", "-input=false", *options]
        if self.commands.run(self.folder, arguments, said.append):
            last = "\n".join(said[-12:])
            raise TerraformError(f"terraform {command} failed for {self.folder}:\n{last}")

    @property
    def _file(self) -> Path:
        return self.scratch / "routing.plan"


_APPLY = "run trunkline apply --only routing first"
