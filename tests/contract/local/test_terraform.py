"""Machines as Terraform itself makes and ends them, with the built-in terraform_data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.loopback import eventually
from support.machines import STATE, Stack, sample, script
from support.needs import needs

from trunkline.local.machine import LocalMachine

pytestmark = [pytest.mark.slow, needs("terraform")]


def resource(machine: LocalMachine) -> dict[str, object]:
    python = f"{sys.executable} -m trunkline.local"
    start = {
        "command": f"{python} start ${{self.input}}",
        "environment": {"TRUNKLINE_MACHINE": "${self.triggers_replace[0]}"},
    }
    stop = {"command": f"{python} stop ${{self.input}}", "when": "destroy"}
    return {
        "input": f"{STATE}/{machine.name}",
        "triggers_replace": [machine.to_json()],
        "provisioner": [{"local-exec": start}, {"local-exec": stop}],
    }


def write(folder: Path, *machines: LocalMachine) -> None:
    resources = {machine.name: resource(machine) for machine in machines}
    path = folder / "cdk.tf.json"
    path.write_text(json.dumps({"resource": {"terraform_data": resources}}))


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["terraform", *arguments, "-no-color"]
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90
    )


@pytest.fixture
def folder(stack: Stack) -> Path:
    (stack.cwd / "cdk.tf.json").write_text("{}")
    assert terraform(stack.cwd, "init").returncode == 0
    return stack.cwd


def test_apply_plan_again_and_destroy(stack: Stack, folder: Path) -> None:
    machines = [sample("one"), sample("two")]
    write(folder, *machines)
    applied = terraform(folder, "apply", "-auto-approve")
    assert applied.returncode == 0, applied.stderr
    assert "one is up after" in applied.stdout
    assert terraform(folder, "plan", "-detailed-exitcode").returncode == 0
    assert terraform(folder, "destroy", "-auto-approve").returncode == 0
    stack.assert_nothing_left(*machines)


def test_a_change_replaces_that_machine_alone(stack: Stack, folder: Path) -> None:
    kept, old, new = sample("kept"), sample("changed"), sample("changed")
    write(folder, kept, old)
    terraform(folder, "apply", "-auto-approve")
    before = stack.process("kept")
    write(folder, kept, new)
    assert "1 added, 0 changed, 1 destroyed" in terraform(folder, "apply", "-auto-approve").stdout
    assert stack.process("kept") == before
    assert stack.folder("changed").joinpath("machine.json").read_text() == new.to_json()
    terraform(folder, "destroy", "-auto-approve")
    stack.assert_nothing_left(kept, old, new)


def test_a_start_that_fails_shows_its_sentence_and_can_be_repeated(
    stack: Stack, folder: Path
) -> None:
    bad, good = script("raise SystemExit('the cause')\n"), sample()
    write(folder, bad)
    applied = terraform(folder, "apply", "-auto-approve")
    assert applied.returncode == 1
    said = " ".join(applied.stderr.replace("│", " ").split())  # Terraform breaks lines
    assert "web: script ended with exit code 1 while it started; its log ends with: the cause" in (
        said
    )
    stack.assert_nothing_left(bad)
    write(folder, good)
    assert terraform(folder, "apply", "-auto-approve").returncode == 0
    terraform(folder, "destroy", "-auto-approve")
    stack.assert_nothing_left(bad, good)


def test_a_killed_terraform_leaves_what_the_next_destroy_ends(stack: Stack, folder: Path) -> None:
    quick = sample("quick")
    slow = script("import time\ntime.sleep(600)\n", name="slow", seconds=30)
    write(folder, quick, slow)
    apply = subprocess.Popen(
        ["terraform", "apply", "-auto-approve"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(lambda: stack.find_process("quick") and stack.find_process("slow"))
    os.killpg(apply.pid, signal.SIGKILL)
    apply.wait()
    eventually(lambda: not stack.folder("slow").exists())
    terraform(folder, "destroy", "-auto-approve")
    stack.run("stop", "quick")  # which Terraform may have had no time to note
    stack.assert_nothing_left(quick, slow)
