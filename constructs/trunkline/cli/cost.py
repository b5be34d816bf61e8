"""`trunkline cost`: what a topology, or a Terraform plan, costs in a month."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.output import number, print_json
from trunkline.errors import ConfigurationError

if TYPE_CHECKING:
    from trunkline.cli.cost_report import CostReport
    from trunkline.cost.price import Price
    from trunkline.cost.prices import PriceBook
    from trunkline.documents.findings import Finding


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
    from trunkline.cost.prices import load_prices

    book, findings = load_prices(prices)
    if plan is not None:
        _refuse_beside_a_plan(file=file, traffic=traffic, curves=curves)
        _print_plan(plan, book, findings, format)
        return
    from trunkline.cli.cost_report import CostReport
    from trunkline.cost.assumptions import assume
    from trunkline.cost.comparison import compare
    from trunkline.cost.estimate import estimate
    from trunkline.topology import load

    topology = assume(load(file or TOPOLOGY), traffic or ())
    report = CostReport(
        topology=topology,
        estimate=estimate(topology, book),
        comparisons=compare(topology, book, seats),
        findings=findings,
        seats=seats,
    )
    _print_report(report, format, curves)


def _refuse_beside_a_plan(**given: object) -> None:
    """A plan says by itself what is deployed; nothing is assumed or compared."""
    if wrong := [name for name, value in given.items() if value]:
        raise ConfigurationError(
            f"--plan stands alone, and {', '.join(wrong)} is given as well: leave one of them out"
        )


def _print_report(report: CostReport, format: CostFormat, curves: bool) -> None:
    from trunkline.cli import cost_data, cost_text

    if format is CostFormat.JSON:
        print_json(cost_data.report_data(report))
        return
    if format is CostFormat.CSV:
        rows = cost_data.curve_rows(report) if curves else cost_data.bill_rows(report.estimate)
        cost_data.print_csv(rows)
    elif curves:
        cost_text.print_curves(report)
    else:
        cost_text.print_bill(report)
    _warn(report.findings, report.prices)


def _print_plan(
    file: str, book: PriceBook, findings: Sequence[Finding], format: CostFormat
) -> None:
    from trunkline.cli import cost_data, cost_text
    from trunkline.cli.cost_report import prices_of
    from trunkline.cost.plan import price_plan

    plan = price_plan(file, book)
    if format is CostFormat.JSON:
        print_json(cost_data.plan_data(file, plan, findings))
        return
    if format is CostFormat.CSV:
        cost_data.print_csv(line.as_dict() for line in plan.lines)
    else:
        cost_text.print_resources(plan)
    _warn(findings, prices_of(plan.lines))


def _warn(findings: Sequence[Finding], prices: Sequence[Price]) -> None:
    """On stderr, what is to be known of the prices; JSON has it in itself."""
    from trunkline.cli.cost_report import old_prices

    for finding in findings:
        typer.echo(str(finding), err=True)
    if old := old_prices(prices):
        oldest = min(old, key=lambda price: price.earliest)
        typer.echo(
            f"warning: {number(len(old), 'price')} may be older than a year, {oldest.id} of "
            f"{oldest.date} the oldest; give newer ones with --prices",
            err=True,
        )
