"""The machines of a stack, and what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import frozen

from trunkline.clouds.facts import facts_of
from trunkline.model import Site
from trunkline.terraform.plan import Action, Change, StackPlan

GONE = (Action.REPLACE, Action.DESTROY)
_MACHINE = re.compile(r"[a-z]+_machine(?:-([a-z0-9-]+))?_[0-9A-F]{8}")


@frozen
class Machines:
    """The machines of a stack, by what becomes of them; `staying` is how many stay as they are.

    - `seamless`: each new one comes before the old one goes.
    - `rolling`: they can go one after another, so that another one is there meanwhile.
    """

    made: int
    replaced: int
    destroyed: int
    staying: int
    seamless: bool
    rolling: bool

    @property
    def go(self) -> int:
        """How many of those that are there go, for a while or for good."""
        return self.replaced + self.destroyed

    @property
    def come_again(self) -> bool:
        """Whether there are some afterwards."""
        return bool(self.replaced or self.made or self.staying)

    @property
    def one_by_one(self) -> bool:
        """Whether machines are replaced while another one answers."""
        return self.rolling or bool(self.replaced and self.staying and not self.seamless)

    @property
    def interrupted(self) -> bool:
        """Whether none of them answers for a while."""
        return bool(self.go) and not (self.staying or self.seamless or self.rolling)


def machines_of(site: Site, plan: StackPlan) -> Machines:
    """What becomes of the machines of a stack of a site."""
    changes = [change for change in plan.changes if is_machine(site, change.address)]
    by_action = {action: _of(changes, action) for action in Action}
    made, replaced, destroyed = (
        len(by_action[action]) for action in (Action.CREATE, Action.REPLACE, Action.DESTROY)
    )
    seamless = not destroyed and all(change.seamless for change in by_action[Action.REPLACE])
    several = replaced + min(made, destroyed) > 1
    return Machines(
        made=made,
        replaced=replaced,
        destroyed=destroyed,
        staying=len(by_action[Action.CHANGE])
        + sum(is_machine(site, address) for address in plan.unchanged),
        seamless=seamless,
        rolling=bool(several and replaced and not seamless and not _share_what_goes(site, plan)),
    )


def is_machine(site: Site, address: str) -> bool:
    """By the construct's id: `edge_machine`, or `edge_machine-` and a zone, then a checksum."""
    kind, _, name = address.partition(".")
    return kind == facts_of(site.cloud).machine_type and _MACHINE.fullmatch(name) is not None


def zone_of(site: Site, address: str) -> str:
    """The zone of an edge's machine; the one in the chosen zone has none in its name."""
    found = _MACHINE.fullmatch(address.partition(".")[2])
    return (found[1] if found else None) or site.zone


def _share_what_goes(site: Site, plan: StackPlan) -> bool:
    """Whether a machine needs what is destroyed too, such as the tunnel that all of them hold.

    It cannot go while one of them is there, so that they have to go together.
    """
    gone = {change.address for change in plan.changes if change.action in GONE}
    machines = {address for address in gone if is_machine(site, address)}
    return any(_needed_by(machine, plan.needs) & (gone - machines) for machine in machines)


def _needed_by(address: str, needs: Mapping[str, frozenset[str]]) -> set[str]:
    """All that a resource needs, directly or not."""
    found: set[str] = set()
    left = set(needs.get(address, ()))
    while left:
        found |= left
        left = set().union(*(needs.get(each, ()) for each in left)) - found
    return found


def _of(changes: Sequence[Change], action: Action) -> list[Change]:
    return [change for change in changes if change.action is action]
