"""What the supervisor does while a machine runs, and what happens without it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from support.loopback import eventually
from support.machines import Stack, sample, script
from support.needs import needs
from support.processes import processes_below

from trunkline.errors import MachineError
from trunkline.local import processes
from trunkline.local.layout import STATE_SIZE
from trunkline.local.stop import stop
from trunkline.local.supervisor import remove_abandoned

pytestmark = pytest.mark.slow  # test_quickly.py has one of each kind

LINUX = needs("Linux")  # only Linux ends a process with its parent


def test_a_crash_is_restarted_and_logged(stack: Stack) -> None:
    stack.start(sample())
    before = stack.process()
    before.send_signal(signal.SIGSEGV)
    eventually(lambda: stack.find_process() not in (None, before))
    assert stack.restarts() == 1
    log = stack.folder().joinpath("sample.log").read_text()
    assert "[trunkline] sample ended with SIGSEGV; starts again in 0.1 s\n" in log


def test_an_exit_is_restarted_and_logged_with_its_code(stack: Stack) -> None:
    text = """
import socket, time, os
s = socket.create_server(("127.0.0.1", PORT))
s.accept(); s.accept()
os._exit(3)
"""
    machine = script(text)
    assert stack.start(machine).returncode == 0
    port = int(machine.addresses[0].rpartition(":")[2])
    import socket

    socket.create_connection(("127.0.0.1", port)).close()
    eventually(lambda: stack.restarts() == 1)
    log = stack.folder().joinpath("script.log").read_text()
    assert "[trunkline] script ended with exit code 3; starts again in 0.1 s\n" in log


def test_a_signal_without_a_name_is_logged_by_its_number(stack: Stack) -> None:
    stack.start(sample())
    stack.process().send_signal(40)
    eventually(lambda: stack.restarts() == 1)
    assert "ended with signal 40; " in stack.folder().joinpath("sample.log").read_text()


def test_restarts_come_later_and_later(stack: Stack) -> None:
    stack.start(sample())
    for _ in range(3):
        eventually(stack.find_process)
        before = stack.process()
        before.kill()
        eventually(lambda b=before: stack.find_process() != b)  # type: ignore[misc]
    eventually(lambda: stack.restarts() == 3)
    log = stack.folder().joinpath("sample.log").read_text()
    delays = [line.rpartition(" in ")[2] for line in log.splitlines() if "again" in line]
    assert delays == ["0.1 s", "0.2 s", "0.4 s"]


@LINUX
def test_processes_die_with_a_killed_supervisor(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    stack.supervisor().kill()
    eventually(lambda: processes_below(stack.root) == {})
    stack.stop()
    stack.assert_nothing_left(machine)


def test_what_a_crashed_process_has_started_ends_with_it(stack: Stack) -> None:
    text = """
import os, socket, time
if os.fork() == 0:
    time.sleep(600)
s = socket.create_server(("127.0.0.1", PORT))
time.sleep(600)
"""
    machine = script(text)
    stack.start(machine)
    first = stack.process()
    [descendant] = first.children()
    first.kill()
    eventually(lambda: stack.find_process() not in (None, first))
    assert not processes.is_running(descendant)


def test_a_stopped_supervisor_is_ended_too(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    stack.supervisor().suspend()
    assert stack.stop().returncode == 0
    stack.assert_nothing_left(machine)


def test_another_process_with_the_pid_of_the_supervisor_is_left_alone(stack: Stack) -> None:
    stack.start(sample())
    state = stack.folder() / "state.json"
    text = state.read_text()
    ours, stranger = stack.supervisor().pid, os.getpid()
    processes.end([stack.supervisor()], 2)
    state.write_text(text.replace(f'"pid": {ours}', f'"pid": {stranger}'))
    assert stack.stop().returncode == 0  # and we are still here
    stack.assert_nothing_left()


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"supervisor": 1}'])
def test_a_damaged_state_hinders_no_stop(stack: Stack, damage: str) -> None:
    machine = sample()
    stack.start(machine)
    (stack.folder() / "state.json").write_text(damage)
    assert stack.stop().returncode == 0
    stack.assert_nothing_left(machine)


def test_a_folder_that_was_removed_by_hand_hinders_no_stop(stack: Stack) -> None:
    import shutil

    machine = sample()
    stack.start(machine)
    shutil.rmtree(stack.below)
    assert stack.stop().returncode == 0
    stack.assert_nothing_left(machine)


@pytest.mark.parametrize(
    ("owner", "is_removed"), [("none", True), ("itself", True), ("another", False)]
)
def test_a_supervisor_removes_its_abandoned_folder_and_not_another_s(
    tmp_path: Path, owner: str, is_removed: bool
) -> None:
    folder = tmp_path / ".trunkline" / "web"
    folder.mkdir(parents=True)
    pid = os.getpid() + (owner == "another")
    state = {"supervisor": {"pid": pid, "create_time": 1.0}, "processes": {}}
    text = " " * STATE_SIZE if owner == "none" else json.dumps(state)
    (folder / "state.json").write_text(text)
    remove_abandoned(str(folder))
    assert folder.exists() != is_removed
    remove_abandoned(str(tmp_path / ".trunkline" / "gone"))  # by a stop meanwhile


def test_a_half_written_folder_is_removed(stack: Stack) -> None:
    stack.folder().mkdir(parents=True)
    (stack.folder() / "envoy.json.12.tmp").write_text("{")
    (stack.folder() / "sub").mkdir()
    (stack.folder() / "sub" / "link").symlink_to(stack.cwd)
    assert stack.stop().returncode == 0
    assert stack.cwd.exists()
    stack.assert_nothing_left()


def test_logs_stay_small(stack: Stack) -> None:
    text = """
import socket, time
s = socket.create_server(("127.0.0.1", PORT))
for number in range(35_000):
    print(f"{number:099}")
print("end", flush=True)
time.sleep(600)
"""
    stack.start(script(text))
    log = stack.folder() / "script.log"
    eventually(lambda: log.exists() and log.read_text().endswith("end\n"))
    sizes = [path.stat().st_size for path in stack.folder().glob("script.log*")]
    assert len(sizes) == 2
    assert max(sizes) <= 1_000_000
    lines = (log.with_name("script.log.1").read_text() + log.read_text()).splitlines()[:-1]
    numbers = [int(line) for line in lines[1:]]
    assert numbers == list(range(numbers[0], 35_000))  # nothing is lost in between


def test_an_idle_supervisor_does_nothing(stack: Stack) -> None:
    stack.start(sample())
    supervisor = stack.supervisor()
    before = supervisor.num_ctx_switches().voluntary
    time.sleep(1)
    assert supervisor.num_ctx_switches().voluntary - before <= 1


def test_a_process_that_closes_its_output_does_not_keep_the_supervisor_busy(stack: Stack) -> None:
    text = """
import os, socket, time
s = socket.create_server(("127.0.0.1", PORT))
os.close(1); os.close(2)
time.sleep(600)
"""
    assert stack.start(script(text)).returncode == 0
    before = _cpu_seconds(stack.supervisor())
    time.sleep(1)
    assert _cpu_seconds(stack.supervisor()) - before <= 0.011
    stack.process().kill()
    eventually(lambda: stack.restarts() == 1)


def test_a_flood_of_output_from_a_runaway_descendant_hinders_no_restart(stack: Stack) -> None:
    text = """
import os, socket, time
if os.fork() == 0:
    os.setsid()
    while True: os.write(1, b"x" * 60_000)
s = socket.create_server(("127.0.0.1", PORT))
time.sleep(600)
"""
    machine = script(text)
    assert stack.start(machine).returncode == 0
    stack.process().kill()
    eventually(lambda: stack.restarts() == 1)
    stack.stop()
    stack.assert_nothing_left(machine)


def test_processes_that_cannot_be_ended_are_named(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.start(sample())
    pid = stack.supervisor().pid
    monkeypatch.setattr(processes, "send_signal", lambda process, number: None)
    monkeypatch.setattr(processes, "KILL_SECONDS", 0.1)
    with pytest.raises(MachineError, match=rf"^web: pid {pid}, \d+ cannot be ended; run this as"):
        stop(stack.folder())
    assert stack.folder().exists()


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
