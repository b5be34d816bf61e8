"""`trunkline plan`, `apply` and `destroy`: Terraform over the stacks of a topology."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trunkline.cli.arguments import TOPOLOGY
from trunkline.cli.keys import FILE as KEYS_FILE
from trunkline.cli.output import Format, print_json, working

if TYPE_CHECKING:
    from trunkline.deploy.deployment import Deployment
    from trunkline.deploy.planned import Planned
    from trunkline.deploy.targets import StackTarget
    from trunkline.deploy.tasks import Outcome

PARALLEL = 4
WAIT = 300.0
INTERRUPTED = 130

File = Annotated[str, typer.Argument(metavar="FILE", help="A topology file.")]
Only = Annotated[
    str,
    typer.Option(
        metavar="NAME[,NAME]", help="These stacks, or all of a kind: zones, probes, edge, routing."
    ),
]
Output = Annotated[Path, typer.Option(help="The folder for the stacks, where CDKTF reads them.")]
KeysFile = Annotated[
    Path, typer.Option("--keys", help="What trunkline keys made; if absent, the environment.")
]
Program = Annotated[
    str, typer.Option(metavar="NAME", help="Terraform: a path, or a name on PATH such as tofu.")
]
Parallel = Annotated[int, typer.Option(min=1, help="How many stacks are worked on at once.")]
Wait = Annotated[
    float, typer.Option(min=0, help="Seconds in which an edge that was replaced has to answer.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking, as CI has to.")]
Confirm = Annotated[
    str,
    typer.Option(metavar="NAME", help="The topology's name, where you would be asked to type it."),
]


def plan(
    file: File = TOPOLOGY,
    only: Only = "",
    output: Output = Path("cdktf.out"),
    keys: KeysFile = Path(KEYS_FILE),
    terraform: Program = "terraform",
    parallel: Parallel = PARALLEL,
    format: Annotated[
        Format, typer.Option(help="text: a table. json: one object on stdout, for tools.")
    ] = Format.TEXT,
) -> None:
    """Say what `trunkline apply` would do, and do nothing.

    The stacks are written to the output folder, and planned with Terraform.

    Exit codes: 0 all stacks are planned, whether or not there is something to do; 1 some could not
    be planned; 2 an error; 130 after Ctrl-C.
    """
    from trunkline.cli.deploy_report import plans_as_data, print_plans

    with _opened(file, output, keys, terraform, parallel) as deployment:
        targets = _targets(deployment, file, keys, only)
        planned = _plan(deployment, targets)
        if format is Format.JSON:
            print_json(plans_as_data(deployment.topology, targets, planned))
        else:
            print_plans(deployment.topology, targets, planned)


def apply(
    file: File = TOPOLOGY,
    only: Only = "",
    output: Output = Path("cdktf.out"),
    keys: KeysFile = Path(KEYS_FILE),
    terraform: Program = "terraform",
    parallel: Parallel = PARALLEL,
    wait: Wait = WAIT,
    yes: Yes = False,
    confirm: Confirm = "",
) -> None:
    """Make everything as the topology says, or some of its stacks.

    All stacks are planned, you read what would become of each, and answer; exactly these plans are
    carried out. Stacks go side by side where none needs another. Edges that are replaced go one
    after another, and so do the replicas of one edge, each once the one before answers (--wait 0
    does not look). What sends requests to edges changes after them.

    The keys come from their file. Ctrl-C lets Terraform end what is under way, a second one ends it
    at once. After that, or after a failure, run the command again: it does what is left.

    Exit codes: 0 all is as the topology says; 1 some stacks failed, or you answered no; 2 nothing
    was begun; 130 after Ctrl-C.
    """
    from trunkline.cli.deploy_report import print_plans

    _check_asking(yes)
    with _opened(file, output, keys, terraform, parallel, wait) as deployment:
        targets = _targets(deployment, file, keys, only)
        while targets:
            planned = _plan(deployment, targets)
            print_plans(deployment.topology, targets, planned)
            if any(planned.plans.values()):
                _ask(deployment, planned, yes, confirm)
                _conclude(deployment, deployment.carry_out(targets, planned.plans), planned.later)
            targets = list(planned.later)


def destroy(
    file: File = TOPOLOGY,
    only: Only = "",
    output: Output = Path("cdktf.out"),
    keys: KeysFile = Path(KEYS_FILE),
    terraform: Program = "terraform",
    parallel: Parallel = PARALLEL,
    yes: Yes = False,
    confirm: Confirm = "",
) -> None:
    """Take down what `trunkline apply` has made, or some of its stacks.

    So do stacks go that are no longer in the topology. You read what would go, and answer. Where
    something holds more than the stacks have made, such as a zone with its records, you type the
    topology's name as well.

    Exit codes: 0 nothing of it is left; 1 some stacks failed, or you answered no; 2 nothing was
    begun; 130 after Ctrl-C.
    """
    from trunkline.cli.deploy_report import print_plans

    _check_asking(yes)
    with _opened(file, output, keys, terraform, parallel) as deployment:
        targets = _targets(deployment, file, keys, only, stale=True)
        planned = _plan(deployment, targets, destroy=True)
        print_plans(deployment.topology, targets, planned)
        if any(planned.plans.values()):
            _ask(deployment, planned, yes, confirm)
            outcome = deployment.carry_out(targets, planned.plans, destroy=True)
            _conclude(deployment, outcome, destroy=True)
        deployment.forget_stale(targets)


def _check_asking(yes: bool) -> None:
    from trunkline.errors import ConfigurationError

    if not (yes or sys.stdin.isatty()):
        raise ConfigurationError(
            "there is no terminal on which to ask: read trunkline plan, then give --yes"
        )


@contextmanager
def _opened(
    file: str, output: Path, keys: Path, terraform: str, parallel: int, wait: float = 0
) -> Iterator[Deployment]:
    from trunkline.deploy.opening import open_deployment
    from trunkline.terraform.signals import raise_on_signal

    opening = open_deployment(
        file, output, keys=keys, terraform=terraform, parallel=parallel, wait=wait
    )
    with raise_on_signal(), ExitStack() as stack:
        with working(f"synthesizing {file}"):
            deployment = stack.enter_context(opening)
        yield deployment


def _targets(
    deployment: Deployment, file: str, keys: Path, only: str, *, stale: bool = False
) -> list[StackTarget]:
    """The chosen stacks, for which all that they need of the environment is there."""
    from trunkline.deploy.targets import choose, stale_targets, targets
    from trunkline.deploy.variables import check_variables

    no_longer = stale_targets(deployment.output)
    found = targets(deployment.topology, deployment.output)
    names = [name.strip() for name in only.split(",") if name.strip()]
    chosen = choose([*found, *no_longer] if stale else found, names)
    check_variables(chosen, deployment.commands.env, file, keys)
    for target in [] if stale else no_longer:
        typer.echo(
            f"{target.name} is no longer in the topology, and may still stand: trunkline destroy "
            f"{file} --only {target.name}",
            err=True,
        )
    return chosen


def _plan(
    deployment: Deployment, targets: Sequence[StackTarget], *, destroy: bool = False
) -> Planned:
    """Plan them; the command ends where one cannot be."""
    from trunkline.cli.deploy_report import print_failures

    outcome = deployment.initialize(targets)
    if outcome.complete:
        planned = deployment.plan(targets, destroy=destroy)
        if planned.outcome.complete:
            return planned
        outcome = planned.outcome
    print_failures(deployment, outcome)
    typer.echo("Nothing was changed.", err=True)
    raise typer.Exit(INTERRUPTED if outcome.interrupted else 1)


def _ask(deployment: Deployment, planned: Planned, yes: bool, confirm: str) -> None:
    """Go on only if the operator wants it, and twice where more would go than the stacks made."""
    from trunkline.deploy.summary import held_by

    name = deployment.topology.name
    held = [line for each in planned.plans.values() for line in held_by(deployment.topology, each)]
    for line in held:
        typer.echo(f"\nThis goes with it: {line}.")
    if held and confirm != name:
        _ask_for_name(name)
    if not yes and not typer.confirm("\nDo it?"):
        typer.echo("Nothing was changed.", err=True)
        raise typer.Exit(1)


def _ask_for_name(name: str) -> None:
    from trunkline.errors import ConfigurationError

    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"nothing was changed: say with --confirm {name} that this is to go as well"
        )
    if typer.prompt(f"Type {name} to let it go") != name:
        typer.echo("That is not the topology's name. Nothing was changed.", err=True)
        raise typer.Exit(1)


def _conclude(
    deployment: Deployment,
    outcome: Outcome,
    later: Sequence[StackTarget] = (),
    *,
    destroy: bool = False,
) -> None:
    """Say what was done and what was not; the command ends where something was not."""
    from trunkline.cli.deploy_report import print_failures

    if outcome.done:
        typer.echo(f"\n{'destroyed' if destroy else 'applied'}: {', '.join(outcome.done)}")
    if not destroy:
        typer.echo(deployment.outputs_of_routing(outcome), nl=False)
    if outcome.complete:
        return
    print_failures(deployment, outcome, [target.name for target in later])
    typer.echo("Run the same command again: it does what is left.", err=True)
    raise typer.Exit(INTERRUPTED if outcome.interrupted else 1)
