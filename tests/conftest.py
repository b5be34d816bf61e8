"""What tests of all kinds share, and what has to be done before the first of them is imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock
from support.examples import Synthesized
from support.nodes import loaded

from trunkline import bindings
from trunkline.stacks.synthesize import synthesize

# Else the first test that imports a provider package costs each worker 37 s of CPU and 1.4 GB.
bindings.install()


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """The output of an example, made by whichever worker of this run asks for it first."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def output(topology: Path) -> Path:
        folder = shared / "synthesized" / topology.stem
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock"):
            if not (folder / "out" / "manifest.json").exists():
                synthesize(loaded(topology), folder / "out")
        return folder / "out"

    return output
