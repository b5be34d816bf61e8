"""The commands of the guides, run from the first to the last with real Terraform."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.examples import ROOT
from support.guides import GUIDES, blocks

# What a user types at Terraform's question.
ANSWERS = {f"TF_CLI_ARGS_{command}": "-auto-approve" for command in ("apply", "destroy")}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the guides use of a checkout."""
    for name in ("schemas", "topologies"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_the_commands_of_a_guide_run_in_their_order(
    guide: Path, checkout: Path, running_env: Mapping[str, str]
) -> None:
    own = {name: value for name, value in running_env.items() if not name.startswith("TF_VAR_")}
    env = {**own, **ANSWERS, **environment(), "TF_IN_AUTOMATION": "1"}
    env["CLOUDFLARE_API_TOKEN"] = "token"
    printed = ""
    for block in blocks(guide):
        match block.language, block.words:
            case "sh", "runnable":
                printed = run(block.text, checkout, env)
            case "yaml", str(name) if name:
                (checkout / name).write_text(block.text)
            case "text", "printed":
                assert [line for line in block.text.splitlines() if line not in printed] == []
    left = {path.name for path in checkout.iterdir()}
    assert left == {"schemas", "topologies"}, "the guide says how to undo everything"


def environment() -> dict[str, str]:
    """An environment in which `trunkline` is the one that is tested."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PATH": path, "PYTHONPATH": str(ROOT / "constructs")}


def run(commands: str, folder: Path, env: Mapping[str, str]) -> str:
    """Run commands in bash, each of which has to succeed; returns what they print.

    It knows the keys that were loaded in the shell of the commands before.
    """
    again = "test ! -e keys.env || . ./keys.env"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{again}\n{commands}"],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}"
    return done.stdout
