"""`trunkline backbone compare`: the kinds of backbone side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trunkline.cli.output import Format, number, print_json

if TYPE_CHECKING:
    from trunkline.backbone import Declaration
    from trunkline.cost.alternatives import Alternative
    from trunkline.cost.dollars import Dollars
    from trunkline.cost.kinds import PlanCost
    from trunkline.topology.kinds import Choice

    Links = Sequence[tuple[Alternative, Dollars | None]]

EDGES = 6


def compare(
    topology: Annotated[
        str | None,
        typer.Argument(
            metavar="[TOPOLOGY]", help="Say also which kinds this topology can have, and why not."
        ),
    ] = None,
    edges: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="How many edges.", show_default="the topology's, or 6"),
    ] = None,
    seats: Annotated[
        int, typer.Option(min=0, max=100_000, help="People, for what is sold by the seat.")
    ] = 5,
    prices: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Prices of your own; see trunkline schema prices."),
    ] = None,
    format: Annotated[
        Format,
        typer.Option(help="text: a table, then each kind. json: one object on stdout, for tools."),
    ] = Format.TEXT,
) -> None:
    """Compare the kinds of backbone: what each needs, cannot do and costs.

    The costs are those of the vendor's plans in a month, beside the machines and their traffic,
    which trunkline cost counts. What is measured was measured on this project's test machines.

    Examples: trunkline backbone compare; trunkline backbone compare topology.yaml --seats 20.

    Exit codes: 0 done; 2 an error.
    """
    from trunkline.backbone import declarations
    from trunkline.cost.alternatives import alternatives
    from trunkline.cost.kinds import plan_costs
    from trunkline.cost.prices import load_prices
    from trunkline.topology.kinds import choice_of

    book, findings = load_prices(prices)
    kinds = declarations()
    choice = choice_of(topology, kinds) if topology else None
    nodes = edges or (choice.edges if choice else EDGES)
    costs = {name: plan_costs(each, nodes, seats, book) for name, each in kinds.items()}
    for finding in findings:
        typer.echo(str(finding), err=True)
    links = [(each, each.month(book)) for each in alternatives("link")]
    if format is Format.JSON:
        print_json({**_data(kinds, costs, choice, nodes, seats), "links": _links_data(links)})
    else:
        _print(kinds, costs, choice, nodes, seats)
        _print_links(kinds, links)


def _refusals(kind: str, choice: Choice | None) -> tuple[str, ...]:
    """Why the topology cannot have the kind; nothing without a topology."""
    return choice.refusals[kind] if choice else ()


def _data(
    kinds: Mapping[str, Declaration],
    costs: Mapping[str, Sequence[PlanCost]],
    choice: Choice | None,
    nodes: int,
    seats: int,
) -> dict[str, Any]:
    return {
        "topology": choice.name if choice else None,
        "edges": nodes,
        "seats": seats,
        "kinds": {
            name: {
                "title": each.title,
                "possible": not _refusals(name, choice),
                "refusals": list(_refusals(name, choice)),
                "services": each.services,
                "networks": each.networks,
                "links": each.links,
                "relayed": each.relayed or None,
                "keys": each.keys,
                "needs": list(each.needs),
                "limits": list(each.limits),
                "measured": list(each.measured),
                "cost": each.cost,
                "plans": [plan.as_dict() for plan in costs[name]],
                "source": each.source or None,
            }
            for name, each in kinds.items()
        },
    }


def _print(
    kinds: Mapping[str, Declaration],
    costs: Mapping[str, Sequence[PlanCost]],
    choice: Choice | None,
    nodes: int,
    seats: int,
) -> None:
    from trunkline.cli.columns import print_rows

    whose = f"for {choice.name}" if choice else "can be had"
    rows = [
        (
            name,
            "yes" if not _refusals(name, choice) else "no",
            "yes" if each.services else "no",
            "yes" if each.networks else "no",
            "yes" if each.relayed else "no",
            _cheapest(costs[name]),
        )
        for name, each in kinds.items()
    ]
    print_rows(("kind", whose, "services", "networks", "relays", "$/month"), rows, right={5})
    typer.echo(f"\nThe costs are for {number(nodes, 'edge')} and {_people(seats)}.")
    for name, each in kinds.items():
        _print_kind(name, each, costs[name], _refusals(name, choice))


def _links_data(links: Links) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "title": each.title,
            "month": {"low": month.low, "high": month.high} if month else None,
        }
        for each, month in links
    ]


def _print_links(kinds: Mapping[str, Declaration], links: Links) -> None:
    """The links that clouds sell, which stand beside a kind that takes them."""
    takers = ", ".join(name for name, each in kinds.items() if each.links)
    typer.echo(f"\nlinks between clouds (backbone.pairs), beside {takers}:")
    for each, month in links:
        cost = f"{month} $ a month" if month else "price not known"
        typer.echo(f"  {each.title}: {cost}")
    typer.echo(
        "  trunkline cost says from how many gigabytes on a link costs less than the internet."
    )


def _cheapest(costs: Sequence[PlanCost]) -> str:
    """The least that a plan costs; nothing where there are none to buy."""
    if not costs:
        return "0.00"
    known = [each.month for each in costs if each.month]
    return str(min(known, key=lambda month: month.low)) if known else "unknown"


def _people(seats: int) -> str:
    return "1 person" if seats == 1 else f"{seats} people"


def _print_kind(
    name: str, declaration: Declaration, costs: Sequence[PlanCost], refusals: Sequence[str]
) -> None:
    lines = [
        *(("refused", each) for each in refusals),
        *(("needs", each) for each in declaration.needs),
        *(("cannot", each) for each in declaration.limits),
        ("relays", declaration.relayed or "none"),
        ("keys", declaration.keys),
        *(("measured", each) for each in declaration.measured),
        ("costs", declaration.cost),
        *(("plan", _plan(each)) for each in costs),
        *([("source", declaration.source)] if declaration.source else []),
    ]
    typer.echo(f"\n{name}: {declaration.title}")
    last = ""
    for label, text in lines:
        typer.echo(f"  {label if label != last else '':9} {text}")
        last = label


def _plan(cost: PlanCost) -> str:
    if not cost.fits:
        return f"{cost.plan.title}: has {cost.plan.nodes} nodes at most"
    return f"{cost.plan.title}: {f'{cost.month} $' if cost.month else 'price not known'}"
