"""Processes by PID and creation time, and by their mark."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.loopback import eventually

from trunkline.local import processes
from trunkline.local.create_time import create_time
from trunkline.local.layout import MARK
from trunkline.local.records import ProcessId

Sleeper = subprocess.Popen[bytes]


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Sleeper]:
    with subprocess.Popen(["sleep", "60"], env={MARK: str(tmp_path / "a")}) as process:
        # Between fork and exec it still has our environment.
        eventually(lambda: psutil.Process(process.pid).name() == "sleep")
        yield process
        process.kill()


def record(process: Sleeper) -> ProcessId:
    """What a supervisor would write of it."""
    return ProcessId(pid=process.pid, create_time=create_time(process.pid))


def found(process: Sleeper) -> psutil.Process:
    result = processes.find(record(process))
    assert result
    return result


def test_a_recorded_process_is_found_until_it_ends(sleeper: Sleeper) -> None:
    recorded = record(sleeper)
    process = processes.find(recorded)
    assert process and process.pid == sleeper.pid
    assert processes.end([process], 1) == []
    assert processes.find(recorded) is None
    assert sleeper.wait() == -signal.SIGTERM


def test_a_zombie_counts_as_ended(sleeper: Sleeper) -> None:
    recorded, process = record(sleeper), found(sleeper)
    os.kill(sleeper.pid, signal.SIGKILL)
    eventually(lambda: process.status() == psutil.STATUS_ZOMBIE)
    assert processes.find(recorded) is None
    assert not processes.is_running(process)
    assert processes.end([process], 30) == []


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
def test_a_pid_that_cannot_be_one_is_not_found(pid: int) -> None:
    assert processes.find(ProcessId(pid=pid, create_time=0.0)) is None


@pytest.mark.parametrize("seconds", [-0.01, 0.01, 3600])
def test_another_process_with_the_same_pid_is_not_found(sleeper: Sleeper, seconds: float) -> None:
    recorded = record(sleeper)
    recorded["create_time"] += seconds
    assert processes.find(recorded) is None


def test_a_process_is_found_after_the_clock_was_set(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not psutil.LINUX:
        pytest.skip("elsewhere the kernel keeps the time of the creation itself")
    recorded = record(sleeper)
    monkeypatch.setattr(psutil, "boot_time", lambda: 1e9)
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: 1e9)
    assert psutil.Process(sleeper.pid).create_time() == pytest.approx(
        1e9 + recorded["create_time"], abs=0.001
    )
    assert processes.find(recorded)


def test_a_process_that_ignores_sigterm_is_killed() -> None:
    code = (
        "import signal, time; signal.signal(15, signal.SIG_IGN)\n"
        "print(1, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert processes.end([found(process)], 0.1) == []
        assert process.wait() == -signal.SIGKILL


def test_a_frozen_process_is_ended(sleeper: Sleeper) -> None:
    os.kill(sleeper.pid, signal.SIGSTOP)
    assert processes.end([found(sleeper)], 0.1) == []
    assert sleeper.wait() in (-signal.SIGTERM, -signal.SIGKILL)


def test_survivors_are_returned(sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "send_signal", lambda process, number: None)
    monkeypatch.setattr(processes, "KILL_SECONDS", 0.05)
    assert processes.end([found(sleeper)], 0.05) == [found(sleeper)]


def test_ending_returns_as_soon_as_all_have_ended(sleeper: Sleeper) -> None:
    before = time.monotonic()
    processes.end([found(sleeper)], 30)
    assert time.monotonic() - before < 20


def test_a_mark_finds_processes_in_and_below_a_folder(sleeper: Sleeper, tmp_path: Path) -> None:
    assert processes.find_marked(str(tmp_path / "a")) == [found(sleeper)]
    assert processes.find_marked(str(tmp_path)) == [found(sleeper)]
    assert processes.find_marked(str(tmp_path / "a" / "b")) == []
    assert processes.find_marked(str(tmp_path) + "/") == []
    assert processes.find_marked(str(tmp_path / "")[:-1]) == []


def test_a_marked_process_in_a_container_is_not_ours(tmp_path: Path) -> None:
    command = ["unshare", "--pid", "--fork", "--kill-child", "sleep", "60"]
    if os.geteuid() != 0 or not psutil.LINUX:
        pytest.skip("needs Linux, and root to make a PID namespace")
    with subprocess.Popen(command, env={**os.environ, MARK: str(tmp_path)}) as unshare:
        eventually(lambda: psutil.Process(unshare.pid).children())
        assert [process.pid for process in processes.find_marked(str(tmp_path))] == [unshare.pid]
        unshare.kill()


def test_a_tree_is_a_process_with_all_descendants() -> None:
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"]) as shell:
        eventually(lambda: len(processes.find_tree(shell.pid)) == 2)
        tree = processes.find_tree(shell.pid)
        assert tree[0].pid == shell.pid
        processes.end(tree, 1)
    assert processes.find_tree(shell.pid) == []


def test_memory_is_that_of_the_process() -> None:
    code = "x = bytearray(b'1') * 50_000_000; print(1, flush=True); import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as python:
        assert python.stdout
        python.stdout.readline()
        process = psutil.Process(python.pid)
        assert 49 < processes.memory_mb(process) < 78
        python.kill()
    assert processes.memory_mb(process) == 0


def test_memory_is_the_resident_set_where_the_system_hides_the_rest(
    sleeper: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: psutil.Process) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "memory_full_info", refuse)
    process = found(sleeper)
    # It may still grow while the first figure is read.
    eventually(lambda: processes.memory_mb(process) == process.memory_info().rss / 2**20)


def test_on_macos_the_creation_time_is_what_the_kernel_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """sysctl(3) as macOS has it, which answers with a `struct kinfo_proc`."""
    import ctypes
    import struct

    class Kernel:
        @staticmethod
        def sysctl(name: object, length: int, answer: object, *_: object) -> int:
            assert list(name) == [1, 14, 1, 77]  # type: ignore[call-overload]
            ctypes.memmove(answer, struct.pack("qi", 1_700_000_000, 250_000), 12)  # type: ignore[arg-type]
            return 0

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Kernel)
    assert create_time(77) == 1_700_000_000.25
