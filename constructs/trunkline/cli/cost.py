"""`trunkline cost`: what a topology, or a Terraform plan, costs in a month."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.errors import ConfigurationError


class CostFormat(StrEnum):
    """How the command prints costs."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def cost(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="A topology file; - is standard input.",
            show_default=TOPOLOGY,
        ),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="A plan in its place, as terraform show -json prints it."
        ),
    ] = None,
    traffic: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT=AMOUNT",
            help="What is assumed of a month: SITE-SITE=500GB, /PREFIX=2TB, requests=20000000.",
        ),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Prices of your own; see trunkline schema prices."),
    ] = None,
    seats: Annotated[
        int, typer.Option(min=0, max=100_000, help="People, for what is sold by the seat.")
    ] = 5,
    curves: Annotated[
        bool, typer.Option("--curves", help="Print the comparison at more amounts of traffic.")
    ] = False,
    format: Annotated[
        CostFormat,
        typer.Option(help="text: tables. json: everything, for tools. csv: lines, or curves."),
    ] = CostFormat.TEXT,
) -> None:
    """Say what would be deployed costs in a month of 730 hours, and what else would cost.

    Every line has its source and date; a price that is not known is listed, and the total then says
    at least. Peering, managed links, VPN gateways and what is sold by the seat stand beside it, by
    the traffic between the clouds. No cloud is contacted.

    Exit codes: 0 done, also where prices are not known; 2 an error.
    """
    from trunkline.cli import cost_output
    from trunkline.cost.prices import load_prices

    book, findings = load_prices(prices)
    if plan is not None:
        _refuse_beside_a_plan(file=file, traffic=traffic, curves=curves)
        from trunkline.cost.plan import price_plan

        cost_output.print_plan(plan, price_plan(plan, book), findings, format)
        return
    from trunkline.cost.assumptions import assume
    from trunkline.cost.comparison import compare
    from trunkline.cost.estimate import estimate
    from trunkline.topology import load

    topology = assume(load(file or TOPOLOGY), traffic or ())
    report = cost_output.CostReport(
        topology=topology,
        estimate=estimate(topology, book),
        comparisons=compare(topology, book, seats),
        findings=findings,
        seats=seats,
    )
    cost_output.print_report(report, format, curves)


def _refuse_beside_a_plan(**given: object) -> None:
    """A plan says by itself what is deployed; nothing is assumed or compared."""
    if wrong := [name for name, value in given.items() if value]:
        raise ConfigurationError(
            f"--plan stands alone, and {', '.join(wrong)} is given as well: leave one of them out"
        )
