"""Secrets in files, and the commands that write and remove them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from trunkline.errors import MachineError
from trunkline.local.secrets import remove_secret, write_secret


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".trunkline" / "secrets" / "probe-key"


def test_a_secret_is_for_this_user_alone(file: Path) -> None:
    write_secret(str(file), "grün\n")
    assert file.read_text() == "grün\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_folder_that_others_could_read_is_closed(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.parent.chmod(0o755)
    write_secret(str(file), "x")
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_new_secret_takes_the_place_of_the_old(file: Path) -> None:
    write_secret(str(file), "old")
    write_secret(str(file), "new")
    assert file.read_text() == "new"
    assert [path.name for path in file.parent.iterdir()] == ["probe-key"]


def test_a_removed_secret_leaves_nothing(file: Path, tmp_path: Path) -> None:
    write_secret(str(file), "x")
    remove_secret(str(file))
    assert list(tmp_path.iterdir()) == []
    remove_secret(str(file))  # twice is fine


def test_removing_one_keeps_the_others(file: Path) -> None:
    write_secret(str(file), "x")
    write_secret(str(file.with_name("other")), "y")
    remove_secret(str(file))
    assert [path.name for path in file.parent.iterdir()] == ["other"]


def test_a_file_elsewhere_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("")
    for action in (lambda path: write_secret(path, "x"), remove_secret):
        with pytest.raises(MachineError, match="does not lie below"):
            action(str(tmp_path / "precious"))
    assert (tmp_path / "precious").read_text() == ""


def test_a_secret_that_cannot_be_written_or_removed_says_why(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(MachineError, match=r"cannot be written: Is a directory; free space"):
        write_secret(str(file), "x")
    with pytest.raises(MachineError, match="cannot be removed: Is a directory"):
        remove_secret(str(file))


def test_the_command_takes_the_secret_from_the_environment(file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "trunkline.local"]
    kept = subprocess.run(
        [*command, "write-secret", str(file)],
        env={**os.environ, "TRUNKLINE_SECRET": "s3cret"},
        capture_output=True,
    )
    assert (kept.returncode, kept.stdout, kept.stderr) == (0, b"", b"")
    assert file.read_text() == "s3cret"
    subprocess.run([*command, "remove-secret", str(file)], check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_secret_says_which_variable_to_set(file: Path) -> None:
    command = [sys.executable, "-m", "trunkline.local", "write-secret", str(file)]
    done = subprocess.run(
        command, env={**os.environ, "TRUNKLINE_SECRET": ""}, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("TRUNKLINE_SECRET is not set: ")


def test_wrong_arguments_show_the_usage() -> None:
    for arguments in ([], ["start"], ["begin", "x"], ["stop", "a", "b"]):
        command = [sys.executable, "-m", "trunkline.local", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 1
        assert "python -m trunkline.local start FOLDER" in done.stderr
