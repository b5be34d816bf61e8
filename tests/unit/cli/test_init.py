"""The commands `trunkline init` and `trunkline schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from support.command import trunkline
from support.examples import ROOT

from trunkline.cli.init import Example
from trunkline.topology import check_file

EXAMPLES = sorted(path.stem for path in (ROOT / "topologies").glob("*.yaml"))


def test_every_example_is_a_beginning() -> None:
    assert sorted(Example) == EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_writes_a_topology_of_ones_own_with_its_schema(example: str, tmp_path: Path) -> None:
    options = ("--example", example, "--name", "acme", "--domain", "acme.dev")
    done = trunkline("init", *options, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    file = tmp_path / "topology.yaml"
    topology, findings = check_file(file)
    assert topology is not None
    assert (topology.name, topology.domain) == ("acme", "acme.dev")
    assert topology.routing.hostname == "api.acme.dev"
    first = file.read_text().splitlines()[0]
    schema = file.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert schema.read_bytes() == (ROOT / "schemas" / "topology.schema.json").read_bytes()
    assert all(f"{finding.path}" in done.stdout for finding in findings)


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_says_what_the_example_says(example: str, tmp_path: Path) -> None:
    trunkline("init", "mine.yaml", "--example", example, folder=tmp_path)
    read = YAML(typ="safe").load
    assert read(tmp_path / "mine.yaml") == read(ROOT / "topologies" / f"{example}.yaml")


def test_it_names_what_is_to_be_replaced(tmp_path: Path) -> None:
    done = trunkline("init", "--example", "one-cloud", folder=tmp_path)
    assert "replace by your own: domain, cloudflare.account_id, sites.main.account" in done.stdout
    assert done.stdout.endswith("next: trunkline validate topology.yaml\n")


def test_it_replaces_no_file(tmp_path: Path) -> None:
    (tmp_path / "topology.yaml").write_text("mine")
    done = trunkline("init", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "topology.yaml is there already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["topology.yaml"]


@pytest.mark.parametrize(("option", "value"), [("--name", "A b"), ("--domain", "acme\nsites: 5")])
def test_a_value_that_does_not_fit_writes_nothing(option: str, value: str, tmp_path: Path) -> None:
    done = trunkline("init", option, value, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("topology.yaml:")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["topology", "measurements"])
def test_a_schema_is_printed_or_written(name: str, tmp_path: Path) -> None:
    text = (ROOT / "schemas" / f"{name}.schema.json").read_text()
    assert trunkline("schema", name).stdout == text
    done = trunkline("schema", name, "--output", "schema.json", folder=tmp_path)
    assert done.stdout == f"schema.json: the schema of {name} files\n"
    assert json.loads((tmp_path / "schema.json").read_text()) == json.loads(text)
