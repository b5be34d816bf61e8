"""What is told of a run of Terraform that failed."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from trunkline.errors import TerraformError
from trunkline.terraform.run import Terraform, without_terraform_options


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


def applied(folder: Path, name: str = "edge-aws") -> Path:
    """The folder of a stack that Terraform has initialized."""
    stack = folder / name
    (stack / ".terraform").mkdir(parents=True)
    return stack


def test_the_value_of_an_output_is_read(tmp_path: Path) -> None:
    outputs = '{"addresses": {"value": ["192.0.2.1"]}}'
    told = terraform(tmp_path, f"echo '{outputs}'").output(applied(tmp_path), "addresses")
    assert told == ["192.0.2.1"]


def test_an_output_of_a_stack_that_is_not_applied_is_explained(tmp_path: Path) -> None:
    program = terraform(tmp_path, "echo '{}'")
    with pytest.raises(TerraformError, match="edge-aws is not applied: it has no output addresses"):
        program.output(applied(tmp_path), "addresses")
    with pytest.raises(TerraformError, match="other is not applied: it was never initialized here"):
        program.output(tmp_path / "other", "addresses")


def test_an_output_that_terraform_cannot_read_is_told_in_its_words(tmp_path: Path) -> None:
    program = terraform(tmp_path, "echo 'no state' >&2; exit 1")
    with pytest.raises(TerraformError, match=r"output failed for edge-aws:\n  no state"):
        program.output(applied(tmp_path), "addresses")


def test_only_what_was_initialized_is_destroyed(tmp_path: Path) -> None:
    done: list[str] = []
    (tmp_path / "edge-google").mkdir()
    program = terraform(tmp_path, "exit 0")
    program.destroy([applied(tmp_path), tmp_path / "edge-google"], done.append)
    assert done == ["edge-aws"]


def test_every_stack_that_failed_is_named(tmp_path: Path) -> None:
    program = terraform(tmp_path, 'echo "sorry"; exit 1')
    with pytest.raises(TerraformError) as error:
        program.destroy([applied(tmp_path, "edge-aws"), applied(tmp_path, "edge-google")])
    assert sorted(str(error.value).splitlines()) == [
        "  sorry",
        "  sorry",
        "terraform destroy failed for edge-aws:",
        "terraform destroy failed for edge-google:",
    ]


def test_an_interrupt_ends_what_runs_and_begins_nothing_more(tmp_path: Path) -> None:
    stacks = [applied(tmp_path, f"edge-{number}") for number in range(3)]
    # It says where it is, then waits to be interrupted, as Terraform does.
    script = "trap 'touch ended; exit 1' INT; touch begun; while :; do sleep 0.01; done"
    program = terraform(tmp_path, script)

    def interrupt() -> None:
        while len(list(tmp_path.glob("*/begun"))) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        program.destroy(stacks)
    thread.join()
    assert len(list(tmp_path.glob("*/ended"))) == 2
    assert len(list(tmp_path.glob("*/begun"))) == 2


def test_options_that_a_user_set_for_other_runs_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TF_CLI_ARGS_apply", "TF_WORKSPACE", "TF_VAR_probe_key"):
        monkeypatch.setenv(name, "x")
    assert {"TF_CLI_ARGS_apply", "TF_WORKSPACE"}.isdisjoint(without_terraform_options())
    assert without_terraform_options()["TF_VAR_probe_key"] == "x"
