"""What plans would do, in the words of the one who reads it before they are carried out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import frozen

from trunkline.addresses.names import addresses_of
from trunkline.clouds.facts import facts_of
from trunkline.deploy.targets import StackTarget
from trunkline.model import Site, Topology
from trunkline.terraform.plan import Action, Change, StackPlan

NOTHING = "nothing to do"
GONE = (Action.REPLACE, Action.DESTROY)
_MACHINE = re.compile(r"[a-z]+_machine(-[a-z0-9-]+)?_[0-9A-F]{8}")


@frozen
class Machines:
    """The machines of a stack, by what becomes of them; `staying` is how many stay as they are."""

    made: int
    replaced: int
    destroyed: int
    staying: int
    seamless: bool

    @property
    def go(self) -> int:
        """How many of those that are there go, for a while or for good."""
        return self.replaced + self.destroyed

    @property
    def come_again(self) -> bool:
        """Whether there are some afterwards."""
        return bool(self.replaced or self.made or self.staying)

    @property
    def interrupted(self) -> bool:
        """Whether none of them answers for a while."""
        return bool(self.go) and not self.staying and not self.seamless


def describe(
    topology: Topology, target: StackTarget, plan: StackPlan, leaving: Collection[str] = ()
) -> str:
    """One sentence: what becomes of the stack, and what users notice of it.

    `leaving` are the sites whose edges go for good at the same time.
    """
    if not plan:
        return NOTHING
    if target.spec is None:
        return "destroys what is left of it: it is no longer in the topology"
    site = target.spec.site
    if site is None:
        return _routing(topology, plan)
    match target.spec.kind:
        case "edge":
            return _edge(topology, site, plan, leaving)
        case "probes":
            return _probes(site, plan)
        case _:
            return f"notes which places the zones of {site.name} are"


def describe_all(
    topology: Topology, targets: Sequence[StackTarget], plans: Mapping[str, StackPlan]
) -> dict[str, str]:
    """A sentence for each stack that has a plan, by its name."""
    planned = [target for target in targets if target.name in plans]
    leaving = [
        target.spec.site.name
        for target in planned
        if target.spec and target.spec.site and _ends_edge(target, plans[target.name])
    ]
    return {
        target.name: describe(topology, target, plans[target.name], leaving) for target in planned
    }


def count_changes(plan: StackPlan) -> str:
    """`3 to create, 1 to replace`; empty where no resource changes."""
    counts = [(len(plan.addresses(action)), action) for action in Action]
    return ", ".join(f"{count} to {action}" for count, action in counts if count)


def held_by(topology: Topology, plan: StackPlan) -> list[str]:
    """What goes with the resources that the plan destroys, beside what the stacks have made."""
    holds_more = addresses_of(topology).holds_more
    gone = [change for change in plan.changes if change.action in GONE]
    return [
        f"{change.address} holds {holds_more[change.type]}, also what others have put there"
        for change in gone
        if change.type in holds_more
    ]


def machines_of(site: Site, plan: StackPlan) -> Machines:
    """What becomes of the machines of a stack of a site."""
    changes = [change for change in plan.changes if _is_machine(site, change.address)]
    by_action = {action: _of(changes, action) for action in Action}
    return Machines(
        made=len(by_action[Action.CREATE]),
        replaced=len(by_action[Action.REPLACE]),
        destroyed=len(by_action[Action.DESTROY]),
        staying=len(by_action[Action.CHANGE])
        + sum(_is_machine(site, address) for address in plan.unchanged),
        seamless=not by_action[Action.DESTROY]
        and all(change.seamless for change in by_action[Action.REPLACE]),
    )


def _ends_edge(target: StackTarget, plan: StackPlan) -> bool:
    return bool(target.spec and target.spec.kind == "edge" and plan.destroys_all)


def _edge(topology: Topology, site: Site, plan: StackPlan, leaving: Collection[str]) -> str:
    machines = machines_of(site, plan)
    edge = f"the edge of {site.name}"
    if not plan.exists:
        return f"makes {edge}"
    if not machines.go:
        if not machines.made:
            return f"changes {edge} without a new machine"
        return f"adds {_counted(machines.made, 'machine')} to {edge}"
    verb = "replaces" if machines.replaced or machines.made else "destroys"
    if machines.staying:
        gone = _counted(machines.go, "machine")
        return f"{verb} {gone} of {edge}: its site has {_counted(machines.staying, 'other')}"
    if not machines.interrupted:
        return f"replaces {edge}: the new one takes over before the old one goes"
    until = "meanwhile" if machines.come_again else "from then on"
    notices = ", ".join(_notices(topology, site, leaving))
    return f"{verb} {edge}: {notices} {until}"


def _notices(topology: Topology, site: Site, leaving: Collection[str]) -> Iterator[str]:
    """What becomes of the routes of a site while none of its machines answers."""
    routes = [route for route in topology.routing.routes if route.site == site.name]
    alone = [route.prefix for route in routes if set(route.failover) <= set(leaving)]
    if not routes:
        yield "no route misses it"
    if len(alone) < len(routes):
        yield "other sites answer for its routes"
    if alone:
        yield f"nothing answers for {', '.join(alone)}"


def _probes(site: Site, plan: StackPlan) -> str:
    machines = machines_of(site, plan)
    of = f"of {site.name}"
    if not plan.exists:
        return f"makes {_counted(machines.made, 'probe')} in {site.name}"
    parts = [
        *([f"makes {_counted(machines.made, 'probe')} more in {site.name}"] * bool(machines.made)),
        *([f"replaces {_counted(machines.replaced, 'probe')} {of}"] * bool(machines.replaced)),
        *([f"destroys {_counted(machines.destroyed, 'probe')} {of}"] * bool(machines.destroyed)),
    ]
    if not parts:
        return f"changes the probes {of} without a new machine"
    lost = ": what is not collected yet goes with them" if machines.go else ""
    return ", ".join(parts) + lost


def _routing(topology: Topology, plan: StackPlan) -> str:
    address = addresses_of(topology)
    where = address.public_url().partition("://")[2]
    if not plan.exists:
        zone = f" and the zone {topology.domain}" if address.zone_comes_from_routing else ""
        return f"makes {where}{zone}, with {_counted(len(topology.routing.routes), 'route')}"
    if plan.destroys_all:
        return f"destroys {where}: nothing answers there from then on"
    return f"changes {where}"


def _is_machine(site: Site, address: str) -> bool:
    """By the construct's id: `edge_machine`, or `edge_machine-` and a zone, then a checksum."""
    kind, _, name = address.partition(".")
    return kind == facts_of(site.cloud).machine_type and _MACHINE.fullmatch(name) is not None


def _of(changes: Sequence[Change], action: Action) -> list[Change]:
    return [change for change in changes if change.action is action]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
