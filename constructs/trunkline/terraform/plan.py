"""What a saved plan would do, read from `terraform show -json`.

The format: https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from trunkline.errors import TerraformError


class Action(StrEnum):
    """What becomes of a resource."""

    CREATE = "create"
    CHANGE = "change"
    REPLACE = "replace"
    DESTROY = "destroy"


_ACTIONS = {
    ("create",): Action.CREATE,
    ("update",): Action.CHANGE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("delete",): Action.DESTROY,
}


@frozen
class Change:
    """What becomes of one resource.

    - `seamless`: the new one comes before the old one goes.
    - `attributes`: those that get another value, or one that is not known yet.
    """

    address: str
    type: str
    action: Action
    seamless: bool = False
    attributes: frozenset[str] = frozenset()


@frozen
class StackPlan:
    """What would become of a stack.

    - `changes`: of its resources, in Terraform's order; what stays as it is has none.
    - `outputs`: whether the values that it hands out would change.
    - `unchanged`: the addresses of the resources that stay as they are.
    - `exists`: whether anything of it was made before.
    - `needs`: for each resource the ones that it names, by their addresses.
    """

    changes: tuple[Change, ...] = ()
    outputs: bool = False
    unchanged: tuple[str, ...] = ()
    exists: bool = False
    needs: Mapping[str, frozenset[str]] = field(factory=dict)

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.changes) or self.outputs

    @property
    def steps(self) -> int:
        """How many resources Terraform makes, changes and destroys; a replaced one counts twice."""
        return sum(2 if change.action is Action.REPLACE else 1 for change in self.changes)

    @property
    def destroys_all(self) -> bool:
        """Whether nothing of it would be left."""
        gone = all(change.action is Action.DESTROY for change in self.changes)
        return gone and bool(self.changes) and not self.unchanged

    def addresses(self, action: Action) -> list[str]:
        """The resources of which that becomes."""
        return [change.address for change in self.changes if change.action is action]


def read_plan(shown: str) -> StackPlan:
    """The plan in what `terraform show -json` printed; TerraformError where that is none."""
    try:
        plan = json.loads(shown)
        resources = [each for each in plan.get("resource_changes", ()) if _is_managed(each)]
        return StackPlan(
            changes=tuple(_change(each) for each in resources if _action(each)),
            outputs=any(each["actions"] != ["no-op"] for each in _outputs(plan)),
            unchanged=tuple(each["address"] for each in resources if not _action(each)),
            exists=any(each["change"].get("before") is not None for each in resources),
            needs=_needs(plan),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TerraformError(
            "terraform show printed a plan that cannot be read; is this version newer than those "
            "that trunkline knows?"
        ) from None


def _outputs(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(plan.get("output_changes", {}).values())


def _is_managed(resource: Mapping[str, Any]) -> bool:
    return bool(resource["mode"] == "managed")


def _actions(resource: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(resource["change"]["actions"])


def _action(resource: Mapping[str, Any]) -> Action | None:
    return _ACTIONS.get(_actions(resource))


def _change(resource: Mapping[str, Any]) -> Change:
    actions = _actions(resource)
    seamless = actions == ("create", "delete")
    attributes = _changed(resource["change"])
    return Change(resource["address"], resource["type"], _ACTIONS[actions], seamless, attributes)


def _changed(change: Mapping[str, Any]) -> frozenset[str]:
    """The attributes of which a change makes something else."""
    before, after = (change.get(when) or {} for when in ("before", "after"))
    unknown = change.get("after_unknown") or {}
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    return frozenset(names | {name for name, what in unknown.items() if what})


def _needs(plan: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    root = plan.get("configuration", {}).get("root_module", {})
    return {
        each["address"]: frozenset((*_references(each), *each.get("depends_on", ())))
        for each in root.get("resources", ())
    }


def _references(part: Any) -> Iterator[str]:
    """The resources that an expression names: `aws_instance.a` for `aws_instance.a[0].id`."""
    if isinstance(part, list):
        for each in part:
            yield from _references(each)
    elif isinstance(part, dict):
        for name, each in part.items():
            if name == "references":
                yield from (_address(reference) for reference in each)
            else:
                yield from _references(each)


def _address(reference: str) -> str:
    parts = reference.partition("[")[0].split(".")
    return ".".join(parts[: 3 if parts[0] == "data" else 2])
