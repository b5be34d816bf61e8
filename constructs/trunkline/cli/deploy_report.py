"""How `plan`, `apply` and `destroy` tell what would become of stacks, and what has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from trunkline.cli.output import new_table, number, print_table

if TYPE_CHECKING:
    from trunkline.deploy.deployment import Deployment
    from trunkline.deploy.planned import Planned
    from trunkline.deploy.targets import StackTarget
    from trunkline.deploy.tasks import Outcome
    from trunkline.model import Topology


def print_plans(topology: Topology, targets: Sequence[StackTarget], planned: Planned) -> None:
    """A row for each stack that is planned, and what has to wait."""
    from trunkline.deploy.summary import count_changes, describe_all

    if planned.plans:
        table = new_table("stack", "what becomes of it", "resources")
        for name, sentence in describe_all(topology, targets, planned.plans).items():
            table.add_row(name, sentence, count_changes(planned.plans[name]))
        print_table(table)
    for target in planned.later:
        typer.echo(f"{target.name}: planned once {', '.join(target.after)} is there")
    if not any(planned.plans.values()):
        typer.echo(f"\nNothing to do: {number(len(planned.plans), 'stack')} as it should be.")


def plans_as_data(
    topology: Topology, targets: Sequence[StackTarget], planned: Planned
) -> dict[str, object]:
    """The same for tools: resources by what becomes of them, with Terraform's addresses."""
    from trunkline.deploy.summary import describe_all, held_by
    from trunkline.terraform.plan import Action

    stacks = [
        {
            "name": name,
            "summary": sentence,
            "changes": bool(planned.plans[name]),
            **{action.value: planned.plans[name].addresses(action) for action in Action},
            "holds_more": held_by(topology, planned.plans[name]),
        }
        for name, sentence in describe_all(topology, targets, planned.plans).items()
    ]
    return {
        "topology": topology.name,
        "changes": any(planned.plans.values()) or bool(planned.later),
        "stacks": stacks,
        "later": [{"name": each.name, "after": list(each.after)} for each in planned.later],
    }


def print_failures(deployment: Deployment, outcome: Outcome, later: Sequence[str] = ()) -> None:
    """What failed and why, with the log of all of it, and what was not begun."""
    from trunkline.documents.findings import printable

    for name, error in outcome.failed.items():
        first, *more = map(printable, str(error).splitlines())
        typer.echo(f"\n{name} failed: {first}", err=True)
        for line in more:
            typer.echo(f"  {line}", err=True)
        typer.echo(f"  All that Terraform said: {deployment.log(name)}", err=True)
    if not_begun := [*outcome.not_begun, *later]:
        typer.echo(f"\nnot begun: {', '.join(not_begun)}", err=True)
