"""In which order plans are carried out, so that requests are answered meanwhile.

Stacks stand alone, so most go side by side. Three things have an order:

- What makes the zone goes first, and last where it is destroyed.
- Edges that are replaced go one after another: each waits until the one before answers again.
- Where requests are sent changes after the edges that are to answer them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from trunkline.deploy.machines import machines_of
from trunkline.deploy.targets import StackTarget
from trunkline.stacks.specs import ROUTING
from trunkline.terraform.plan import Action, StackPlan

Order = dict[str, set[str]]


def order(targets: Sequence[StackTarget], plans: Mapping[str, StackPlan]) -> Order:
    """Each stack that has something to do, and the ones that it waits for."""
    busy = [target for target in targets if plans.get(target.name)]
    waits = {target.name: set(target.after) for target in busy}
    edges = [target for target in busy if target.spec and target.spec.kind == "edge"]
    replaced = [target.name for target in edges if _replaces_edge(target, plans[target.name])]
    for before, name in itertools.pairwise(replaced):
        waits[name].add(before)
    if ROUTING in waits and plans[ROUTING].exists:
        # What it has made is in use; a stack that waits for routing is not waited for.
        waits[ROUTING] |= {edge.name for edge in edges if ROUTING not in edge.after}
    return {name: before & waits.keys() for name, before in waits.items()}


def reverse_order(targets: Sequence[StackTarget], plans: Mapping[str, StackPlan]) -> Order:
    """The same for a destruction: what others wait for goes after them."""
    busy = [target for target in targets if plans.get(target.name)]
    waits: Order = {target.name: set() for target in busy}
    for target in busy:
        for before in target.after:
            if before in waits:
                waits[before].add(target.name)
    return waits


def interrupts_edge(target: StackTarget, plan: StackPlan) -> bool:
    """Whether a running edge of the stack goes and comes again."""
    if target.spec is None or target.spec.kind != "edge" or target.spec.site is None:
        return False
    machines = machines_of(target.spec.site, plan)
    return machines.interrupted and machines.come_again


def rolls_edge(target: StackTarget, plan: StackPlan) -> bool:
    """Whether machines of the stack's edge go and come while another one of it answers."""
    if target.spec is None or target.spec.kind != "edge" or target.spec.site is None:
        return False
    return machines_of(target.spec.site, plan).one_by_one


def changes_edge(target: StackTarget, plan: StackPlan) -> bool:
    """Whether a running edge of the stack gets something else to serve."""
    return plan.exists and any(change.action is not Action.DESTROY for change in plan.changes)


def _replaces_edge(target: StackTarget, plan: StackPlan) -> bool:
    return interrupts_edge(target, plan) or rolls_edge(target, plan)
