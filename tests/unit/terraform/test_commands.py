"""Commands of Terraform that run side by side."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from trunkline.errors import TerraformError
from trunkline.terraform.commands import Commands

# As Terraform does: it ends in order at the first Ctrl-C, and at once at the second.
SLOW = "n=0; trap 'n=$((n+1)); [ $n = 2 ] && exit 7' INT; echo begun; while :; do sleep 0.01; done"


def commands(folder: Path, script: str) -> Commands:
    program = folder / "terraform"
    program.write_text(f"#!/bin/bash\n{script}\n")
    program.chmod(0o755)
    return Commands(str(program))


def test_each_line_is_heard_and_the_exit_code_told(tmp_path: Path) -> None:
    heard: list[str] = []
    found = commands(tmp_path, 'echo "$1 in $PWD"; echo bad >&2; exit 3')
    assert found.run(tmp_path, ["plan"], heard.append) == 3
    assert heard == [f"plan in {tmp_path}", "bad"]


def test_nothing_waits_for_an_answer(tmp_path: Path) -> None:
    heard: list[str] = []
    commands(tmp_path, 'read x; echo "$TF_INPUT $x"').run(tmp_path, ["plan"], heard.append)
    assert heard == ["0 "]


def begun(found: Commands, folder: Path, codes: list[int]) -> threading.Thread:
    """A command that has begun, in a thread."""
    ready = threading.Event()
    thread = threading.Thread(
        target=lambda: codes.append(found.run(folder, ["apply"], lambda line: ready.set()))
    )
    thread.start()
    assert ready.wait(10)
    return thread


def test_a_second_interrupt_is_sent_as_well(tmp_path: Path) -> None:
    found, codes = commands(tmp_path, SLOW), list[int]()
    thread = begun(found, tmp_path, codes)
    found.interrupt()
    time.sleep(0.2)
    assert codes == []
    found.interrupt()
    thread.join(10)
    assert codes == [7]


def test_what_does_not_end_is_ended_by_force(tmp_path: Path) -> None:
    found, codes = commands(tmp_path, SLOW), list[int]()
    thread = begun(found, tmp_path, codes)
    found.kill()
    thread.join(10)
    assert codes == [-9]


def test_nothing_begins_after_an_interrupt(tmp_path: Path) -> None:
    found = commands(tmp_path, "exit 0")
    found.interrupt()
    assert found.stopping
    with pytest.raises(TerraformError, match="was not begun"):
        found.run(tmp_path, ["apply"], print)
