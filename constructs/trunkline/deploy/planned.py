"""What planning several stacks has given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from trunkline.deploy.targets import StackTarget
from trunkline.deploy.tasks import Outcome
from trunkline.terraform.plan import StackPlan


@frozen
class Planned:
    """The plans of stacks, and what became of the planning.

    - `plans`: by the stack's name.
    - `later`: stacks that cannot be planned before others are there.
    - `outcome`: which were planned, and which could not be.
    """

    plans: Mapping[str, StackPlan]
    later: tuple[StackTarget, ...]
    outcome: Outcome


def is_there(names: Sequence[str], plans: Mapping[str, StackPlan]) -> bool:
    """Whether stacks that are to be there first were made before."""
    return all(plans[name].exists for name in names if name in plans)


def joined(one: Outcome, other: Outcome) -> Outcome:
    """Two outcomes as one."""
    return Outcome(
        (*one.done, *other.done),
        {**one.failed, **other.failed},
        (*one.not_begun, *other.not_begun),
        one.interrupted or other.interrupted,
    )
