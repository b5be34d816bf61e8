"""`trunkline logs`: the consoles of the clouds' machines, and the logs of this machine's."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from support.command import trunkline
from support.examples import ROOT, THREE

from trunkline.deploy import console
from trunkline.topology import load

DOUBLE = ROOT / "tests" / "doubles" / "cloud_cli.py"
BACKBONE = ROOT / "topologies" / "backbone.yaml"
LOCAL = ROOT / "topologies" / "local.yaml"
START = "booting\r\n\x1b[0;32mOK\x1b[0m started\n\n\x1b]bad\x07\tend"
MACHINES = {
    "us-east-1/three-clouds-edge-aws": START,
    "acme-backbone/us-east4-a/three-clouds-edge-google": "",
    "00000000-0000-4000-8000-000000000000/three-clouds-edge-azure/three-clouds-edge-azure": "a\nb",
    "us-east-1/backbone-edge-aws": "first",
    "us-east-1/backbone-edge-aws-us-east-1b": "second",
}

Env = Mapping[str, str]


@pytest.fixture
def env(tmp_path: Path) -> Env:
    """An environment in which the clouds' command lines are doubles, and nothing else is."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("aws", "gcloud", "az"):
        text = DOUBLE.read_text().replace("/usr/bin/env python3", sys.executable)
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (programs / "machines.json").write_text(json.dumps(MACHINES))
    return {"PATH": str(programs)}


def test_the_console_of_an_edge_is_printed_without_what_moves_the_cursor(env: Env) -> None:
    done = trunkline("logs", "aws", THREE, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "booting\nOK started\nbad\\x07 end\n"


def test_the_last_lines_alone_can_be_asked_for(env: Env) -> None:
    assert trunkline("logs", "azure", THREE, "--lines", 1, env=env).stdout == "b\n"


def test_each_edge_of_a_site_has_its_console(env: Env) -> None:
    done = trunkline("logs", "aws", BACKBONE, env=env)
    assert done.stdout.splitlines() == [
        "backbone-edge-aws: first",
        "backbone-edge-aws-us-east-1b: second",
    ]
    one = trunkline("logs", "aws", BACKBONE, "--zone", "us-east-1b", env=env)
    assert one.stdout == "second\n"


def test_json_has_the_lines_of_each_machine(env: Env) -> None:
    done = trunkline("logs", "azure", THREE, "--format", "json", env=env)
    assert json.loads(done.stdout) == {
        "logs": [{"of": "three-clouds-edge-azure", "lines": ["a", "b"]}]
    }


def test_a_console_that_has_shown_nothing_is_said(env: Env) -> None:
    done = trunkline("logs", "google", THREE, env=env)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("three-clouds-edge-google: its console has shown nothing yet")


def machines(env: Env, change: Callable[[dict[str, str]], object]) -> None:
    shown = dict(MACHINES)
    change(shown)
    Path(env["PATH"], "machines.json").write_text(json.dumps(shown))


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("aws", "there is no machine three-clouds-edge-aws in us-east-1 for these credentials"),
        ("google", "failed: ERROR: (gcloud.compute.instances.get-serial-port-output) Could not"),
        ("azure", "was not found. Log in with credentials of the Azure subscription"),
    ],
)
def test_a_machine_that_is_not_there_is_said(env: Env, site: str, words: str) -> None:
    machines(env, dict.clear)
    done = trunkline("logs", site, THREE, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("site", "program"), [("aws", "aws"), ("google", "gcloud"), ("azure", "az")]
)
def test_a_command_line_that_is_not_installed_is_named_with_its_home(
    tmp_path: Path, site: str, program: str
) -> None:
    done = trunkline("logs", site, THREE, env={"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert f"command line, {program}, is not installed: https://" in done.stderr


def test_a_command_line_that_hangs_is_ended(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "PATIENCE", 0.2)
    Path(env["PATH"], "az").write_text(f"#!{sys.executable}\nimport time\ntime.sleep(9)\n")
    done = trunkline("logs", "azure", THREE, env=env)
    assert "az vm boot-diagnostics get-boot-log has not ended within 0 s" in done.stderr


def test_a_command_line_that_cannot_be_run_is_said(env: Env) -> None:
    Path(env["PATH"], "az").write_text("#!/nowhere/python\n")
    done = trunkline("logs", "azure", THREE, env=env)
    assert done.stderr == "az cannot be run: No such file or directory\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mars", THREE), "there is no site mars; the topology has aws, google, azure"),
        (("aws", THREE, "--zone", "x"), "aws has no edge in x; it has them in us-east-1"),
        (("aws", THREE, "--follow"), "a console in a cloud cannot be followed"),
    ],
)
def test_what_cannot_be_asked_is_an_error(arguments: tuple[object, ...], words: str) -> None:
    done = trunkline("logs", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with the logs of an edge of this machine, as its supervisor leaves them."""
    machine = tmp_path / ".trunkline" / "machines" / "local-edge-aws"
    machine.mkdir(parents=True)
    (machine / "lock").touch()
    (machine / "envoy.log").write_text("one\ntwo\x1b\n")
    (machine / "sample.log").write_text("three\n")
    return tmp_path / ".trunkline"


def test_on_this_machine_the_processes_have_logs(here: Path) -> None:
    done = trunkline("logs", "aws", LOCAL, "--folder", here, "--lines", 1)
    assert done.stdout.splitlines() == ["envoy: two\\x1b", "sample: three"]
    shown = trunkline("logs", "aws", LOCAL, "--folder", here, "--format", "json")
    assert [each["of"] for each in json.loads(shown.stdout)["logs"]] == [
        "local-edge-aws/envoy",
        "local-edge-aws/sample",
    ]


def test_a_machine_of_this_one_that_is_not_up_is_said(tmp_path: Path) -> None:
    done = trunkline("logs", "aws", LOCAL, "--folder", tmp_path / ".trunkline")
    assert (done.returncode, done.stdout) == (2, "")
    assert "local-edge-aws" in done.stderr
    assert os.linesep in done.stderr


def test_machines_without_a_console_are_said() -> None:
    topology = load(LOCAL)
    site = topology.sites[0]
    with pytest.raises(console.ConsoleError, match="have no console"):
        list(console.read_consoles(topology, site, [site.zone], 1))
