"""One process of a machine in cases that a system hardly ever gives."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.loopback import eventually

from trunkline.local import supervised
from trunkline.local.supervised import FIRST_DELAY, SupervisedProcess

ENDS = [sys.executable, "-I", "-S", "-c", "print('here', flush=True); raise SystemExit(3)"]
STAYS = [sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the machine, in which its supervisor works."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def process() -> Iterator[SupervisedProcess]:
    made = SupervisedProcess("one", ENDS)
    yield made
    made.send_signal(signal.SIGKILL)


def test_a_system_without_room_for_it_is_a_cause(
    process: SupervisedProcess, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(os, "fork", fail)
    process.start()
    assert (process.pid, process.output, process.restarts) == (0, -1, 1)
    assert (
        f"ended with {os.strerror(errno.EAGAIN)}; starts again" in (folder / "one.log").read_text()
    )


def test_an_end_is_noticed_without_waitid(
    process: SupervisedProcess, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS with Python 3.11 to 3.12 has none."""
    monkeypatch.delattr(os, "waitid")
    process.start()
    eventually(process.ended)
    assert (process.pid, process.cause) == (0, "exit code 3")
    assert (folder / "one.log").read_text().startswith("here\n")


def test_an_end_after_a_long_run_is_followed_by_a_short_delay(
    process: SupervisedProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        process.start()
        eventually(process.ended)
    assert process.state()["restarts"] == 2
    monkeypatch.setattr(supervised, "SETTLED", 0.0)
    process.start()
    eventually(process.ended)
    assert process._delay == 2 * FIRST_DELAY


def test_a_signal_reaches_a_process_that_has_no_group_yet(
    process: SupervisedProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_group(pid: int, number: int) -> None:
        raise ProcessLookupError

    process.argv = STAYS
    process.start()
    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", no_group)
        process.send_signal(signal.SIGKILL)
    eventually(process.ended)
    assert process.cause == "SIGKILL"


def test_where_nothing_is_printed_nothing_is_logged(process: SupervisedProcess) -> None:
    process.argv = STAYS
    process.start()
    assert not process.pump()
    assert not process.ended()
