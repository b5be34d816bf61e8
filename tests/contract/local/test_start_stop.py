"""The ordinary life of a machine: started, started again, replaced, ended."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.loopback import ask, eventually
from support.machines import STATE, Stack, sample, script

from trunkline.local import processes

pytestmark = pytest.mark.slow  # test_quickly.py has one of each kind


def test_a_started_machine_answers(stack: Stack) -> None:
    machine = sample()
    done = stack.start(machine)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("web is up after ")
    port = int(machine.addresses[0].rpartition(":")[2])
    assert json.loads(ask(port, "/api/v5").body)["path"] == "/api/v5"


def test_a_stopped_machine_leaves_nothing(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    done = stack.stop()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    stack.assert_nothing_left(machine)


def test_stopping_twice_is_fine(stack: Stack) -> None:
    stack.start(sample())
    stack.stop()
    assert stack.stop().returncode == 0
    stack.assert_nothing_left()


def test_stopping_one_machine_keeps_the_others(stack: Stack) -> None:
    stack.start(sample("one"))
    stack.start(sample("other"))
    stack.stop("one")
    assert stack.find_process("other")
    assert not stack.folder("one").exists()


def test_a_second_start_of_the_same_machine_changes_nothing(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    before = stack.process()
    done = stack.start(machine)
    assert (done.returncode, done.stdout) == (0, "web runs already\n")
    assert stack.process() == before


def test_of_several_starts_at_once_one_starts_the_machine(stack: Stack) -> None:
    machine = sample()
    starts = [stack.popen("start", "web", machine) for _ in range(3)]
    said = sorted(start.communicate(timeout=30)[0] for start in starts)
    assert [start.returncode for start in starts] == [0, 0, 0]
    assert said[0].startswith("web is up")
    assert said[1:] == ["web runs already\n"] * 2


def test_another_machine_in_its_place_replaces_it(stack: Stack) -> None:
    old, new = sample(), sample()
    stack.start(old)
    before = stack.supervisor()
    assert stack.start(new).returncode == 0
    assert not processes.is_running(before)
    assert stack.folder().joinpath("machine.json").read_text() == new.to_json()
    stack.stop()
    stack.assert_nothing_left(old, new)


def test_a_machine_that_is_down_is_started_again(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    stack.supervisor().kill()
    eventually(lambda: not stack.find_process())
    assert stack.start(machine).stdout.startswith("web is up")
    assert stack.find_process()


def test_after_a_reboot_it_starts_from_what_was_kept(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    stack.supervisor().kill()
    eventually(lambda: not stack.find_process())
    done = stack.run("restart")
    assert done.stdout.startswith("web is up")
    assert stack.find_process()


def test_only_this_user_may_read_it(stack: Stack) -> None:
    stack.start(sample())
    assert stat.S_IMODE(stack.folder().stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in stack.folder().iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"lock", "machine.json", "state.json", "sample.log", "sample.json"} <= set(modes)


def test_it_has_neither_the_terminal_nor_credentials(stack: Stack) -> None:
    stack.start(sample(), AWS_SECRET_ACCESS_KEY="do-not-pass-on")
    for pid in (stack.supervisor().pid, stack.process().pid):
        environment = Path(f"/proc/{pid}/environ").read_text()
        assert "do-not-pass-on" not in environment
        assert "TRUNKLINE_MACHINE" not in environment
        assert os.getsid(pid) == pid
        assert str(Path(f"/proc/{pid}/fd/0").readlink()) == os.devnull


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_do_no_harm(stack: Stack, closed: str) -> None:
    machine = sample()
    shell = f"exec {sys.executable} -m trunkline.local start {STATE}/web {closed}"
    done = subprocess.run(["sh", "-c", shell], cwd=stack.cwd, env=stack.environment(machine))
    assert done.returncode == 0
    assert stack.start(machine).stdout == "web runs already\n"


def test_descendants_end_with_their_process(stack: Stack) -> None:
    text = """
import os, socket, time
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
s = socket.create_server(("127.0.0.1", PORT))
time.sleep(600)
"""
    machine = script(text)
    assert stack.start(machine).returncode == 0
    stack.stop()
    stack.assert_nothing_left(machine)


def test_a_process_that_ignores_sigterm_is_killed(stack: Stack) -> None:
    text = """
import signal, socket, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
s = socket.create_server(("127.0.0.1", PORT))
while True: time.sleep(1)
"""
    machine = script(text)
    assert stack.start(machine).returncode == 0
    stack.stop()
    stack.assert_nothing_left(machine)


def test_a_machine_whose_folder_was_removed_by_hand_is_replaced(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    before = stack.supervisor()
    shutil.rmtree(stack.below)
    assert stack.start(machine).stdout.startswith("web is up")
    assert not processes.is_running(before)
    stack.stop()
    stack.assert_nothing_left(machine)


def test_the_first_start_in_a_folder_does_not_import_psutil(stack: Stack) -> None:
    """It takes a fifth of the CPU of a start, and Terraform starts every machine by itself."""
    code = (
        "import os, sys; from trunkline.local.start import start\n"
        "print(start(sys.argv[1], os.environ['TRUNKLINE_MACHINE']), 'psutil' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(stack.folder())],
        env=stack.environment(sample()),
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("web is up"), done.stderr
    assert done.stdout.endswith(" False\n")


def test_a_folder_elsewhere_is_never_touched(stack: Stack) -> None:
    precious = stack.root / "precious"
    precious.mkdir()
    (precious / "file").write_text("")
    command = [sys.executable, "-m", "trunkline.local", "stop", str(precious)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "does not lie below a folder named .trunkline; give one that does\n"
    )
    assert (precious / "file").exists()
