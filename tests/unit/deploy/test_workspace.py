"""The folder of a local topology."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.examples import ROOT

from trunkline.deploy.workspace import KEPT, Workspace
from trunkline.errors import ConfigurationError, TerraformError


def test_the_key_is_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "local")
    assert workspace.key() == Workspace(tmp_path / "local").key()
    assert workspace.key_file.stat().st_mode & 0o777 == 0o600


def test_every_later_run_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with Workspace(tmp_path).alone():
        for _ in range(2):
            refused = pytest.raises(
                ConfigurationError, match=rf"another run .* \(pid {os.getpid()}\)"
            )
            with refused, Workspace(tmp_path).alone():
                pass


def test_a_folder_is_free_after_a_run_that_failed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(KeyError), workspace.alone():
        raise KeyError
    with Workspace(tmp_path).alone():
        pass


def test_a_folder_is_free_after_a_run_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from trunkline.deploy.workspace import Workspace\n"
        "with Workspace(Path(sys.argv[1])).alone(): print('ready', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        refused = pytest.raises(ConfigurationError, match=rf"\(pid {other.pid}\): wait for it")
        with refused, Workspace(tmp_path).alone():
            pass
        other.kill()
    with Workspace(tmp_path).alone():
        pass


def test_a_topology_in_clouds_is_not_for_this_machine(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="use trunkline synth and Terraform"):
        Workspace(tmp_path).synthesize(ROOT / "topologies" / "three-clouds.yaml", KEPT)


def test_stacks_that_others_made_are_left_alone(tmp_path: Path) -> None:
    stack = tmp_path / "cdktf.out" / "stacks" / "edge-aws"
    stack.mkdir(parents=True)
    (stack / "cdk.tf.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="choose another --folder"):
        Workspace(tmp_path).synthesize(ROOT / "topologies" / "local.yaml", KEPT)
    assert (stack / "cdk.tf.json").read_text() == "{}"


def test_without_terraform_it_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TerraformError, match="terraform is not on PATH; install"):
        Workspace(tmp_path).synthesize(ROOT / "topologies" / "local.yaml", KEPT)
    assert not (tmp_path / "cdktf.out").exists()


def test_an_interrupted_run_leaves_no_synthesis_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[str]] = []

    class Interrupted(subprocess.Popen[str]):
        """A process that Ctrl-C meets before its caller knows of it."""

        def __init__(self, command: list[str], **options: Any) -> None:
            super().__init__([sys.executable, "-c", "import time; time.sleep(60)"], **options)
            started.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        Workspace(tmp_path).synthesize(ROOT / "topologies" / "local.yaml", KEPT)
    [process] = started
    assert process.poll() == -signal.SIGKILL


def test_a_changed_name_is_refused_while_the_old_one_may_stand(tmp_path: Path) -> None:
    output = tmp_path / "cdktf.out"
    output.mkdir()
    (output / "topology.json").write_text('{"name": "before"}')
    refused = pytest.raises(
        ConfigurationError, match="holds the topology before, and this one is called local"
    )
    with refused:
        Workspace(tmp_path).synthesize(ROOT / "topologies" / "local.yaml", KEPT)


def test_terraform_is_told_where_workerd_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "workerd"
    program.touch(0o755)
    monkeypatch.setenv("TRUNKLINE_WORKERD", str(program))
    assert Workspace(tmp_path).terraform.env["TRUNKLINE_WORKERD"] == str(program)
    monkeypatch.setenv("TRUNKLINE_WORKERD", "/nowhere/workerd")
    assert "TRUNKLINE_WORKERD" not in Workspace(tmp_path).terraform.env
