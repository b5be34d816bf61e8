"""Processes by PID and birth."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.loopback import eventually

from trunkline.local import processes


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], env={processes.MARK: str(tmp_path / "a")}) as process:
        # Between fork and exec it has our environment still.
        eventually(lambda: processes.program(process.pid) == "sleep")
        yield process
        process.kill()


def known(process: subprocess.Popen[bytes]) -> processes.Known:
    return process.pid, processes.birth(process.pid) or ""


def test_a_process_lives_until_it_ends(sleeper: subprocess.Popen[bytes]) -> None:
    itself = known(sleeper)
    assert processes.lives(itself)
    processes.end([itself], 1)
    assert not processes.lives(itself)
    assert sleeper.wait() == -signal.SIGTERM


def test_one_that_nobody_has_waited_for_has_ended_too(sleeper: subprocess.Popen[bytes]) -> None:
    itself = known(sleeper)
    os.kill(sleeper.pid, signal.SIGKILL)
    eventually(lambda: processes.birth(sleeper.pid) is None)
    assert not processes.lives(itself)


def test_another_process_with_that_pid_gets_no_signal(sleeper: subprocess.Popen[bytes]) -> None:
    pid, born = known(sleeper)
    processes.end([(pid, born + "0"), (pid, ""), (0, ""), (-1, "x")], 0.1)
    assert sleeper.poll() is None


def test_who_ignores_sigterm_is_killed() -> None:
    code = (
        "import signal, time; signal.signal(15, signal.SIG_IGN)\n"
        "print(1, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        processes.end([known(process)], 0.1)
        assert process.wait() == -signal.SIGKILL


def test_a_frozen_process_is_ended(sleeper: subprocess.Popen[bytes]) -> None:
    os.kill(sleeper.pid, signal.SIGSTOP)
    processes.end([known(sleeper)], 0.1)
    assert sleeper.wait() in (-signal.SIGTERM, -signal.SIGKILL)


def test_ending_returns_as_soon_as_all_have_ended(sleeper: subprocess.Popen[bytes]) -> None:
    before = time.monotonic()
    processes.end([known(sleeper)], 30)
    assert time.monotonic() - before < 20


def test_a_mark_finds_processes_in_and_below_a_folder(
    sleeper: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    assert processes.marked(str(tmp_path / "a")) == [known(sleeper)]
    assert processes.marked(str(tmp_path)) == [known(sleeper)]
    assert processes.marked(str(tmp_path / "a" / "b")) == []
    assert processes.marked(str(tmp_path) + "/") == []


def test_memory_is_that_of_the_process(sleeper: subprocess.Popen[bytes]) -> None:
    code = "x = bytearray(b'1') * 50_000_000; print(1, flush=True); import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert 50_000 < processes.memory_kb(process.pid) < 80_000
        process.kill()
    assert processes.memory_kb(process.pid) == 0


def test_without_proc_ps_is_asked(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(os, "pidfd_open")

    def no_proc(path: str) -> bytes:
        raise FileNotFoundError(path)

    monkeypatch.setattr(processes, "_read", no_proc)
    itself = known(sleeper)
    assert itself[1].endswith(time.strftime("%Y"))
    assert processes.lives(itself)
    assert processes.program(sleeper.pid) == "sleep"
    assert processes.memory_kb(sleeper.pid) > 100
    processes.send((itself[0], "yesterday"), signal.SIGKILL)
    assert processes.lives(itself)
    processes.send(itself, signal.SIGKILL)
    eventually(lambda: not processes.lives(itself))  # although nobody has waited for it
    assert sleeper.wait() == -signal.SIGKILL
