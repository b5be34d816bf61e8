"""`trunkline synth`: writes the Terraform JSON of every stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import asdict

from trunkline.cli.arguments import TOPOLOGY, TopologyFile
from trunkline.cli.output import Format, new_table, number, print_json, print_table, working
from trunkline.stacks.specs import stack_specs

if TYPE_CHECKING:
    from trunkline.cost.probes import ProbeCost
    from trunkline.model import Topology
    from trunkline.stacks.synthesize import StackSummary


def synth(
    file: TopologyFile = TOPOLOGY,
    output: Annotated[
        Path, typer.Option(help="The folder for the stacks, where CDKTF reads them.")
    ] = Path("cdktf.out"),
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Write the Terraform JSON of every stack, and list the stacks.

    Where the file has an error, nothing is written. What Terraform keeps beside the stacks stays.
    """
    from trunkline.topology import load

    topology = load(file)
    from trunkline.stacks.synthesize import stale_stacks, synthesize

    with working(f"synthesizing {file}"):
        summaries = synthesize(topology, output)
    specs = stack_specs(topology)
    needs = {stack.name: stack.needs for stack in specs}
    cautions = {stack.name: stack.caution for stack in specs if stack.caution}
    if format is Format.JSON:
        stacks = [_stack(summary, needs, cautions) for summary in summaries]
        print_json({"stacks": stacks, "probes": _probes(topology)})
    else:
        _print_stacks(summaries, needs, output)
        _print_probe_cost(topology)
    for name, caution in cautions.items():
        typer.echo(f"{name}: {caution}", err=True)
    for folder in stale_stacks(output):
        typer.echo(
            f"{folder} is no longer in the topology: destroy it with terraform -chdir={folder} "
            "destroy, then delete the folder",
            err=True,
        )


def _stack(
    summary: StackSummary, needs: Mapping[str, Sequence[str]], cautions: Mapping[str, str]
) -> dict[str, object]:
    return {
        "name": summary.name,
        "folder": str(summary.folder),
        "resources": dict(summary.resources),
        "needs": list(needs[summary.name]),
        "caution": cautions.get(summary.name),
    }


def _print_stacks(
    summaries: Sequence[StackSummary], needs: Mapping[str, Sequence[str]], output: Path
) -> None:
    table = new_table("stack", "resources", "needs to be applied")
    for summary in summaries:
        table.add_row(summary.name, _counts(summary), "; ".join(needs[summary.name]))
    print_table(table)
    total = sum(sum(summary.resources.values()) for summary in summaries)
    stack = f"terraform -chdir={output}/stacks/{summaries[-1].name}"
    typer.echo(
        f"\n{number(len(summaries), 'stack')}, {number(total, 'resource')} in {output}/stacks. "
        f"Apply one:\n{stack} init\n{stack} apply"
    )


def _probes(topology: Topology) -> dict[str, object] | None:
    cost = _probe_cost(topology)
    return asdict(cost) if cost else None


def _probe_cost(topology: Topology) -> ProbeCost | None:
    from trunkline.cost.prices import load_prices
    from trunkline.cost.probes import probe_cost

    book, _ = load_prices()
    return probe_cost(topology, book)


def _print_probe_cost(topology: Topology) -> None:
    if (cost := _probe_cost(topology)) is None:
        return
    batches = topology.probe_batches
    batch = (
        f" (batch {topology.probes.batch} of {batches})" if topology.probes and batches > 1 else ""
    )
    unknown = f", without {', '.join(cost.unknown)}: not known" if cost.unknown else ""
    typer.echo(
        f"{number(cost.machines, 'probe')}{batch}: about {cost.dollars_per_hour:.2f} $ an hour "
        f"while they run, at list prices{unknown}"
    )


def _counts(summary: StackSummary) -> str:
    return (
        ", ".join(f"{count} {provider}" for provider, count in summary.resources.items()) or "none"
    )
