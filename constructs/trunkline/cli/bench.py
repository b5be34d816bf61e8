"""`trunkline bench`: load tests of a topology's routes, and their comparison."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.keys import FILE as KEYS_FILE
from trunkline.cli.output import Format

if TYPE_CHECKING:
    from trunkline.bench.compare import Side
    from trunkline.bench.drive import Variant
    from trunkline.bench.results import Results
    from trunkline.model import Topology

INTERRUPTED = 130
SETTLE_SECONDS = 60.0
MOST_SECONDS, MOST_CONNECTIONS, MOST_RATE, ROUNDS = 60, 256, 20_000, 200


class _RunFirst(TyperGroup):
    """`bench FILE` is `bench run FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


bench_app = typer.Typer(
    cls=_RunFirst,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Load-test the routes of a topology, and compare: bench FILE is bench run FILE.",
)


class Vary(StrEnum):
    """What differs between the variants of a load test."""

    NOTHING = "nothing"
    DIRECT = "direct"
    SITE = "site"
    ZONE = "zone"
    NETWORK_TIER = "network-tier"
    SMART_ROUTING = "smart-routing"
    WORKER_PLACEMENT = "worker-placement"


TextOrJson = Annotated[Format, typer.Option(help="text: tables. json: one object, for tools.")]


@bench_app.command(short_help="Measure a route with wrk and autocannon.")
def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A topology file.")] = TOPOLOGY,
    vary: Annotated[
        Vary,
        typer.Option(
            help="direct: through the ingress, or straight at the edge. site: each site that may "
            "serve the route, straight at its edge. zone: each public edge of the route's site. "
            "smart-routing: off and on, by applying the routing stack in between. The others need "
            "changes of what is deployed between two load tests; the command says which."
        ),
    ] = Vary.NOTHING,
    route: Annotated[
        str, typer.Option(metavar="PREFIX", help="The route. Without it: the first one.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option(help="The results. Without it: bench/<topology's name>.json.")
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(min=1, max=ROUNDS, help="How many. Without it: what a pilot of 6 asks for."),
    ] = None,
    most_rounds: Annotated[
        int, typer.Option(min=6, max=ROUNDS, help="How many at most, whatever the pilot asks for.")
    ] = 30,
    seconds: Annotated[
        int, typer.Option(min=1, max=MOST_SECONDS, help="The length of each run of a tool.")
    ] = 5,
    warmup: Annotated[
        int, typer.Option(min=0, max=MOST_SECONDS, help="Seconds of warm-up for each variant.")
    ] = 2,
    connections: Annotated[
        int, typer.Option(min=1, max=MOST_CONNECTIONS, help="Connections at once.")
    ] = 10,
    rate: Annotated[
        int, typer.Option(min=1, max=MOST_RATE, help="Requests a second, to measure latency.")
    ] = 200,
    keys: Annotated[
        Path, typer.Option("--keys", help="What trunkline keys made; if absent, the environment.")
    ] = Path(KEYS_FILE),
    settle: Annotated[
        float, typer.Option(min=0, help="Seconds that Cloudflare has to follow a change.")
    ] = SETTLE_SECONDS,
    stacks: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the stacks were written and applied.")
    ] = Path("cdktf.out"),
    terraform: Annotated[
        str, typer.Option(metavar="NAME", help="Terraform: a path, or a name on PATH.")
    ] = "terraform",
    yes: Annotated[
        bool, typer.Option("--yes", help="Load hosts of the internet without asking.")
    ] = False,
    format: TextOrJson = Format.TEXT,
) -> None:
    """Load-test a route of a topology, round by round, and compare its variants.

    autocannon measures latency at a fixed rate, corrected for answers that hold up requests, and
    then wrk measures how many requests a second there are at most. Rounds go forwards and
    backwards in turn (ABBA). A pilot of 6 rounds chooses how many a difference of 10 % takes.

    Only GET requests to the route's own URL are sent. Results are written after every round, so
    Ctrl-C keeps all whole ones. For instance: trunkline bench topology.yaml --vary direct.

    Exit codes: 0 it was measured; 1 you answered no; 2 an error; 130 after Ctrl-C.
    """
    from datetime import UTC, datetime

    from trunkline.bench.drive import Tools
    from trunkline.bench.results import Results, Settings, this_machine
    from trunkline.bench.rounds import measure_rounds
    from trunkline.cli.bench_variants import variants_of
    from trunkline.terraform.signals import raise_on_signal
    from trunkline.topology import load

    topology = load(file)
    chosen, variants = variants_of(topology, vary, route, keys)
    settings = Settings(seconds, warmup, connections, max(rate, connections))
    tools = Tools.find(settings)
    path = output or Path("bench") / f"{topology.name}.json"
    _ask(topology, variants, yes)
    results = Results(
        topology=topology.name,
        vary=vary.value,
        route=chosen.prefix,
        started_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        machine=this_machine(),
        tools=tools.versions,
        settings=settings,
        variants={each.name: each.url for each in variants},
        complete=False,
        rounds=(),
    )
    made: list[Results] = []

    def keep(found: Results) -> None:
        found.save(path)
        made.append(found)

    try:
        with raise_on_signal(), _switched(vary, stacks, keys, terraform, settle) as switch:
            measure_rounds(
                results,
                variants,
                tools,
                keep,
                rounds=rounds,
                most=most_rounds,
                say=_say,
                switch=switch,
            )
    except KeyboardInterrupt:
        kept = f"{len(made)} rounds are kept in {path}" if made else "no round was whole"
        typer.echo(f"interrupted: {kept}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    _print_report(_sides(made[-1]), format, str(path))


@contextmanager
def _switched(
    vary: Vary, stacks: Path, keys: Path, terraform: str, settle: float
) -> Iterator[Callable[[Variant], None]]:
    """What has the world as a variant needs it; at the end it is as it was."""
    if vary is not Vary.SMART_ROUTING:
        yield lambda variant: None
        return
    from trunkline.bench.smart_routing import SmartRoutingSwitch
    from trunkline.deploy.variables import with_keys
    from trunkline.terraform.commands import Commands
    from trunkline.terraform.run import find_terraform

    with TemporaryDirectory(prefix="trunkline-bench-") as scratch:
        commands = Commands(find_terraform(terraform), with_keys(os.environ, keys))
        folder = stacks / "stacks" / "routing"
        switch = SmartRoutingSwitch(folder, Path(scratch), commands, settle, _say)
        switch.check()
        try:
            yield switch.to
        finally:
            switch.restore()


@bench_app.command(short_help="Say whether load tests differ.")
def compare(
    one: Annotated[str, typer.Argument(metavar="A", help="Results of trunkline bench.")],
    other: Annotated[
        str | None,
        typer.Argument(metavar="B", help="Other results; without them, the variants of A."),
    ] = None,
    format: TextOrJson = Format.TEXT,
) -> None:
    """Say whether the variants of a load test differ, or two load tests, and by how much.

    Wilcoxon's signed-rank test, exact, on the ratios of the medians of each round, and the
    Hodges-Lehmann estimate with its interval. Two looks, half-way at 2 % and at the end at 3.5 %,
    keep false alarms below 5 %. Too few rounds are an answer: "not enough rounds", with how many
    are needed.

    Two files must be of one topology, machine, settings and versions of the tools. They were
    measured one after the other, so that what changed between them counts as a difference.

    Exit codes: 0 there is an answer; 1 there are not enough rounds; 2 an error.
    """
    from trunkline.bench.compare import ComparisonError, sides_of_two
    from trunkline.bench.results import load_results

    first = load_results(one)
    if other is None:
        if len(first.variants) == 1:
            raise ComparisonError(
                f"{one} has one variant: name a second file, or measure with --vary"
            )
        sides = _sides(first)
    else:
        sides = sides_of_two(first, load_results(other), (one, other))
        typer.echo(
            "warning: measured one after the other, so what changed meanwhile counts as well; "
            "--vary measures in turn",
            err=True,
        )
    if not _print_report(sides, format, one):
        raise typer.Exit(1)


def _sides(results: Results) -> list[tuple[str, Side]]:
    from trunkline.bench.compare import sides_of

    return sides_of(results)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _ask(topology: Topology, variants: Sequence[Variant], yes: bool) -> None:
    """Ask before hosts of the internet are loaded."""
    from trunkline.errors import ConfigurationError
    from trunkline.model import LocalIngress

    if yes or isinstance(topology.ingress, LocalIngress):
        return
    urls = ", ".join(each.url for each in variants)
    if not sys.stdin.isatty():
        raise ConfigurationError(f"nothing was sent: {urls} is on the internet; give --yes")
    if not typer.confirm(f"Send a load test to {urls}?", err=True):
        typer.echo("Nothing was sent.", err=True)
        raise typer.Exit(1)


def _print_report(sides: Sequence[tuple[str, Side]], format: Format, path: str) -> bool:
    """Print figures and answers; whether there were rounds enough for each answer."""
    from trunkline.bench.compare import compare, summaries
    from trunkline.cli.bench_report import print_text, report_data
    from trunkline.cli.output import print_json

    figures, compared = list(summaries(sides)), compare(sides)
    if format is Format.JSON:
        print_json(report_data(path, figures, compared))
    else:
        print_text(path, figures, compared)
    return all(each.decision.verdict != "not enough rounds" for each in compared)
