"""`trunkline backbone check`: has the edges measure every path and every service."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.output import Format, new_table, number, print_json, print_table

if TYPE_CHECKING:
    from trunkline.backbone.check import BackboneReport, PathCheck, ServiceCheck

ABSENT = "-"


def check(
    topology: Annotated[
        str, typer.Argument(metavar="TOPOLOGY", help="The topology whose backbone is checked.")
    ] = TOPOLOGY,
    keys: Annotated[
        Path, typer.Option("--keys", help="What trunkline keys made; if absent, the environment.")
    ] = Path("keys.env"),
    throughput: Annotated[
        bool,
        typer.Option(
            help="Measure it too: a stream of 2 s, of 128 MB at most, for each pair of sites and "
            "direction, which the clouds count as traffic."
        ),
    ] = True,
    format: Annotated[
        Format, typer.Option(help="text: tables. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Have every edge measure its way to those of all other sites, and the services it is used for.

    For each path: whether it carries anything, the round trip, packets lost, the longest packet
    that arrives (MTU), throughput, and the age of the older key. For each service: its name, the
    sites on the way, the certificate, and the time to the first byte.

    The edges are asked under their own hostnames, with the edge key and a signature that it makes;
    no port is opened. They measure nothing but their own backbone.

    \b
    trunkline backbone check
    trunkline backbone check topology.yaml --no-throughput --format json

    Exit codes: 0 everything answers as it should; 1 something does not; 2 it could not be checked.
    """
    from trunkline.backbone.check import check_backbone
    from trunkline.backbone.check_client import CheckClient
    from trunkline.deploy.variables import edge_keys
    from trunkline.topology import load

    loaded = load(topology)
    client = CheckClient(edge_keys(os.environ, keys))
    with _progress() as report:
        found = check_backbone(loaded, client, throughput=throughput, report=report)
    if format is Format.JSON:
        from attrs import asdict

        print_json({"healthy": found.healthy, **asdict(found)})
    else:
        _print(found)
    if not found.healthy:
        raise typer.Exit(1)


@contextmanager
def _progress() -> Iterator[Callable[[str], object]]:
    """A spinner on stderr that says what is done; nothing if stderr is not a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield str
        return
    with console.status("") as status:
        yield status.update


def _print(report: BackboneReport) -> None:
    paths = new_table("from", "to", "round trip", "lost", "mtu", "throughput", "key", "")
    for path in report.paths:
        paths.add_row(*_path_row(path))
    print_table(paths)
    if report.services:
        typer.echo()
        services = new_table("at", "service", "name", "path", "certificate", "first byte", "")
        for service in report.services:
            services.add_row(*_service_row(service))
        print_table(services)
    for node, reason in report.failures.items():
        typer.echo(f"{node}: {reason}", err=True)
    bad = len(report.problems)
    if not report.healthy:
        silent = f", {number(len(report.failures), 'node')} without an answer"
        typer.echo(f"{number(bad, 'problem')}{silent if report.failures else ''}", err=True)


def _path_row(path: PathCheck) -> tuple[str, ...]:
    rate, days = path.mbit_per_second, path.key_days
    return (
        path.source,
        path.target,
        _milliseconds(path.round_trip_ms),
        f"{path.lost}/{path.sent}" if path.sent else ABSENT,
        str(path.mtu or ABSENT),
        f"{rate:.0f} Mbit/s" if rate is not None else ABSENT,
        number(days, "day") if days is not None else ABSENT,
        path.problem or "ok",
    )


def _service_row(service: ServiceCheck) -> tuple[str, ...]:
    shown = service.certificate
    return (
        service.node,
        service.service,
        service.host,
        " > ".join((*service.path, *(("private endpoint",) if service.private else ()))),
        f"{shown['issuer']}, until {shown['expires']}" if shown else ABSENT,
        _milliseconds(service.first_byte_ms),
        service.problem or "ok",
    )


def _milliseconds(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.1f} ms"
