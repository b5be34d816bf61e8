"""What a run on this machine needs is looked at before anything starts."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import evolve
from support.examples import ROOT, Synthesized

from trunkline.deploy import preflight
from trunkline.errors import MachineError
from trunkline.model import LocalIngress, NewNetwork, Topology
from trunkline.topology import load

LOCAL = ROOT / "topologies" / "local.yaml"
Terraform = Callable[[str], None]


@pytest.fixture
def topology() -> Topology:
    """One site of the example, whose addresses no other test takes."""
    found = load(LOCAL)
    site = evolve(found.sites[0], network=NewNetwork("127.231.0.0/16"))
    return evolve(found, sites=(site,), ingress=LocalIngress(port=18_231))


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    """A function that puts a Terraform on PATH that prints a text for its version."""

    def put(printed: str) -> None:
        program = tmp_path / "terraform"
        program.write_text(f"#!/bin/sh\ncat <<'E'\n{printed}\nE\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return put


@pytest.fixture
def taken(topology: Topology) -> Iterator[str]:
    """An address of the topology that another process holds."""
    address = next(each for each in preflight.addresses(topology) if "127.231" in each)
    host, _, port = address.removeprefix("tcp ").rpartition(":")
    with socket.create_server((host, int(port))):
        yield address


def test_all_that_is_missing_is_named_at_once(
    topology: Topology,
    taken: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("TRUNKLINE_WORKERD", "/nowhere/workerd")
    with pytest.raises(MachineError) as refused:
        preflight.check(topology, tmp_path)
    lines = str(refused.value).splitlines()
    assert lines[0] == "nothing was started:"
    assert [line.split()[0] for line in lines[1:]] == ["terraform", "TRUNKLINE_WORKERD", "tcp"]
    assert f"{taken} is taken by" in lines[-1]


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ('{"terraform_version": "1.9.8"}', "1.9.8"),
        ('{"terraform_version": "0.14.0-beta2"}', "0.14.0"),
        ("Terraform", "unknown"),
        ("[]", "unknown"),
    ],
)
def test_an_old_terraform_is_refused(
    printed: str, version: str, topology: Topology, terraform: Terraform, tmp_path: Path
) -> None:
    terraform(printed)
    with pytest.raises(MachineError, match=f"version {version}; install Terraform 1.10 or newer"):
        preflight.check(topology, tmp_path)


@pytest.mark.parametrize("version", ["1.10.0", "1.14.0-alpha20250903", "2.0.1"])
def test_a_newer_one_is_fine(
    version: str, topology: Topology, terraform: Terraform, tmp_path: Path
) -> None:
    terraform(json.dumps({"terraform_version": version}))
    preflight.check(topology, tmp_path)


def test_what_runs_in_the_folder_may_hold_the_addresses(
    topology: Topology,
    taken: str,
    terraform: Terraform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Own:
        pid = os.getpid()

    terraform('{"terraform_version": "1.12.0"}')
    monkeypatch.setattr(preflight, "find_marked", lambda folder: [Own()])
    preflight.check(topology, tmp_path)


def test_the_addresses_are_those_of_the_machines(synthesized: Synthesized) -> None:
    made = set()
    for stack in synthesized(LOCAL).glob("stacks/*/cdk.tf.json"):
        for text in json.loads(stack.read_text()).get("locals", {}).values():
            made |= set(json.loads(text)["addresses"])
    assert set(preflight.addresses(load(LOCAL))) == made
