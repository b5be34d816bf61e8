"""`trunkline local up` and `down`: what they print and keep, on a Terraform that does nothing."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.command import Environment, trunkline
from support.examples import ROOT

from trunkline.demo.report import Report
from trunkline.deploy import preflight, workspace
from trunkline.deploy.workspace import DEMO, KEPT, Workspace
from trunkline.errors import MachineError, OutputError
from trunkline.terraform.run import Terraform

LOCAL = ROOT / "topologies" / "local.yaml"


@pytest.fixture
def terraform(tmp_path: Path) -> Environment:
    """The environment with a Terraform that notes what it is asked to do, and says that it can."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    steps = ('[ "$1" = init ] && mkdir .terraform', f'echo "$1 ${{PWD##*/}}" >> {tmp_path}/asked')
    program.write_text("\n".join(["#!/bin/sh", *steps, ""]))
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin"}


@pytest.fixture(autouse=True)
def synthesis(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks that a synthesis writes, in place of the real one: that takes two seconds.

    Addresses are not looked at either: a topology of the developer's own may be up.
    """
    monkeypatch.setattr(preflight, "check", lambda topology, folder: None)
    stacks = ["edge-aws", "routing"]

    def synth(file: Path, output: Path) -> None:
        for name in stacks:
            folder = output / "stacks" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "cdk.tf.json").write_text("{}")
        (output / "manifest.json").write_text(json.dumps({"stacks": {name: {} for name in stacks}}))

    monkeypatch.setattr(workspace, "synthesize_apart", synth)
    return stacks


def asked(folder: Path) -> list[str]:
    return sorted((folder / "asked").read_text().splitlines())


def test_up_applies_every_stack_and_says_what_to_do_next(
    tmp_path: Path, terraform: Environment
) -> None:
    done = trunkline("local", "up", LOCAL, "--folder", tmp_path / "local", env=terraform)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    assert asked(tmp_path) == ["apply edge-aws", "apply routing", "init edge-aws", "init routing"]
    assert "curl http://127.0.0.1:8000/api/v5\n" in done.stdout
    asks = "curl --connect-to claude.internal:80:127.10.0.1:10080 http://claude.internal/\n"
    assert asks in done.stdout
    assert "/local-edge-google-services/authority.pem https://us-east4-" in done.stdout
    assert f"trunkline local down --folder {tmp_path / 'local'}\n" in done.stdout
    assert Workspace(tmp_path / "local").use == KEPT


def test_up_destroys_a_stack_that_is_no_longer_there(
    tmp_path: Path, terraform: Environment, synthesis: list[str]
) -> None:
    trunkline("local", "up", LOCAL, "--folder", tmp_path / "local", env=terraform)
    synthesis.remove("edge-aws")
    trunkline("local", "up", LOCAL, "--folder", tmp_path / "local", env=terraform)
    assert "destroy edge-aws" in asked(tmp_path)
    assert not (tmp_path / "local" / "cdktf.out" / "stacks" / "edge-aws").exists()


def test_down_destroys_everything_and_keeps_nothing(tmp_path: Path, terraform: Environment) -> None:
    folder = tmp_path / "local"
    trunkline("local", "up", LOCAL, "--folder", folder, env=terraform)
    done = trunkline("local", "down", "--folder", folder, env=terraform)
    assert done.returncode == 0
    assert {"destroy edge-aws", "destroy routing"} <= set(asked(tmp_path))
    assert Workspace(folder).use is None
    assert not (folder / "cdktf.out").exists()
    assert not (folder / "probe-key").exists()


def test_down_ends_although_terraform_cannot(tmp_path: Path, terraform: Environment) -> None:
    folder = tmp_path / "local"
    trunkline("local", "up", LOCAL, "--folder", folder, env=terraform)
    (tmp_path / "bin" / "terraform").write_text("#!/bin/sh\necho broken; exit 1\n")
    done = trunkline("local", "down", "--folder", folder, env=terraform)
    assert "everything was ended, although terraform destroy failed" in done.stdout + done.stderr
    assert Workspace(folder).use is None


def test_down_says_so_where_nothing_is_up(tmp_path: Path) -> None:
    done = trunkline("local", "down", "--folder", tmp_path)
    assert (done.returncode, done.stdout) == (0, f"nothing is up in {tmp_path}\n")


def test_up_starts_nothing_where_something_is_missing(
    tmp_path: Path, terraform: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(topology: object, folder: Path) -> None:
        raise MachineError("nothing was started:\n  Envoy is not installed")

    monkeypatch.setattr(preflight, "check", missing)
    done = trunkline("local", "up", LOCAL, "--folder", tmp_path / "local", env=terraform)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nothing was started:\n  Envoy is not installed\n"
    assert not (tmp_path / "asked").exists()
    assert Workspace(tmp_path / "local").use is None


@pytest.mark.parametrize("running", [0, 2])
def test_ctrl_c_in_up_says_what_still_runs(
    running: int, tmp_path: Path, terraform: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    machine = SimpleNamespace(supervisor_pid=7)
    down = SimpleNamespace(supervisor_pid=None)
    monkeypatch.setattr(Terraform, "apply", interrupted)
    monkeypatch.setattr("trunkline.local.status.machines", lambda _: [down, *[machine] * running])
    folder = tmp_path / "local"
    done = trunkline("local", "up", LOCAL, "--folder", folder, env=terraform)
    assert done.returncode == 130
    told = (
        "2 machines still up: run the same command to go on, or trunkline local down "
        f"--folder {folder} to take everything down\n"
    )
    assert (told in done.stderr) == (running > 0)


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_demo_prints_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    class Demo:
        def __init__(self, file: Path, workspace: Workspace) -> None:
            assert (file, workspace.folder) == (LOCAL, tmp_path)

        def run(self) -> Report:
            report = Report(written=["heatmap.svg"])
            report.add("start-up", "4.8 s", 4.8, 5.0, "s")
            return report

    monkeypatch.setattr("trunkline.demo.run.Demo", Demo)
    done = trunkline("local", "demo", LOCAL, "--folder", tmp_path, "--format", format)
    assert done.returncode == 0
    if format == "json":
        assert json.loads(done.stdout)["written"] == ["heatmap.svg"]
    else:
        assert "start-up   4.8 s    at most 5 s: met\n" in done.stdout
        assert done.stdout.endswith("written: heatmap.svg\n")


def test_a_use_that_failed_before_anything_was_up_is_forgotten(
    tmp_path: Path, terraform: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: Path, output: Path) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr(workspace, "synthesize_apart", fail)
    done = trunkline("local", "up", LOCAL, "--folder", tmp_path / "local", env=terraform)
    assert done.returncode == 2
    assert "the disk is full" in done.stderr
    assert Workspace(tmp_path / "local").use not in (KEPT, DEMO)
