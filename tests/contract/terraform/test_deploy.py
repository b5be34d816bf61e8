"""`trunkline plan`, `apply` and `destroy` with Terraform itself, and doubles of the providers."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from contract.terraform import moto_server
from doubles.providers.plugin_mirror import pins, write_cli_config
from support.command import Done, trunkline
from support.examples import ROOT, THREE
from support.local_topology import ask, local_place
from support.needs import AWS_PROVIDER, missing

from trunkline.deploy.keys import Keys
from trunkline.local.status import machines

pytestmark = pytest.mark.slow

# Terraform that says what OpenTofu's documentation says, where the two differ.
# https://opentofu.org/docs/cli/commands/version
# https://opentofu.org/docs/internals/machine-readable-ui
OPENTOFU = r"""#!/bin/bash
set -o pipefail
if [ "$1" = version ]; then
  echo '{"terraform_version": "1.11.1", "platform": "linux_amd64", "provider_selections": {}}'
  exit
fi
terraform "$@" | sed -u -E \
  -e 's/"@message":"Terraform [0-9.]+"/"@message":"OpenTofu 1.11.1"/' \
  -e 's/"terraform":"[0-9.]+"/"tofu":"1.11.1"/' \
  -e 's/"@module":"terraform.ui"/"@module":"tofu.ui"/'
"""
EDGES = ["edge-aws", "edge-google", "edge-azure"]


class Operator:
    """Somebody with a topology, its keys, and a folder of their own."""

    def __init__(self, folder: Path, env: Mapping[str, str], topology: Path) -> None:
        self.folder = folder
        self.file = folder / "topology.yaml"
        self.file.write_text(topology.read_text())
        unset = {name: None for name in env if name.startswith("TF_VAR_") and "key" in name}
        cache = {"TF_PLUGIN_CACHE_DIR": str(folder / "plugins"), "CLOUDFLARE_API_TOKEN": "token"}
        self.env = {**env, **cache, **unset}
        assert self.run("keys").returncode == 0

    def run(self, command: str, *options: object) -> Done:
        return trunkline(command, self.file, *options, folder=self.folder, env=self.env)

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def plan(self, *options: object) -> dict[str, str]:
        """What becomes of each stack."""
        done = self.run("plan", "--format", "json", *options)
        assert done.returncode == 0, done.stderr
        return {each["name"]: each["summary"] for each in json.loads(done.stdout)["stacks"]}

    def state(self, stack: str) -> Path:
        [name] = {path.name for path in (self.folder / "state").iterdir()}
        return self.folder / "state" / name / f"{stack}.tfstate"

    def resources(self, stack: str) -> list[str]:
        """The types of what the stack's state holds."""
        held = json.loads(self.state(stack).read_text())["resources"]
        return [each["type"] for each in held if each["mode"] == "managed"]


@pytest.fixture
def operator(tmp_path: Path, running_env: Mapping[str, str]) -> Operator:
    return Operator(tmp_path, running_env, THREE)


def test_three_clouds_are_made_left_alone_and_taken_down(operator: Operator) -> None:
    applied = operator.run("apply", "--yes")
    assert applied.returncode == 0, applied.stderr
    assert "edge-aws        makes the edge of aws" in applied.stdout
    assert applied.stdout.endswith('url = "https://api.example.com"\n')
    assert "aws_instance" in operator.resources("edge-aws")
    assert set(operator.plan().values()) == {"nothing to do"}
    again = operator.run("apply", "--yes")
    assert "Nothing to do: 9 stacks as it should be." in again.stdout
    tofu = operator.folder / "tofu"
    tofu.write_text(OPENTOFU)
    tofu.chmod(0o755)
    destroyed = operator.run("destroy", "--yes", "--terraform", tofu)
    assert destroyed.returncode == 0, destroyed.stderr
    assert [operator.resources(stack) for stack in ("routing", *EDGES)] == [[]] * 4
    assert (
        "OpenTofu 1.11.1\n" in (operator.folder / "cdktf.out" / "logs" / "routing.log").read_text()
    )


def test_an_edge_joins_a_backbone_with_a_key_that_no_state_holds(
    tmp_path: Path, running_env: Mapping[str, str]
) -> None:
    operator = Operator(tmp_path, running_env, ROOT / "topologies" / "backbone.yaml")
    only = ("--only", "edge-aws")
    for _ in range(2):
        applied = operator.run("apply", "--yes", "--wait", "0", *only)
        assert applied.returncode == 0, applied.stderr
        keys = Keys.read(tmp_path / "keys.env").values
        private = [key for name, key in keys.items() if name.startswith("backbone_aws")]
        assert not [key for key in private if key in operator.state("edge-aws").read_text()]
        assert set(operator.plan(*only).values()) == {"nothing to do"}
        assert operator.run("keys", "--rotate", "backbone", "--site", "aws").returncode == 0
        assert set(operator.plan(*only).values()) != {"nothing to do"}
        assert operator.run("keys", "--retire", "backbone", "--site", "aws").returncode == 0


def test_a_load_balancer_is_planned_once_its_tunnels_are_there(
    tmp_path: Path, running_env: Mapping[str, str]
) -> None:
    file = ROOT / "tests" / "golden" / "topologies" / "load-balancer.yaml"
    operator = Operator(tmp_path, running_env, file)
    applied = operator.run("apply", "--yes", "--wait", "0")
    assert applied.returncode == 0, applied.stderr
    assert applied.stdout.count("\napplied: ") == 2
    assert "\napplied: routing\n" in applied.stdout
    assert set(operator.plan().values()) == {"nothing to do"}


def test_one_kind_of_stacks_is_applied_alone(operator: Operator) -> None:
    assert operator.run("apply", "--yes", "--only", "routing").returncode == 0
    assert {path.name for path in (operator.folder / "state" / "three-clouds").iterdir()} == {
        "routing.tfstate"
    }


def test_a_new_edge_is_replaced_only_after_the_one_before_answers(operator: Operator) -> None:
    only = ("--only", "edge")
    assert operator.run("apply", "--yes", *only).returncode == 0
    operator.change("edge:\n", "edge:\n  versions: {envoy: 1.39.0}\n")
    assert operator.plan(*only)["edge-azure"] == (
        "replaces the edge of azure: other sites answer for its routes meanwhile"
    )
    done = operator.run("apply", "--yes", "--wait", "0.1", *only)
    assert done.returncode == 1
    assert "edge-aws failed: it is applied, but https://three-clouds-edge-aws" in done.stderr
    assert "not begun: edge-google, edge-azure\nRun the same command again" in done.stderr
    assert operator.run("apply", "--yes", "--wait", "0", *only).returncode == 0
    assert set(operator.plan(*only).values()) == {"nothing to do"}


def test_a_stack_that_somebody_holds_is_told_and_nothing_is_changed(operator: Operator) -> None:
    only = ("--only", "edge-aws,routing")
    assert operator.run("apply", "--yes", *only).returncode == 0
    operator.change("/api/v5:", "/api/v8:")
    before = operator.state("routing").read_bytes()
    path = operator.state("edge-aws")
    lock = {"ID": "0b8b", "Who": "ada@desk", "Created": "2026-11-27T23:05:02Z"}
    path.with_name(f".{path.name}.lock.info").write_text(json.dumps(lock))
    with path.open("r+") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        done = operator.run("apply", "--yes", *only)
    assert done.returncode == 1
    assert "edge-aws failed: Error acquiring the state lock" in done.stderr
    assert "ada@desk has been at work on it since 2026-11-27 23:05:02" in done.stderr
    assert "All that Terraform said: cdktf.out/logs/edge-aws.log" in done.stderr
    assert done.stderr.endswith("Nothing was changed.\n")
    assert operator.state("routing").read_bytes() == before


def test_a_stack_that_is_no_longer_in_the_topology_is_named_and_destroyed(
    operator: Operator,
) -> None:
    assert operator.run("apply", "--yes", "--only", "probes-azure").returncode == 0
    operator.change("probes:\n", "probes:\n  enabled: false\n")
    planned = operator.run("plan", "--only", "zones")
    remedy = f"trunkline destroy {operator.file} --only probes-azure"
    assert f"probes-azure is no longer in the topology, and may still stand: {remedy}" in (
        planned.stderr
    )
    assert operator.run("destroy", "--yes", "--only", "probes-azure").returncode == 0
    assert operator.resources("probes-azure") == []
    assert not (operator.folder / "cdktf.out" / "stacks" / "probes-azure").exists()


def test_a_zone_is_made_first_and_goes_last_and_only_by_its_name(
    tmp_path: Path, running_env: Mapping[str, str]
) -> None:
    operator = Operator(tmp_path, running_env, ROOT / "topologies" / "two-accounts.yaml")
    text = operator.file.read_text()
    start = text.index("\nstate:")
    end = text.find("\n\n", start)
    operator.file.write_text(text[:start] + text[end:])
    only = ("--only", "routing,edge-shop")
    applied = operator.run("apply", "--yes", "--wait", "0", *only)
    assert applied.returncode == 0, applied.stderr
    assert "edge-shop: planned once routing is there" in applied.stdout
    assert applied.stdout.count("applied: ") == 2
    refused = operator.run("destroy", "--yes", *only)
    assert refused.returncode == 2
    assert "This goes with it: cloudflare_zone.routing_zone" in refused.stdout
    assert "nothing was changed: say with --confirm two-accounts" in refused.stderr
    destroyed = operator.run("destroy", "--yes", "--confirm", "two-accounts", *only)
    assert destroyed.returncode == 0, destroyed.stderr
    assert "destroyed: edge-shop, routing" in destroyed.stdout


def test_a_topology_of_this_machine_is_applied_changed_and_taken_down(
    tmp_path: Path, terraform: str
) -> None:
    place = local_place(tmp_path, latency=False)
    operator = Operator(tmp_path, {"TRUNKLINE_WORKERD": str(place.workerd)}, place.file)
    only = ("--only", "edge,routing")
    applied = operator.run("apply", "--yes", *only)
    try:
        assert applied.returncode == 0, applied.stderr
        assert ask(f"{place.url}/api/v5")["site"] == "aws"
        operator.change("/api/v5:", "/api/v8:")
        assert operator.plan(*only)["edge-aws"] == (
            "replaces the edge of aws: the new one takes over before the old one goes"
        )
        assert operator.run("apply", "--yes", *only).returncode == 0
        assert ask(f"{place.url}/api/v8")["site"] == "aws"
    finally:
        destroyed = operator.run("destroy", "--yes", *only)
    assert destroyed.returncode == 0, destroyed.stderr
    assert machines(tmp_path / ".trunkline") == []


def test_the_real_provider_takes_the_saved_plans(
    tmp_path: Path, plugin_mirror: Path, running_env: Mapping[str, str], moto: str
) -> None:
    if reason := missing(AWS_PROVIDER):
        pytest.skip(reason)
    real = moto_server.provider_folder()
    moto_server.forget_everything(moto)
    mirrors = {
        moto_server.mirror_of(real): [moto_server.SOURCE],
        plugin_mirror: set(pins()) - {moto_server.SOURCE},
    }
    env = {
        **running_env,
        **moto_server.environment(moto),
        "TF_CLI_CONFIG_FILE": str(write_cli_config(tmp_path / "terraform.rc", mirrors)),
        "TF_REATTACH_PROVIDERS": moto_server.without_aws(running_env["TF_REATTACH_PROVIDERS"]),
    }
    operator = Operator(tmp_path, env, THREE)
    # A name of its own: to the doubles, which see no instance of the real provider, machines that
    # other tests have left would hold the tunnel.
    operator.change("name: three-clouds", "name: by-saved-plans")
    assert trunkline("synth", operator.file, folder=tmp_path).returncode == 0
    override = moto_server.override(moto_server.newest_version(real))
    for stack in ("edge-aws", "zones-aws"):  # what a synthesis does not know stays beside it
        beside = tmp_path / "cdktf.out" / "stacks" / stack / "zz_override.tf.json"
        beside.write_text(json.dumps(override))
    only = ("--only", "edge-aws,zones-aws")
    applied = operator.run("apply", "--yes", *only)
    assert applied.returncode == 0, applied.stderr
    assert "aws_instance" in operator.resources("edge-aws")
    assert set(operator.plan(*only).values()) == {"nothing to do"}
    destroyed = operator.run("destroy", "--yes", *only)
    assert destroyed.returncode == 0, destroyed.stderr
    assert operator.resources("edge-aws") == []
