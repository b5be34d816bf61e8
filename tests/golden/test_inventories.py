"""Every stack of every example is what its inventory says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from golden import inventory
from support.examples import TOPOLOGIES

from trunkline.stacks.synthesize import synthesize
from trunkline.topology import load


@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.stem)
def test_the_stacks_are_as_listed(
    file: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Local machines name the Python that starts them, which lies elsewhere on every machine.
    monkeypatch.setenv("TRUNKLINE_PYTHON", "python3")
    folder = Path(__file__).parent / "inventories" / file.stem
    problems = []
    stacks = synthesize(load(file), tmp_path)
    for stack in stacks:
        actual = inventory.elements(json.loads((stack.folder / "cdk.tf.json").read_text()))
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
