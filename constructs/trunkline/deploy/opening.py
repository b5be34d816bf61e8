"""From a topology file to a deployment that is ready to plan."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trunkline.deploy.alone import alone_in
from trunkline.deploy.deployment import Deployment
from trunkline.deploy.health import EdgeWaiter
from trunkline.deploy.synthesis import synthesize_apart
from trunkline.deploy.variables import with_keys
from trunkline.errors import ConfigurationError
from trunkline.model import EDGE_KEY, TerraformCloudState, Topology
from trunkline.terraform.commands import Commands
from trunkline.terraform.plugins import CACHE, cache_folder
from trunkline.terraform.run import (
    OLDEST,
    WRITE_ONLY,
    check_version,
    find_terraform,
    without_terraform_options,
)
from trunkline.topology import load


@contextmanager
def open_deployment(
    file: str, output: Path, *, keys: Path, terraform: str, parallel: int, wait: float
) -> Iterator[Deployment]:
    """Synthesize the stacks of a topology file to `output`, for one run at a time.

    - `keys`: the file of the keys; where there is none, they are in the environment.
    - `terraform`: Terraform or OpenTofu, as a path or a name on PATH.
    - `parallel`: how many stacks are worked on at once.
    - `wait`: seconds to wait until an edge that was replaced answers; 0 does not wait.

    Raises a TrunklineError where the file has an error, where Terraform runs elsewhere, or where
    Terraform, the keys or the output folder are not as they should be. Nothing is changed then.
    """
    topology = _load(file)
    program = find_terraform(terraform)
    check_version(program, WRITE_ONLY if topology.backbone else OLDEST)
    env = _environment(keys)
    waiter = EdgeWaiter(topology, wait, env.get(f"TF_VAR_{EDGE_KEY.variable}", ""))
    with alone_in(output), tempfile.TemporaryDirectory(prefix="trunkline-") as scratch:
        synthesize_apart(Path(file), output)
        commands = Commands(program, env)
        deployment = Deployment(topology, output, Path(scratch), commands, waiter, parallel)
        try:
            yield deployment
        finally:
            deployment.close()


def _load(file: str) -> Topology:
    if file == "-":
        raise ConfigurationError("standard input is where you answer: name a topology file")
    topology = load(file)
    if isinstance(topology.state, TerraformCloudState):
        raise ConfigurationError(
            f"{topology.name} keeps its state at {topology.state.hostname}, where runs have the "
            "credentials and variables of their workspaces, which this command does not see: use "
            "trunkline synth, then terraform init and terraform apply in the stacks' folders"
        )
    return topology


def _environment(keys: Path) -> dict[str, str]:
    env = with_keys(without_terraform_options(), keys)
    return {**env, CACHE: str(cache_folder(os.environ).absolute())}
