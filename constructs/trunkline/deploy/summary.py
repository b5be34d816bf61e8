"""What plans would do, in the words of the one who reads it before they are carried out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from trunkline.addresses.names import addresses_of
from trunkline.deploy.machines import GONE, machines_of
from trunkline.deploy.targets import StackTarget
from trunkline.model import LinkedPair, Site, Topology
from trunkline.terraform.plan import Action, StackPlan

NOTHING = "nothing to do"


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
    if pair := target.spec.pair:
        return _interconnect(pair, plan, target.spec.caution)
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
    gone = _counted(machines.go, "machine")
    if machines.rolling:
        return f"{verb} {gone} of {edge}, one after another: its site has another one meanwhile"
    if machines.staying:
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


def _interconnect(pair: LinkedPair, plan: StackPlan, caution: str) -> str:
    link = f"the link between {' and '.join(pair.sites)}"
    if plan.destroys_all:
        return f"destroys {link}: their edges take the internet from then on"
    return f"{'changes' if plan.exists else 'makes'} {link} ({caution})"


def _routing(topology: Topology, plan: StackPlan) -> str:
    address = addresses_of(topology)
    where = address.public_url().partition("://")[2]
    if not plan.exists:
        zone = f" and the zone {topology.domain}" if address.zone_comes_from_routing else ""
        return f"makes {where}{zone}, with {_counted(len(topology.routing.routes), 'route')}"
    if plan.destroys_all:
        return f"destroys {where}: nothing answers there from then on"
    return f"changes {where}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
