"""`trunkline validate`: reports every mistake of a topology at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.output import Format, number, print_json, wants_color
from trunkline.stacks.specs import stack_specs

if TYPE_CHECKING:
    from trunkline.model import Topology
    from trunkline.topology import Finding

Checked = tuple[str, "Topology | None", list["Finding"]]
"""A file's name, its topology if it has no error, and its findings."""

_COLORS = {"error": "\x1b[31m", "warning": "\x1b[33m"}
_RESET = "\x1b[0m"


def validate(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...",
            help="Topology files, YAML or JSON; - is standard input.",
            show_default=TOPOLOGY,
        ),
    ] = None,
    format: Annotated[
        Format,
        typer.Option(help="text: findings on stderr. json: one object on stdout, for tools."),
    ] = Format.TEXT,
) -> None:
    """Check topology files and report every mistake at once.

    Each finding reads file:line:column: path: what is wrong; what to do. Nothing is written and no
    cloud is contacted.

    Exit codes: 0 every file is valid, perhaps with warnings; 2 a file has an error.
    """
    from trunkline.topology import check_file

    checked: list[Checked] = [(file, *check_file(file)) for file in files or [TOPOLOGY]]
    if format is Format.JSON:
        print_json(_report(checked))
    else:
        _print_text(checked)
    if any(topology is None for _, topology, _ in checked):
        raise typer.Exit(2)


def _report(checked: Sequence[Checked]) -> dict[str, object]:
    files = [{"file": file, "valid": topology is not None} for file, topology, _ in checked]
    findings = [finding.as_dict() for *_, found in checked for finding in found]
    return {"valid": all(file["valid"] for file in files), "files": files, "findings": findings}


def _print_text(checked: Sequence[Checked]) -> None:
    color = wants_color(sys.stderr)
    for file, topology, findings in checked:
        for finding in findings:
            typer.echo(_colored(finding) if color else str(finding), err=True, color=color)
        if topology is not None:
            typer.echo(f"{file}: valid: {_contents(topology)}")
    errors, warnings = (_count(checked, level) for level in ("error", "warning"))
    if errors or warnings:
        typer.echo(f"{number(errors, 'error')}, {number(warnings, 'warning')}", err=True)


def _colored(finding: Finding) -> str:
    position, text = str(finding).split(": ", 1)
    return f"{position}: {_COLORS[finding.level]}{text}{_RESET}"


def _count(checked: Sequence[Checked], level: str) -> int:
    return sum(finding.level == level for *_, findings in checked for finding in findings)


def _contents(topology: Topology) -> str:
    sites = topology.sites
    counts = (
        (len(sites), "site"),
        (sum(len(site.zones) for site in sites), "zone"),
        (len(topology.routing.routes), "route"),
        (len(stack_specs(topology)), "stack"),
    )
    return ", ".join(number(count, noun) for count, noun in counts)
