"""From a topology to files: whole or not at all, the same bytes everywhere, state left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve
from support.examples import ROOT, THREE, TOPOLOGIES, Synthesized

from trunkline.errors import OutputError
from trunkline.model import Probes
from trunkline.stacks.synthesize import stale_stacks, synthesize
from trunkline.topology import load

ONE = load(ROOT / "topologies" / "one-cloud.yaml")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_output_is_the_same_from_any_folder_and_home(
    synthesized: Synthesized, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    environment = {
        **os.environ,
        "TRUNKLINE_TOPOLOGY": str(THREE),
        "CDKTF_OUTDIR": "out",
        "TMPDIR": str(elsewhere),
        "LANG": "C",
        "TZ": "Asia/Tokyo",
        "PYTHONHASHSEED": "7",
        "PATH": "/nowhere",  # neither Node nor Terraform is asked for
    }
    command = [sys.executable, str(ROOT / "main.py")]
    subprocess.run(command, cwd=elsewhere, env=environment, check=True, capture_output=True)
    assert contents(elsewhere / "out") == contents(synthesized(THREE))


def test_the_output_names_no_path_of_this_machine(synthesized: Synthesized) -> None:
    output = synthesized(THREE)
    for name, content in contents(output).items():
        for path in (str(ROOT), str(output), str(Path.home()), "/tmp"):
            assert path.encode() not in content, (name, path)


@pytest.mark.parametrize("batch", [1, 2])
def test_a_batch_of_probes_is_made_though_the_chosen_zone_is_in_another(
    batch: int, tmp_path: Path
) -> None:
    first, second = ONE.sites[0].zones[:2]
    site = evolve(ONE.sites[0], zones=(first, second), zone=first)
    probes = evolve(ONE.probes or Probes(), max_parallel=1, batch=batch)
    synthesize(evolve(ONE, sites=(site,), probes=probes), tmp_path)
    text = (tmp_path / "stacks" / f"probes-{site.name}" / "cdk.tf.json").read_text()
    assert (f"machine-{first}" in text, f"machine-{second}" in text) == (batch == 1, batch == 2)


def test_a_second_synthesis_touches_no_file(tmp_path: Path) -> None:
    synthesize(ONE, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")}
    synthesize(ONE, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.json")} == before


def test_a_stack_that_left_is_named_and_what_terraform_keeps_in_it_stays(tmp_path: Path) -> None:
    synthesize(ONE, tmp_path)
    stacks = [tmp_path / "stacks" / name for name in ("routing", "probes-main")]
    states = [stack / "terraform.tfstate" for stack in stacks]
    for state in states:
        state.write_text("precious")
    synthesize(evolve(ONE, probes=None, tags={"team": "other"}), tmp_path)
    assert [folder.name for folder in stale_stacks(tmp_path)] == ["probes-main"]
    assert (tmp_path / "stacks" / "probes-main" / "cdk.tf.json").exists()
    assert [state.read_text() for state in states] == ["precious", "precious"]


def test_an_output_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="choose another folder with --output"):
        synthesize(ONE, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.stem)
def test_no_secret_and_no_token_stands_in_the_output(file: Path, synthesized: Synthesized) -> None:
    for name, content in contents(synthesized(file)).items():
        text = content.decode()
        if "tunnel-token" in text:
            # The only use of the token is marked as sensitive and goes into the secret store.
            assert text.count(".token)}") == text.count("${sensitive(data.cloudflare_zero_trust")
        assert "BEGIN PRIVATE KEY" not in text, name


def test_a_folder_holds_one_topology(tmp_path: Path) -> None:
    synthesize(ONE, tmp_path)
    before = contents(tmp_path)
    with pytest.raises(OutputError) as refused:
        synthesize(evolve(ONE, name="renamed"), tmp_path)
    assert f"holds the stacks of the topology {ONE.name}, and this one is called renamed" in str(
        refused.value
    )
    assert f"destroy the stacks of {ONE.name} first" in str(refused.value)
    assert contents(tmp_path) == before


def test_main_refuses_the_folder_of_another_topology_too(tmp_path: Path) -> None:
    synthesize(ONE, tmp_path)
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py")],
        env={**os.environ, "TRUNKLINE_TOPOLOGY": str(THREE), "CDKTF_OUTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{tmp_path} holds the stacks of the topology {ONE.name}")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": 5}'])
def test_an_owner_that_cannot_be_read_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "topology.json").write_text(content, "utf-8")
    synthesize(ONE, tmp_path)
    assert (tmp_path / "topology.json").read_text() == f'{{"name": "{ONE.name}"}}\n'
