"""`trunkline traffic`: what the Worker of a topology has counted."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.columns import print_rows
from trunkline.cli.output import csv_text, print_json, working

if TYPE_CHECKING:
    from trunkline.traffic.counted import Counted, Figures

ABSENT = "-"
FIGURES = ("requests", "errors", "failovers", "p50 ms", "p95 ms", "p99 ms")


class TrafficFormat(StrEnum):
    """How the figures are printed."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"


def traffic(
    file: Annotated[str, typer.Argument(metavar="TOPOLOGY", help="A topology file.")] = TOPOLOGY,
    since: Annotated[
        str, typer.Option(metavar="TIME", help="How far back: 15m, 24h, 7d; 90d at most.")
    ] = "24h",
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="What requests are told apart by: route, site, status, method, or failed (who "
            "failed before, and why); again for each. Without it: route and site, or with --every "
            "site alone.",
        ),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Show them over time, in intervals of 5m, 1h, 1d."),
    ] = None,
    site: Annotated[
        str | None, typer.Option(metavar="SITE", help="Only what this site answered.")
    ] = None,
    route: Annotated[
        str | None, typer.Option(metavar="PREFIX", help="Only requests for this route.")
    ] = None,
    format: Annotated[
        TrafficFormat,
        typer.Option(
            help="text: a table. json: one object on stdout, for tools and for trunkline report. "
            "csv: the table for spreadsheets."
        ),
    ] = TrafficFormat.TEXT,
) -> None:
    """Show what the Worker counted: requests, errors, failovers and latency.

    It needs routing.analytics: true, and in CLOUDFLARE_API_TOKEN a token that has Account
    Analytics: Read. Errors are answers with 5xx. A failover is a request that was answered after an
    edge had failed it. Latency is the time until the headers of the answer, measured in the Worker.
    Where there are very many requests Cloudflare keeps a sample, and the figures are estimates.

    \b
    trunkline traffic
    trunkline traffic --since 7d --every 1h --route /api/v5
    trunkline traffic --since 1h --by status --by failed --format csv

    Exit codes: 0 done, also where there were no requests; 2 an error.
    """
    from trunkline.topology import load
    from trunkline.traffic.count import count
    from trunkline.traffic.span import Span

    topology = load(file)
    back, intervals = Span.parse(since, "--since"), every and Span.parse(every, "--every")
    with working(f"asking what the Worker of {topology.name} counted"):
        found = count(
            topology,
            os.environ,
            since=back,
            by=by or (("site",) if intervals else ("route", "site")),
            every=intervals or None,
            site=site,
            route=route,
        )
    match format:
        case TrafficFormat.JSON:
            print_json(found.as_dict())
        case TrafficFormat.CSV:
            names = (*found.keys, *found.total.as_dict())
            typer.echo(csv_text(names, [group.as_dict() for group in found.groups]), nl=False)
        case TrafficFormat.TEXT:
            _print(found)


def _print(found: Counted) -> None:
    total = found.total
    only = "".join(f", {name} {value}" for name, value in found.only.items())
    typer.echo(
        f"{_number(total.requests, 'request')} in {found.since}{only}: "
        f"{_number(total.errors, 'error')}{_share(total.errors, total)}, "
        f"{_number(total.failovers, 'failover')}{_share(total.failovers, total)}"
    )
    if found.groups:
        from trunkline.traffic.counted import in_words

        rows = [
            [*(in_words(*key) for key in group.keys.items()), *_cells(group.figures)]
            for group in found.groups
        ]
        rows.append([*_padded("all", len(found.keys)), *_cells(total)])
        first = len(found.keys)
        headings = (*found.keys, *FIGURES)
        print_rows(headings, rows, right=range(first, first + len(FIGURES)))


def _padded(word: str, columns: int) -> list[str]:
    return [word, *[""] * (columns - 1)]


def _cells(figures: Figures) -> list[str]:
    counts = (figures.requests, figures.errors, figures.failovers)
    times = (figures.p50_ms, figures.p95_ms, figures.p99_ms)
    return [
        *(f"{each:,}" for each in counts),
        *(ABSENT if each is None else f"{each:,.0f}" for each in times),
    ]


def _share(part: int, total: Figures) -> str:
    return f" ({part / total.requests:.2%})" if part else ""


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
