"""Which stacks a command is about: all of a topology, or those that `--only` names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import frozen

from trunkline.errors import ConfigurationError
from trunkline.model import Topology
from trunkline.stacks.specs import StackSpec, stack_specs
from trunkline.stacks.synthesize import stale_stacks


@frozen
class StackTarget:
    """A stack in its folder; one that is no longer in the topology has no `spec`."""

    folder: Path
    spec: StackSpec | None = None

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def after(self) -> tuple[str, ...]:
        """The stacks that have to be there before it."""
        return self.spec.after if self.spec else ()


def targets(topology: Topology, output: Path) -> list[StackTarget]:
    """Every stack of the topology, in the file's order, in the folder of a synthesis."""
    return [StackTarget(output / "stacks" / spec.name, spec) for spec in stack_specs(topology)]


def stale_targets(output: Path) -> list[StackTarget]:
    """The stacks that are no longer in the topology, and may still stand in the cloud."""
    return [StackTarget(folder) for folder in stale_stacks(output) if _is_stack(folder)]


def choose(found: Sequence[StackTarget], only: Iterable[str] = ()) -> list[StackTarget]:
    """Those with one of these names, or of a kind: `edge` is every `edge-…`; without names, all.

    ConfigurationError for a name that is none of theirs.
    """
    wanted = list(dict.fromkeys(only))
    for name in wanted:
        if not any(_answers_to(target, name) for target in found):
            raise ConfigurationError(
                f"--only: there is no stack {name!r}; use {_choices(found)}, several with commas "
                "between them"
            )
    if not wanted:
        return list(found)
    return [target for target in found if any(_answers_to(target, name) for name in wanted)]


def required_variables(target: StackTarget) -> list[str]:
    """The environment variables among what it takes to apply a stack."""
    needs = target.spec.needs if target.spec else ()
    return [need for need in needs if need.startswith("TF_VAR_") or need.isupper()]


def _answers_to(target: StackTarget, name: str) -> bool:
    return name in (target.name, target.name.split("-")[0])


def _choices(found: Sequence[StackTarget]) -> str:
    kinds = dict.fromkeys(target.name.split("-")[0] for target in found)
    names = [target.name for target in found if target.name not in kinds]
    return ", ".join([*kinds, *names])


def _is_stack(folder: Path) -> bool:
    try:
        return isinstance(json.loads((folder / "cdk.tf.json").read_text("utf-8")), dict)
    except (OSError, ValueError):
        return False
