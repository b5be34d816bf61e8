"""What the supervisor does while a machine runs, and what happens without it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from support.loopback import eventually
from support.machines import Stack, sample, script
from support.processes import processes_below

from trunkline.local import processes
from trunkline.local.errors import MachineError
from trunkline.local.stop import stop

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of this death")


def test_a_crash_is_restarted_and_logged(stack: Stack) -> None:
    stack.start(sample())
    before = stack.child()
    processes.send(before, signal.SIGSEGV)
    eventually(lambda: processes.lives(stack.child()) and stack.child() != before)
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
    processes.send(stack.child(), 40)
    eventually(lambda: stack.restarts() == 1)
    assert "ended with signal 40; " in stack.folder().joinpath("sample.log").read_text()


def test_restarts_come_later_and_later(stack: Stack) -> None:
    stack.start(sample())
    for _ in range(3):
        eventually(lambda: processes.lives(stack.child()))
        before = stack.child()
        processes.send(before, signal.SIGKILL)
        eventually(lambda b=before: stack.child() != b)  # type: ignore[misc]
    eventually(lambda: stack.restarts() == 3)
    log = stack.folder().joinpath("sample.log").read_text()
    delays = [line.rpartition(" in ")[2] for line in log.splitlines() if "again" in line]
    assert delays == ["0.1 s", "0.2 s", "0.4 s"]


@LINUX
def test_processes_die_with_a_killed_supervisor(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    processes.send(stack.supervisor(), signal.SIGKILL)
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
    first = stack.child()
    [descendant] = processes_below(stack.folder()).keys() - {first[0], stack.supervisor()[0]}
    processes.send(first, signal.SIGKILL)
    eventually(lambda: processes.lives(stack.child()) and stack.child() != first)
    assert processes.birth(descendant) is None


def test_a_stopped_supervisor_is_ended_too(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    processes.send(stack.supervisor(), signal.SIGSTOP)
    assert stack.stop().returncode == 0
    stack.assert_nothing_left(machine)


def test_whoever_got_the_pid_later_is_left_alone(stack: Stack) -> None:
    stack.start(sample())
    state = stack.folder() / "state.json"
    text = state.read_text()
    processes.end([stack.supervisor()], 2)
    ours, stranger = stack.supervisor()[0], os.getpid()
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
    pid = stack.supervisor()[0]
    before = _switches(pid)
    time.sleep(1)
    assert _switches(pid) - before <= 1


def test_a_process_that_closes_its_output_does_not_keep_the_supervisor_busy(stack: Stack) -> None:
    text = """
import os, socket, time
s = socket.create_server(("127.0.0.1", PORT))
os.close(1); os.close(2)
time.sleep(600)
"""
    assert stack.start(script(text)).returncode == 0
    pid = stack.supervisor()[0]
    before = _ticks(pid)
    time.sleep(1)
    assert _ticks(pid) - before <= 1
    processes.send(stack.child(), signal.SIGKILL)
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
    processes.send(stack.child(), signal.SIGKILL)
    eventually(lambda: stack.restarts() == 1)
    stack.stop()
    stack.assert_nothing_left(machine)


def test_who_cannot_be_ended_is_named(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.start(sample())
    pid = stack.supervisor()[0]
    monkeypatch.setattr(processes, "send", lambda process, number: None)
    monkeypatch.setattr(processes, "LAST_SECONDS", 0.1)
    with pytest.raises(MachineError, match=rf"^web: pid {pid}, \d+ cannot be ended; run this as"):
        stop(stack.folder())
    assert stack.folder().exists()


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _switches(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("voluntary_ctxt_switches"):
            return int(line.split()[1])
    raise AssertionError("no such line")
