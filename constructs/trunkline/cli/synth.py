"""`trunkline synth`: the Terraform JSON of every stack."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import asdict

from trunkline.cli.output import Format, number, wants_color, working
from trunkline.stacks.specs import stack_specs

if TYPE_CHECKING:
    from trunkline.model import Topology
    from trunkline.stacks.synthesize import StackSummary


def synth(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A topology file.")],
    output: Annotated[
        Path, typer.Option(help="Where the stacks go; CDKTF reads them there.")
    ] = Path("cdktf.out"),
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Write the Terraform JSON of every stack, and show what was made.

    Where the file has an error, nothing is written. What Terraform keeps beside the stacks stays.
    """
    from trunkline.topology import load

    topology = load(file)
    from trunkline.stacks.synthesize import stale_stacks, synthesize

    with working(f"synthesizing {file}"):
        summaries = synthesize(topology, output)
    needs = {stack.name: stack.needs for stack in stack_specs(topology)}
    if format is Format.JSON:
        stacks = [_stack(summary, needs) for summary in summaries]
        typer.echo(json.dumps({"stacks": stacks, "probes": _probes(topology)}, indent=2))
    else:
        _print_stacks(summaries, needs, output)
        _print_probe_cost(topology)
    for folder in stale_stacks(output):
        typer.echo(
            f"{folder} is no longer in the topology: destroy it with terraform -chdir={folder} "
            "destroy, then delete the folder",
            err=True,
        )


def _stack(summary: StackSummary, needs: Mapping[str, Sequence[str]]) -> dict[str, object]:
    return {
        "name": summary.name,
        "folder": str(summary.folder),
        "resources": dict(summary.resources),
        "needs": list(needs[summary.name]),
    }


def _print_stacks(
    summaries: Sequence[StackSummary], needs: Mapping[str, Sequence[str]], output: Path
) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for heading in ("stack", "resources", "needs, to be applied"):
        table.add_column(heading, overflow="fold")
    for summary in summaries:
        table.add_row(summary.name, _counts(summary), "; ".join(needs[summary.name]))
    width = None if sys.stdout.isatty() else 200
    Console(width=width, no_color=not wants_color(sys.stdout)).print(table)
    total = sum(sum(summary.resources.values()) for summary in summaries)
    typer.echo(
        f"\n{number(len(summaries), 'stack')}, {number(total, 'resource')} in {output}/stacks. "
        f"Apply one: terraform -chdir={output}/stacks/{summaries[-1].name} init && "
        f"terraform -chdir={output}/stacks/{summaries[-1].name} apply"
    )


def _probes(topology: Topology) -> dict[str, object] | None:
    from trunkline.cost.probes import probe_cost

    cost = probe_cost(topology)
    return asdict(cost) if cost else None


def _print_probe_cost(topology: Topology) -> None:
    from trunkline.cost.probes import probe_cost

    if (cost := probe_cost(topology)) is None:
        return
    batches = topology.probe_batches
    batch = (
        f" (batch {topology.probes.batch} of {batches})" if topology.probes and batches > 1 else ""
    )
    unknown = (
        f", without {', '.join(cost.unknown)}, whose price is not known" if cost.unknown else ""
    )
    typer.echo(
        f"{number(cost.machines, 'probe')}{batch}: about {cost.dollars_per_hour:.2f} $ an hour "
        f"while they stand, at list prices of northern Virginia{unknown}"
    )


def _counts(summary: StackSummary) -> str:
    return (
        ", ".join(f"{count} {provider}" for provider, count in summary.resources.items()) or "none"
    )
