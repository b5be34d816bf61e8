"""Whether what stands in the clouds is what the topology says, by Terraform's plans."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trunkline.check.line import CheckLine, State
from trunkline.deploy.deployment import Deployment
from trunkline.deploy.opening import open_deployment
from trunkline.deploy.summary import NOTHING, describe_all
from trunkline.deploy.targets import StackTarget, targets
from trunkline.deploy.tasks import Outcome
from trunkline.deploy.variables import check_variables

PARALLEL = 4
_LATER = "can be planned once the stacks before it are there"


def drift(file: str, output: Path, keys: Path, terraform: str) -> list[CheckLine]:
    """A line for each stack: whether its plan is empty.

    Raises a TrunklineError where the stacks cannot be planned at all.
    """
    opening = open_deployment(
        file, output, keys=keys, terraform=terraform, parallel=PARALLEL, wait=0
    )
    with opening as deployment:
        found = targets(deployment.topology, output)
        check_variables(found, deployment.commands.env, file, keys)
        outcome = deployment.initialize(found)
        if not outcome.complete:
            return list(_unknown(outcome))
        return _planned(deployment, found)


def _planned(deployment: Deployment, found: list[StackTarget]) -> list[CheckLine]:
    planned = deployment.plan(found)
    sentences = describe_all(deployment.topology, found, planned.plans)
    return [
        *(_line(name, sentence) for name, sentence in sentences.items()),
        *_unknown(planned.outcome),
        *(CheckLine("drift", each.name, State.UNKNOWN, _LATER) for each in planned.later),
    ]


def _line(stack: str, sentence: str) -> CheckLine:
    if sentence == NOTHING:
        return CheckLine("drift", stack, State.OK, "is as the file says")
    said = f"an apply {sentence}"
    return CheckLine("drift", stack, State.WARNING, said, f"trunkline apply --only {stack}")


def _unknown(outcome: Outcome) -> Iterator[CheckLine]:
    for stack, error in outcome.failed.items():
        said = f"cannot be planned: {error}"
        yield CheckLine("drift", stack, State.UNKNOWN, said, f"trunkline plan --only {stack}")
    for stack in outcome.not_begun:
        yield CheckLine("drift", stack, State.UNKNOWN, "was not planned")
