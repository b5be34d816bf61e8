"""Replaces the machines of an edge one after another, though one stack has all of them.

Terraform knows no order among them. So it plans the stack anew for each, with an override that
holds the others as they are, and carries that out once the plan is part of what was shown. That is
no `-target`: what depends on the machine, such as its address and its names, comes with it.

    https://developer.hashicorp.com/terraform/language/files/override
    https://developer.hashicorp.com/terraform/language/meta-arguments#lifecycle
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from trunkline.deploy.machines import is_machine, zone_of
from trunkline.errors import TerraformError
from trunkline.model import Site
from trunkline.terraform.plan import Action, Change, StackPlan

OVERRIDE = "held_override.tf.json"


@frozen
class Turn:
    """A turn: most often that of one machine.

    - `leaving`: the zones of the machines that go.
    - `coming`: those of the machines that are made.
    - `held`: the addresses of the machines whose turn is later.
    """

    leaving: tuple[str, ...]
    coming: tuple[str, ...]
    held: tuple[str, ...]


def turns(site: Site, plan: StackPlan) -> list[Turn]:
    """Machines that come or go for good first, then each one that is replaced."""
    by_action: dict[Action, list[str]] = {action: [] for action in Action}
    for change in plan.changes:
        if is_machine(site, change.address):
            by_action[change.action].append(change.address)
    gone, made, replaced = (
        by_action[action] for action in (Action.DESTROY, Action.CREATE, Action.REPLACE)
    )
    found = []
    if gone or made:
        found.append(Turn(_zones(site, gone), _zones(site, made), tuple(replaced)))
    for number, address in enumerate(replaced, 1):
        zones = _zones(site, [address])
        found.append(Turn(zones, zones, tuple(replaced[number:])))
    return found


@contextmanager
def holding(folder: Path, held: Collection[str]) -> Iterator[None]:
    """While the block runs, Terraform leaves these as they are, and what replaces them.

    A saved plan remembers what it was planned with, so that planning alone has to be in the block.
    """
    path = folder / OVERRIDE
    if held:
        path.write_text(json.dumps(_override(folder, held)), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def release(folder: Path) -> None:
    """Delete what an earlier run may have left, when it was ended by force."""
    (folder / OVERRIDE).unlink(missing_ok=True)


def check_shown(shown: StackPlan, turn: StackPlan, held: Collection[str]) -> None:
    """Raise TerraformError where a turn would do what was not shown, or what is to come later."""
    known = {change.address: change for change in shown.changes}
    others = [each for each in turn.changes if not _is_part(each, known.get(each.address), held)]
    if others:
        raise TerraformError(
            "something has changed since its plan was shown, so no further machine is replaced; "
            "run the command again, and read its new plan. It would now also "
            + ", ".join(f"{each.action} {each.address}" for each in others)
        )


def _is_part(change: Change, shown: Change | None, held: Collection[str]) -> bool:
    if shown is None or shown.action is not change.action or change.address in held:
        return False
    return change.action is not Action.CHANGE or change.attributes <= shown.attributes


def _zones(site: Site, addresses: Sequence[str]) -> tuple[str, ...]:
    return tuple(zone_of(site, address) for address in addresses)


def _override(folder: Path, held: Collection[str]) -> dict[str, Any]:
    """An override for the machines, and for what Terraform replaces them by."""
    resources = json.loads((folder / "cdk.tf.json").read_text("utf-8"))["resource"]
    override: dict[str, dict[str, Any]] = {}
    for address in held:
        kind, _, name = address.partition(".")
        triggers = resources[kind][name].get("lifecycle", {}).get("replace_triggered_by", [])
        for each in (address, *triggers):
            of_kind, _, of_name = each.partition(".")
            lifecycle = {"ignore_changes": "all"}
            override.setdefault(of_kind, {})[of_name] = {"lifecycle": lifecycle}
    return {"resource": override}
