"""`trunkline check`: whether all of a topology is up, from end to end."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.columns import print_rows
from trunkline.cli.deploy import KeysFile, Output, Program
from trunkline.cli.keys import FILE as KEYS_FILE
from trunkline.cli.output import Format, print_json, working

if TYPE_CHECKING:
    from trunkline.check.line import CheckLine
    from trunkline.model import Topology


def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A topology file.")] = TOPOLOGY,
    keys: KeysFile = Path(KEYS_FILE),
    drift: Annotated[
        bool, typer.Option("--drift", help="Plan all stacks too, which takes a minute.")
    ] = False,
    backbone: Annotated[
        bool,
        typer.Option("--backbone", help="Have the edges measure the backbone and services too."),
    ] = False,
    output: Output = Path("cdktf.out"),
    terraform: Program = "terraform",
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Ask whether all of a topology is up, from end to end.

    It looks at the names, asks each origin for its health with the edge key, and each route who
    answers; asks Cloudflare which machines its tunnels have (CLOUDFLARE_API_TOKEN); and looks at
    certificates, keys, versions and probes that still run. With --backbone the edges
    measure the ways between sites and the services, which takes some seconds. With --drift it plans
    all stacks, and tells which are not as the file says. Nothing is changed.

    Exit codes: 0 nothing has failed, perhaps with warnings; 1 something has failed; 2 an error.
    """
    from trunkline.check.run import check_topology, is_up
    from trunkline.topology import load

    topology = load(file)
    with working(f"checking {topology.name}"):
        lines = check_topology(topology, keys, os.environ)
    if backbone:
        lines += _backbone(topology, keys)
    if drift:
        lines += _drift(file, output, keys, terraform)
    if format is Format.JSON:
        checks = [line.as_dict() for line in lines]
        print_json({"topology": topology.name, "up": is_up(lines), "checks": checks})
    else:
        _print_lines(lines)
    if not is_up(lines):
        raise typer.Exit(1)


def _backbone(topology: Topology, keys: Path) -> list[CheckLine]:
    from trunkline.check.backbone import backbone
    from trunkline.deploy.variables import edge_keys

    found = edge_keys(os.environ, keys)
    with working("having the edges measure the backbone"):
        return backbone(topology, found)


def _drift(file: str, output: Path, keys: Path, terraform: str) -> list[CheckLine]:
    from trunkline.check.drift import drift
    from trunkline.terraform.signals import raise_on_signal

    with raise_on_signal():
        return drift(file, output, keys, terraform)


def _print_lines(lines: Sequence[CheckLine]) -> None:
    rows = [(each.state.value, each.what, each.where, each.said, each.remedy) for each in lines]
    print_rows(("state", "what", "where", "found", "what to do"), rows)
    counts = Counter(line.state for line in lines)
    typer.echo(", ".join(f"{count} {state}" for state, count in counts.items()), err=True)
