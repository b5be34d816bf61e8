"""`trunkline logs`: what the edges of a site have said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli import local
from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.output import Format, print_json, working

if TYPE_CHECKING:
    from trunkline.deploy.console import MachineLog
    from trunkline.model import Site, Topology


def logs(
    site: Annotated[str, typer.Argument(metavar="SITE", help="A site of the topology.")],
    file: Annotated[
        str, typer.Argument(metavar="TOPOLOGY", help="The topology that has it.")
    ] = TOPOLOGY,
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Only the edge in this zone.")
    ] = None,
    lines: Annotated[int, typer.Option(min=0, help="The number of last lines.")] = 100,
    follow: Annotated[
        bool, typer.Option(help="Print new lines until Ctrl-C; on this machine only.")
    ] = False,
    folder: local.Folder = local.STATE,
    format: Annotated[
        Format, typer.Option(help="text: the lines. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Print what the edges of a site have said.

    In a cloud it is what the console of each machine has shown: the start, what was installed,
    which units are up, and why one is not. It is read with the cloud's own command line (aws,
    gcloud, az) and your login there; no port is opened. Requests are not in it: those are in the
    machine's journal, which telemetry.otlp sends on, and trunkline traffic counts them.

    With cloud: local it is the logs of all processes of the edge.

    \b
    trunkline logs aws
    trunkline logs aws topology.yaml --zone us-east-1b --lines 500
    trunkline logs here --follow

    Exit codes: 0 done; 1 there is nothing yet; 2 an error.
    """
    from trunkline.clouds.facts import facts_of
    from trunkline.deploy.console import ConsoleError, read_consoles
    from trunkline.topology import load

    topology = load(file)
    found = _site(topology, site)
    zones = _zones(topology, found, zone)
    if facts_of(found.cloud).on_this_machine:
        _print_local(topology, found, lines, follow=follow, folder=folder, format=format)
        return
    if follow:
        raise ConsoleError(f"{site}: a console in a cloud cannot be followed; leave --follow out")
    with working(f"reading the console of {site}"):
        machines = list(read_consoles(topology, found, zones, lines))
    _print(machines, format)


def _site(topology: Topology, name: str) -> Site:
    from trunkline.deploy.console import ConsoleError

    found = next((each for each in topology.sites if each.name == name), None)
    if found is None:
        names = ", ".join(each.name for each in topology.sites)
        raise ConsoleError(f"there is no site {name}; the topology has {names}")
    return found


def _zones(topology: Topology, site: Site, zone: str | None) -> Sequence[str]:
    from trunkline.deploy.console import ConsoleError

    zones = topology.edge_zones(site.name)
    if zone is not None and zone not in zones:
        raise ConsoleError(f"{site.name} has no edge in {zone}; it has them in {', '.join(zones)}")
    return zones if zone is None else [zone]


def _print_local(
    topology: Topology, site: Site, lines: int, *, follow: bool, folder: Path, format: Format
) -> None:
    from trunkline.deploy.console import MachineLog, edge_machines
    from trunkline.local import log_reader
    from trunkline.local.status import find

    machine = edge_machines(topology, site)[site.zone]
    if format is Format.TEXT:
        local.logs(machine, None, lines, follow, folder)
        return
    paths = local.log_files(find(machine, folder))
    read = (log_reader.last_lines(path, lines) for path in paths)
    logs = [
        MachineLog(f"{machine}/{path.stem}", tuple(each))
        for path, each in zip(paths, read, strict=True)
    ]
    _print(logs, format)


def _print(found: Sequence[MachineLog], format: Format) -> None:
    if format is Format.JSON:
        print_json({"logs": [{"of": each.name, "lines": list(each.lines)} for each in found]})
    else:
        for log in found:
            start = f"{log.name}: " if len(found) > 1 else ""
            for line in log.lines:
                typer.echo(f"{start}{line}")
    silent = [each.name for each in found if not each.lines]
    for name in silent:
        typer.echo(f"{name}: its console has shown nothing yet; ask again in a minute", err=True)
    if len(silent) == len(found):
        raise typer.Exit(1)
