"""Ctrl-C while Terraform itself applies stacks, whose resources are commands of this machine."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.examples import THREE
from support.loopback import eventually
from support.needs import needs

from trunkline.deploy.deployment import Deployment
from trunkline.deploy.health import EdgeWaiter
from trunkline.deploy.targets import StackTarget, choose, targets
from trunkline.terraform.commands import Commands
from trunkline.terraform.run import find_terraform, without_terraform_options
from trunkline.topology import load

pytestmark = [pytest.mark.slow, needs("terraform")]

TOPOLOGY = load(THREE)
SLOW = "touch ../../begun; sleep 60"


def write(folder: Path, name: str, **commands: str) -> None:
    """A stack with a resource for each command, one after the other."""
    made: dict[str, object] = {}
    for resource, command in commands.items():
        before = [f"terraform_data.{each}" for each in made]
        provisioner = {"local-exec": {"command": command}}
        made[resource] = {"provisioner": [provisioner], "depends_on": before}
    stack = folder / "stacks" / name
    stack.mkdir(parents=True, exist_ok=True)
    backend = {"local": {"path": f"../../../state/{name}.tfstate"}}
    content = {"terraform": {"backend": backend}, "resource": {"terraform_data": made}}
    (stack / "cdk.tf.json").write_text(json.dumps(content))


@contextmanager
def deployment(output: Path) -> Iterator[Deployment]:
    scratch = output.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    commands = Commands(find_terraform(), without_terraform_options())
    waiter = EdgeWaiter(TOPOLOGY, 0, "")
    made = Deployment(TOPOLOGY, output, scratch, commands, waiter, parallel=1)
    yield made
    made.close()


def chosen(output: Path) -> list[StackTarget]:
    return choose(targets(TOPOLOGY, output), ["edge-aws", "edge-google"])


def test_ctrl_c_keeps_what_was_made_and_the_next_run_does_what_is_left(tmp_path: Path) -> None:
    output = tmp_path / "cdktf.out"
    write(output, "edge-aws", quick="true", slow=SLOW)
    write(output, "edge-google", quick="true")

    def interrupt() -> None:
        eventually(lambda: (output / "begun").exists(), seconds=60)
        os.kill(os.getpid(), signal.SIGINT)

    began = time.monotonic()
    with deployment(output) as run:
        assert run.initialize(chosen(output)).complete
        planned = run.plan(chosen(output))
        thread = threading.Thread(target=interrupt)
        thread.start()
        outcome = run.carry_out(chosen(output), planned.plans)
        thread.join()
    assert time.monotonic() - began < 50, "it did not wait for the command to come to its end"
    assert (outcome.interrupted, outcome.not_begun) == (True, ("edge-google",))
    assert "what it had made by then is in its state" in str(outcome.failed["edge-aws"])
    state = json.loads((tmp_path / "state" / "edge-aws.tfstate").read_text())
    assert "quick" in {each["name"] for each in state["resources"]}
    assert not list((tmp_path / "state").glob(".*.lock.info"))

    write(output, "edge-aws", quick="true", slow="true")
    with deployment(output) as run:
        run.initialize(chosen(output))
        left = run.plan(chosen(output)).plans
        assert "terraform_data.quick" in left["edge-aws"].unchanged
        assert run.carry_out(chosen(output), left).complete
        assert not any(run.plan(chosen(output)).plans.values())


def test_a_command_that_fails_is_told_by_its_own_words(tmp_path: Path) -> None:
    output = tmp_path / "cdktf.out"
    write(output, "edge-aws", bad="echo '127.0.0.1:1 is taken'; exit 1")
    write(output, "edge-google", quick="true")
    with deployment(output) as run:
        run.initialize(chosen(output))
        outcome = run.carry_out(chosen(output), run.plan(chosen(output)).plans)
    assert outcome.done == ("edge-google",)
    assert "127.0.0.1:1 is taken" in str(outcome.failed["edge-aws"])
    assert "is taken" in run.log("edge-aws").read_text()
