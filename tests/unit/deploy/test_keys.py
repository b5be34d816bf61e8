"""The keys of a topology, in a file that only their owner may read."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.examples import THREE

from trunkline.deploy.keys import Keys, KeysError, keys_of
from trunkline.model import EDGE_KEY, PROBE_KEY
from trunkline.topology import load

LOCAL = THREE.with_name("local.yaml")
EDGE = "TF_VAR_edge_key"


def keys(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trunkline", "keys", str(THREE), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def loaded(folder: Path, before: str = "") -> dict[str, str]:
    """What a shell has in its environment once it has read the file."""
    script = f"{before}\n. ./keys.env\nenv"
    done = subprocess.run(["sh", "-euc", script], cwd=folder, capture_output=True, text=True)
    lines = [line.split("=", 1) for line in done.stdout.splitlines()]
    return {name: value for name, value in lines if name.startswith("TF_VAR_")}


def test_a_shell_reads_the_keys_that_the_command_makes(tmp_path: Path) -> None:
    done = keys(tmp_path)
    assert done.returncode == 0
    made = loaded(tmp_path)
    assert made.keys() == {"TF_VAR_edge_key", "TF_VAR_probe_key"}
    assert all(len(bytes.fromhex(value)) == 32 for value in made.values())
    assert not [value for value in made.values() if value in done.stdout + done.stderr]
    assert stat.S_IMODE((tmp_path / "keys.env").stat().st_mode) == 0o600


def test_a_key_that_is_there_stays(tmp_path: Path) -> None:
    keys(tmp_path)
    first = loaded(tmp_path)
    again = keys(tmp_path, "--format", "json")
    assert loaded(tmp_path) == first
    assert json.loads(again.stdout)["keys"] == dict.fromkeys(first, "kept")


def test_a_rotation_keeps_the_old_key_until_it_is_retired(tmp_path: Path) -> None:
    keys(tmp_path)
    old = loaded(tmp_path)[EDGE]
    assert keys(tmp_path, "--rotate", "edge").returncode == 0
    during = loaded(tmp_path)
    assert during[f"{EDGE}_previous"] == old != during[EDGE]
    again = keys(tmp_path, "--rotate", "edge")
    assert again.returncode == 2
    assert "--retire edge" in again.stderr
    assert keys(tmp_path, "--retire", "edge").returncode == 0
    # Also in a shell that has it from before.
    assert f"{EDGE}_previous" not in loaded(tmp_path, f"export {EDGE}_previous={old}")
    assert loaded(tmp_path)[EDGE] == during[EDGE]


def test_steps_out_of_order_change_nothing(tmp_path: Path) -> None:
    assert keys(tmp_path, "--rotate", "edge").returncode == 2
    assert not (tmp_path / "keys.env").exists()
    keys(tmp_path)
    before = (tmp_path / "keys.env").read_text()
    for arguments in (["--retire", "edge"], ["--rotate", "edge", "--retire", "edge"]):
        done = keys(tmp_path, *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert (tmp_path / "keys.env").read_text() == before


@pytest.mark.parametrize("text", ["hello\n", "export TF_VAR_edge_key=123\n", "\udcff"])
def test_another_file_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.env"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    done = keys(tmp_path)
    assert done.returncode == 2
    assert "keys.env" in done.stderr and "Traceback" not in done.stderr
    assert file.read_bytes() == text.encode("utf-8", "surrogateescape")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = keys(tmp_path, "--file", "nowhere/keys.env")
    assert done.returncode == 2
    assert "cannot write nowhere/keys.env" in done.stderr


def test_the_probes_take_one_key_alone() -> None:
    old = Keys({}).having(PROBE_KEY)
    assert old.rotated(PROBE_KEY).values.keys() == {"probe_key"}
    with pytest.raises(KeysError, match="no earlier probe key"):
        old.retired(PROBE_KEY)


def test_a_topology_needs_the_keys_of_what_it_has() -> None:
    assert keys_of(load(THREE)) == (PROBE_KEY, EDGE_KEY)
    assert keys_of(load(LOCAL)) == (PROBE_KEY,)
