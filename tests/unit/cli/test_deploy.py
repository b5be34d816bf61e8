"""`trunkline plan`, `apply` and `destroy`: what they ask and print, on a stand-in Terraform."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from support.command import Done, Environment, trunkline
from support.examples import ROOT, THREE

from trunkline.deploy import opening

# It prints the plan that lies beside the stack, fails where it is told to, and notes what it did.
TERRAFORM = """#!/bin/sh
stack=${PWD##*/}
case "$1" in
  version) echo '{"terraform_version": "1.11.4"}'; exit;;
  show) cat "$HOME/plan-$stack.json" 2>/dev/null || cat "$HOME/plan.json"; exit;;
esac
echo "$1 $stack $TF_VAR_edge_key" >> "$HOME/asked"
if [ -e "$HOME/$1-$stack-fails" ]; then
  echo 'Error: No valid credential sources found'
  exit 1
fi
"""
STACKS = ("zones-aws", "edge-aws", "edge-google", "routing")
CREATE = {"actions": ["create"], "before": None}
VPC = {"address": "aws_vpc.a", "type": "aws_vpc", "mode": "managed", "change": CREATE}
ZONE = {
    "address": "cloudflare_zone.a",
    "type": "cloudflare_zone",
    "mode": "managed",
    "change": {"actions": ["delete"], "before": {}},
}


class Stage:
    """A folder with a topology, its keys and the stand-in; HOME is the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "topology.yaml"
        self.file.write_text(THREE.read_text())
        (folder / "bin").mkdir()
        program = folder / "bin" / "terraform"
        program.write_text(TERRAFORM)
        program.chmod(0o755)
        self.planned(VPC)
        self.write_key("edge_key", "ab" * 32)
        self.env: Environment = {
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "HOME": str(folder),
            "CLOUDFLARE_API_TOKEN": "token",
            "TF_VAR_probe_key": "x",
            "TF_VAR_edge_key": None,
            "XDG_CACHE_HOME": None,
            "TF_PLUGIN_CACHE_DIR": None,
        }

    def write_key(self, name: str, value: str) -> None:
        (self.folder / "keys.env").write_text(f"export TF_VAR_{name}={value}\n")

    def planned(self, *resources: object) -> None:
        """What every plan holds."""
        (self.folder / "plan.json").write_text(json.dumps({"resource_changes": resources}))

    def fails(self, command: str, stack: str) -> None:
        (self.folder / f"{command}-{stack}-fails").touch()

    def run(self, command: str, *options: object, only: str = "edge-aws,edge-google") -> Done:
        chosen = ("--only", only) if only else ()
        return trunkline(command, self.file, *chosen, *options, folder=self.folder, env=self.env)

    def asked(self) -> list[str]:
        """The commands that changed or read stacks, without the keys that they got."""
        lines = (self.folder / "asked").read_text().splitlines()
        return sorted({" ".join(line.split()[:2]) for line in lines})


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The stage; a synthesis takes two seconds, so that this one writes empty stacks."""

    def synthesize(file: Path, output: Path) -> None:
        for name in STACKS:
            folder = output / "stacks" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "cdk.tf.json").write_text("{}")
        (output / "manifest.json").write_text(json.dumps({"stacks": {name: {} for name in STACKS}}))

    monkeypatch.setattr(opening, "synthesize_apart", synthesize)
    return Stage(tmp_path)


def test_a_plan_says_what_apply_would_do_and_does_nothing(stage: Stage) -> None:
    done = stage.run("plan")
    assert (done.returncode, "1 to create" in done.stdout) == (0, True)
    assert stage.asked() == [
        "init edge-aws",
        "init edge-google",
        "plan edge-aws",
        "plan edge-google",
    ]


def test_a_plan_for_tools_names_every_resource(stage: Stage) -> None:
    printed = json.loads(stage.run("plan", "--format", "json", only="edge-aws").stdout)
    assert printed == {
        "topology": "three-clouds",
        "changes": True,
        "stacks": [
            {
                "name": "edge-aws",
                "summary": "makes the edge of aws",
                "changes": True,
                "create": ["aws_vpc.a"],
                "change": [],
                "replace": [],
                "destroy": [],
                "holds_more": [],
            }
        ],
        "later": [],
    }


def test_apply_passes_the_keys_of_their_file(stage: Stage) -> None:
    done = stage.run("apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"apply edge-aws {'ab' * 32}\n" in (stage.folder / "asked").read_text()
    assert done.stdout.endswith(("applied: edge-aws, edge-google\n", "edge-google, edge-aws\n"))


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_without_a_terminal_it_has_to_be_told_yes(stage: Stage, command: str) -> None:
    done = stage.run(command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "there is no terminal on which to ask: read trunkline plan, then give --yes\n"
    )
    assert not (stage.folder / "asked").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_on_a_terminal_it_asks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    answering(monkeypatch, answer)
    done = stage.run("apply")
    assert (done.returncode, "Do it? [y/N]" in done.stdout) == (code, True)
    assert ("apply edge-aws" in stage.asked()) == (code == 0)
    assert ("Nothing was changed.\n" in done.stderr) == (code == 1)


@pytest.mark.parametrize(("name", "code"), [("three-clouds", 0), ("three", 1)])
def test_what_holds_more_goes_only_by_the_topology_s_name(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    stage.planned(ZONE)
    answering(monkeypatch, f"{name}\n")
    done = stage.run("destroy", "--yes", only="routing")
    assert "This goes with it: cloudflare_zone.a holds every DNS record of the zone" in done.stdout
    assert done.returncode == code
    assert ("apply routing" in stage.asked()) == (code == 0)


def answering(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A terminal on which somebody types."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(text))


def test_a_stack_that_fails_is_told_with_its_remedy_and_its_log(stage: Stage) -> None:
    stage.fails("apply", "edge-google")
    done = stage.run("apply", "--yes", "--output", "out")
    assert done.returncode == 1
    assert "applied: edge-aws\n" in done.stdout
    assert "edge-google failed: No valid credential sources found\n" in done.stderr
    assert "All that Terraform said: out/logs/edge-google.log\n" in done.stderr
    assert done.stderr.endswith("Run the same command again: it does what is left.\n")


def test_a_remedy_of_the_cloud_follows_its_error(stage: Stage) -> None:
    stage.fails("plan", "edge-aws")
    done = stage.run("apply", "--yes")
    assert done.returncode == 1
    assert "edge-aws failed: No valid credential sources found\n  log in to AWS" in done.stderr
    assert done.stderr.endswith("Nothing was changed.\n")
    assert "apply edge-google" not in stage.asked()


def test_what_is_missing_is_named_before_terraform_starts(stage: Stage) -> None:
    (stage.folder / "keys.env").unlink()
    done = stage.run("apply", "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert "TF_VAR_edge_key, for edge-aws, edge-google: make it with trunkline keys" in done.stderr
    assert not (stage.folder / "asked").exists()


def test_runs_that_happen_elsewhere_are_left_to_terraform(stage: Stage) -> None:
    text = stage.file.read_text()
    stage.file.write_text(text + "\nstate:\n  terraform_cloud:\n    organization: acme\n")
    done = stage.run("plan")
    assert done.returncode == 2
    assert "keeps its state at app.terraform.io, where runs have the credentials" in done.stderr


def test_standard_input_is_for_answers(stage: Stage) -> None:
    done = trunkline("plan", "-", folder=stage.folder, env=stage.env)
    assert (done.returncode, "name a topology file" in done.stderr) == (2, True)


def test_another_program_may_take_terraform_s_place(stage: Stage) -> None:
    done = stage.run("plan", "--terraform", "tofu")
    assert done.returncode == 2
    assert "tofu is not on PATH; install OpenTofu 1.10 or newer: https://opentofu" in done.stderr
    (stage.folder / "bin" / "terraform").rename(stage.folder / "bin" / "tofu")
    assert stage.run("plan", "--terraform", "tofu").returncode == 0


def test_a_backbone_takes_a_terraform_with_write_only_arguments(stage: Stage) -> None:
    stage.file.write_text((ROOT / "topologies" / "backbone.yaml").read_text())
    assert stage.run("keys", only="").returncode == 0
    assert stage.run("plan").returncode == 0
    program = stage.folder / "bin" / "terraform"
    program.write_text(TERRAFORM.replace("1.11.4", "1.10.5"))
    done = stage.run("plan")
    assert (done.returncode, done.stdout) == (2, "")
    assert "terraform has the version 1.10.5; install Terraform 1.11 or newer" in done.stderr


def test_a_second_run_in_the_folder_is_refused(stage: Stage) -> None:
    from trunkline.deploy.alone import alone_in

    with alone_in(stage.folder / "cdktf.out"):
        done = stage.run("plan")
    assert (done.returncode, "another run is at work in cdktf.out" in done.stderr) == (2, True)


def test_edges_are_replaced_one_after_another(stage: Stage) -> None:
    for site, kind in (("aws", "aws_instance"), ("google", "google_compute_instance")):
        machine = {
            "address": f"{kind}.edge_machine_2261F84D",
            "type": kind,
            "mode": "managed",
            "change": {"actions": ["delete", "create"], "before": {}},
        }
        path = stage.folder / f"plan-edge-{site}.json"
        path.write_text(json.dumps({"resource_changes": [machine]}))
    stage.fails("apply", "edge-aws")
    done = stage.run("apply", "--yes", "--wait", "0")
    assert "not begun: edge-google" in done.stderr
    (stage.folder / "apply-edge-aws-fails").unlink()
    done = stage.run("apply", "--yes", "--wait", "0")
    assert done.stdout.endswith("applied: edge-aws, edge-google\n")


def test_a_stack_of_an_earlier_topology_is_destroyed_and_forgotten(stage: Stage) -> None:
    old = stage.folder / "cdktf.out" / "stacks" / "edge-old"
    old.mkdir(parents=True)
    (old / "cdk.tf.json").write_text("{}")
    assert "trunkline destroy" in stage.run("plan").stderr
    stage.fails("apply", "edge-old")
    assert stage.run("destroy", "--yes", only="edge-old").returncode == 1
    assert old.exists()
    (stage.folder / "apply-edge-old-fails").unlink()
    assert stage.run("destroy", "--yes", only="edge-old").returncode == 0
    assert not old.exists()


def test_nothing_to_do_asks_nothing(stage: Stage) -> None:
    stage.planned()
    done = stage.run("apply", "--yes")
    assert (done.returncode, "Nothing to do: 2 stacks as it should be." in done.stdout) == (0, True)
    assert "apply edge-aws" not in stage.asked()


def test_ctrl_c_says_what_is_left(stage: Stage) -> None:
    text = TERRAFORM + '[ "$1" = apply ] && { kill -INT $PPID; sleep 2; exit 1; }\nexit 0\n'
    (stage.folder / "bin" / "terraform").write_text(text)
    done = stage.run("apply", "--yes", "--parallel", "1")
    assert done.returncode == 130
    assert "edge-aws failed: interrupted; what it had made by then is in its state" in done.stderr
    assert "not begun: edge-google\nRun the same command again" in done.stderr


def test_a_local_topology_needs_the_key_of_its_probes_alone(stage: Stage) -> None:
    stage.file.write_text((ROOT / "topologies" / "local.yaml").read_text())
    (stage.folder / "keys.env").unlink()
    assert stage.run("plan", only="edge-aws").returncode == 0
