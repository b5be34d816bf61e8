"""What is told of a run of Terraform that failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline.errors import TerraformError
from trunkline.terraform.run import Terraform


def terraform(folder: Path, script: str) -> Terraform:
    """A Terraform that does what `script` says; init always works."""
    program = folder / "terraform"
    program.write_text(f'#!/bin/sh\n[ "$1" = init ] && exit 0\n{script}\n')
    program.chmod(0o755)
    return Terraform(program=str(program))


def failure(folder: Path, script: str) -> str:
    stack = folder / "edge-aws"
    stack.mkdir()
    with pytest.raises(TerraformError) as error:
        terraform(folder, script).apply([stack])
    return str(error.value)


def test_the_sentence_of_a_machine_is_told_alone(tmp_path: Path) -> None:
    told = failure(
        tmp_path,
        "echo 'terraform_data.a (local-exec): Executing: [sh]'\n"
        "echo 'terraform_data.a (local-exec): other is up after 0.1 s'\n"
        "echo 'terraform_data.b (local-exec): edge: 127.0.0.1:1 is taken; end it'\n"
        "echo 'Error: local-exec provisioner error'; exit 1",
    )
    assert told == "terraform apply failed for edge-aws:\n  edge: 127.0.0.1:1 is taken; end it"


def test_else_terraform_s_last_words_without_its_drawing(tmp_path: Path) -> None:
    told = failure(tmp_path, "printf '╷\\n│ Error: no such provider\\n│ \\n╵\\n'; exit 1")
    assert told.splitlines()[1:] == ["  Error: no such provider"]


def test_all_stacks_that_failed_are_told_and_the_others_are_applied(tmp_path: Path) -> None:
    stacks = [tmp_path / name for name in ("bad-1", "bad-2", "good")]
    for stack in stacks:
        stack.mkdir()
    done: list[str] = []
    with pytest.raises(TerraformError, match=r"(?s)bad-\d.*bad-\d"):
        terraform(tmp_path, "case $PWD in *good) exit 0;; *) exit 1;; esac").apply(
            stacks, done.append
        )
    assert done == ["good"]
