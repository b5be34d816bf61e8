"""Every stack of every example is what its inventory says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from golden import inventory
from support.examples import TOPOLOGIES, Synthesized


@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.stem)
def test_the_stacks_are_as_listed(
    file: Path, synthesized: Synthesized, request: pytest.FixtureRequest
) -> None:
    folder = Path(__file__).parent / "inventories" / file.stem
    problems = []
    stacks = sorted((synthesized(file) / "stacks").iterdir())
    for stack in stacks:
        actual = inventory.elements(json.loads(_text(stack)))
        listed = folder / f"{stack.name}.json"
        expected = inventory.load(listed)
        if request.config.getoption("--regenerate"):
            folder.mkdir(parents=True, exist_ok=True)
            inventory.save(listed, inventory.regenerated(expected, actual))
        else:
            problems += [
                f"{stack.name}: {line}" for line in inventory.differences(expected, actual)
            ]
    names = {f"{stack.name}.json" for stack in stacks}
    problems += [
        f"{extra.name}: no such stack" for extra in folder.glob("*.json") if extra.name not in names
    ]
    assert not problems, "\n".join([*problems, "if this is meant: make golden"])


def _text(stack: Path) -> str:
    """What was synthesized; local machines name the Python that starts them, which lies elsewhere
    on every machine."""
    text = (stack / "cdk.tf.json").read_text()
    return text.replace(json.dumps(sys.executable), '"python3"')
