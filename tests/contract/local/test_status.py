"""The status of machines, and what can be done to all at once, from Python and the command line."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

import pytest
from attrs import evolve
from support.loopback import ask, eventually
from support.machines import Stack, sample, script
from support.processes import processes_below
from typer.testing import CliRunner, Result

from trunkline.cli.local import local_app
from trunkline.errors import MachineError, TrunklineError
from trunkline.local import processes
from trunkline.local.machine import LocalMachine
from trunkline.local.secrets import write_secret
from trunkline.local.status import (
    MachineStatus,
    kill_machine,
    machines,
    memory_mb,
    start_machines,
    stop_all,
)

FREEZES_LATER = """
import os, signal, socket, time
s = socket.create_server(("127.0.0.1", PORT), backlog=1)
print("all is well", flush=True)
s.accept()
print("no more", flush=True)
s.close()
time.sleep(600)
"""


def run(stack: Stack, *arguments: str) -> Result:
    """Run `trunkline local`; a user's mistake is raised, as `trunkline` expects it."""
    done = CliRunner().invoke(local_app, [*arguments, "--folder", str(stack.below)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def only(stack: Stack) -> MachineStatus:
    [found] = machines(stack.below)
    return found


def port_of(machine: LocalMachine) -> int:
    return int(machine.addresses[0].rpartition(":")[2])


def test_a_healthy_machine_is_shown_with_all_that_runs(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    found = only(stack)
    assert found.healthy
    assert (found.name, found.kind, found.addresses) == ("web", "sample", machine.addresses)
    assert found.folder == stack.folder().resolve()
    assert found.supervisor_pid == stack.supervisor().pid
    [process] = found.processes
    assert (process.name, process.program, process.pid) == ("sample", "python", stack.process().pid)
    assert process.restarts == 0
    assert 0 < process.uptime_seconds < 60
    assert 3 < process.memory_mb < found.memory_mb < 60


def test_memory_is_that_of_all_together(stack: Stack) -> None:
    stack.start(sample("one"))
    one = memory_mb(stack.below)
    stack.start(sample("two"))
    assert one < memory_mb(stack.below) < 2.5 * one
    assert memory_mb(stack.below) == pytest.approx(
        sum(machine.memory_mb for machine in machines(stack.below)), rel=0.1
    )


def test_a_process_that_no_longer_answers_is_shown_with_its_last_line(stack: Stack) -> None:
    machine = script(FREEZES_LATER)
    assert stack.start(machine).returncode == 0
    eventually(lambda: not only(stack).healthy)
    [process] = only(stack).processes
    assert process.pid
    assert "Connection refused" in process.complaint
    assert process.last_line == "no more"


def test_a_restart_is_shown_with_its_cause(stack: Stack) -> None:
    stack.start(sample())
    stack.process().kill()
    eventually(lambda: only(stack).healthy and only(stack).processes[0].restarts == 1)
    assert only(stack).processes[0].cause == "SIGKILL"
    assert "web/sample: ended with SIGKILL, and was started again" in run(stack, "status").stdout


def test_a_machine_without_supervisor_is_not_healthy(stack: Stack) -> None:
    stack.start(sample())
    stack.supervisor().kill()
    eventually(lambda: not stack.find_process())
    found = only(stack)
    assert (found.healthy, found.supervisor_pid, found.memory_mb) == (False, None, 0)
    assert "trunkline local start brings it back" in found.processes[0].complaint


def test_a_killed_machine_stays_down_until_it_is_started(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    kill_machine("web", stack.below)
    assert processes_below(stack.root) == {}
    assert not only(stack).healthy
    [said] = start_machines(["web"], stack.below)
    assert said.startswith("web is up after")
    assert ask(port_of(machine)).status == 200


def test_starting_leaves_alone_what_runs(stack: Stack) -> None:
    stack.start(sample("one"))
    stack.start(sample("two"))
    before = stack.process("one")
    kill_machine("two", stack.below)
    done: list[str] = []
    said = start_machines((), stack.below, done.append)
    assert done == said
    assert said[0] == "one runs already"
    assert said[1].startswith("two is up after")
    assert stack.process("one") == before


def test_a_machine_that_cannot_start_again_is_kept_for_the_next_try(stack: Stack) -> None:
    import socket

    machine = sample()
    stack.start(machine)
    kill_machine("web", stack.below)
    taken = pytest.raises(MachineError, match=r"^web: tcp 127.0.0.1:\d+ is taken by")
    with socket.create_server(("127.0.0.1", port_of(machine))), taken:
        start_machines(["web"], stack.below)
    assert not only(stack).healthy
    start_machines(["web"], stack.below)
    assert only(stack).healthy


def test_a_restart_that_is_killed_midway_can_be_repeated(stack: Stack) -> None:
    machine = script(
        "import os, socket, time\n"
        "if os.path.exists('slow'): time.sleep(600)\n"
        "s = socket.create_server(('127.0.0.1', PORT)); time.sleep(600)\n",
        seconds=30,
    )
    stack.start(machine)
    kill_machine("web", stack.below)
    (stack.folder() / "slow").touch()
    restarting = stack.popen("restart")
    eventually(stack.find_process)
    restarting.kill()
    restarting.communicate()
    eventually(lambda: processes_below(stack.root) == {})
    (stack.folder() / "slow").unlink()
    start_machines((), stack.below)
    assert only(stack).healthy


def test_everything_can_be_stopped_at_once(stack: Stack) -> None:
    given = [sample(name) for name in ("one", "two", "three")]
    for machine in given:
        stack.start(machine)
    write_secret(str(stack.below / "secrets" / "key"), "x")
    write_secret(str(stack.below / "local" / "secrets" / "key"), "x")
    stack.supervisor("two").kill()
    done: list[str] = []
    assert stop_all(stack.below, done.append) == ["one", "three", "two"]
    assert sorted(done) == ["one", "three", "two"]
    stack.assert_nothing_left(*given)


def test_stopping_everything_ends_machines_whose_folder_was_removed(stack: Stack) -> None:
    import shutil

    machine, other = sample(), sample("other")
    stack.start(machine)
    stack.start(other)
    shutil.rmtree(stack.folder())
    stop_all(stack.below)
    stack.assert_nothing_left(machine, other)


def test_stopping_everything_leaves_what_is_not_ours(stack: Stack) -> None:
    stack.start(sample())
    state = stack.below / "terraform.tfstate"
    state.write_text("{}")
    stop_all(stack.below)
    assert [path.name for path in stack.below.rglob("*")] == ["terraform.tfstate"]


def test_stopping_everything_refuses_another_folder(stack: Stack) -> None:
    with pytest.raises(MachineError, match="is neither named"):
        stop_all(stack.root)


def test_secrets_stay_where_a_machine_could_not_be_ended(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.start(sample())
    key = stack.below / "secrets" / "key"
    write_secret(str(key), "x")

    def refuse(folder: Path, *, drained: bool = True) -> None:
        raise MachineError("web: pid 1 cannot be ended")

    with monkeypatch.context() as patched:
        patched.setattr("trunkline.local.status.stop", refuse)
        patched.setattr(processes, "find_marked", lambda folder: [])
        with pytest.raises(MachineError, match="pid 1 cannot be ended"):
            stop_all(stack.below)
    assert key.read_text() == "x"
    stop_all(stack.below)
    assert not key.exists()


def test_what_cannot_be_removed_or_read_is_explained(stack: Stack) -> None:
    stack.start(sample())
    (stack.below / "secrets" / "folder").mkdir(parents=True)  # unlink() refuses it even to root
    with pytest.raises(MachineError, match=r"folder cannot be removed: .*; run this as the user"):
        stop_all(stack.below)
    stack.start(sample())
    (stack.folder() / "machine.json").unlink()
    (stack.folder() / "machine.json").mkdir()
    with pytest.raises(MachineError, match=r"machine\.json cannot be read: Is a directory; run"):
        machines(stack.below)


def test_an_unknown_machine_is_refused_with_the_names_that_there_are(stack: Stack) -> None:
    stack.start(sample())
    with pytest.raises(MachineError, match=r"no machine 'wbe' below .*; there are: web$"):
        kill_machine("wbe", stack.below)


# The command line.


def test_status_shows_a_table_and_totals(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    done = run(stack, "status")
    assert done.exit_code == 0
    row = next(line for line in done.stdout.splitlines() if line.startswith("web"))
    assert row.split()[:4] == ["web", "sample", "sample", str(stack.process().pid)]
    assert "healthy" in row
    assert row.endswith(machine.addresses[0])
    assert "\n1 machine, 1 healthy; 1 process; " in done.stdout
    assert "\x1b[" not in done.stdout


def test_status_fails_where_something_is_not_healthy(stack: Stack) -> None:
    stack.start(sample())
    stack.start(sample("other"))
    kill_machine("other", stack.below)
    done = run(stack, "status")
    assert done.exit_code == 1
    assert "other/sample: its supervisor does not run; trunkline local start" in done.stdout
    assert "2 machines, 1 healthy; 2 processes; " in done.stdout


def test_status_says_so_where_nothing_runs(stack: Stack) -> None:
    done = run(stack, "status")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"nothing runs below {stack.below}; apply the stacks")
    assert json.loads(run(stack, "status", "--format", "json").stdout)["machines"] == []


def test_status_has_json_for_tools(stack: Stack) -> None:
    stack.start(sample())
    done = run(stack, "status", "--format", "json")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["healthy"]) == (0, True)
    [machine] = report["machines"]
    assert machine["processes"][0]["pid"] == stack.process().pid
    assert machine["processes"][0]["healthy"] is True
    assert report["memory_mb"] == pytest.approx(machine["memory_mb"])


def test_a_log_cannot_steer_the_terminal(stack: Stack) -> None:
    text = """
import socket, time
s = socket.create_server(("127.0.0.1", PORT))
print("\\x1b[2Jgone", flush=True)
s.accept(); s.close()
time.sleep(600)
"""
    stack.start(script(text))
    eventually(lambda: "gone" in run(stack, "logs", "web").stdout)
    eventually(lambda: not only(stack).healthy)
    for command in (["logs", "web"], ["status"]):
        assert "\x1b" not in run(stack, *command).stdout
        assert r"\x1b[2Jgone" in run(stack, *command).stdout


def test_logs_are_those_of_all_processes_or_of_one(stack: Stack) -> None:
    machine = script(
        "import socket, time\ns = socket.create_server(('127.0.0.1', PORT))\n"
        "print('hi', flush=True)\ntime.sleep(600)\n"
    )
    [one] = machine.processes
    stack.start(evolve(machine, processes=(one, sample().processes[0])))
    eventually(lambda: "answers on" in run(stack, "logs", "web", "sample").stdout)
    assert run(stack, "logs", "web", "script").stdout == "hi\n"
    everything = run(stack, "logs", "web").stdout
    assert "script: hi\n" in everything
    assert "sample: answers on" in everything
    with pytest.raises(
        TrunklineError, match=r"web has no process 'envoy'; it has: sample, script$"
    ):
        run(stack, "logs", "web", "envoy")


def test_start_brings_back_what_is_down(stack: Stack) -> None:
    stack.start(sample())
    kill_machine("web", stack.below)
    assert run(stack, "start").stdout.startswith("web is up after")
    assert run(stack, "start", "web").stdout == "web runs already\n"


def test_start_without_machines_says_so(stack: Stack) -> None:
    done = run(stack, "start")
    assert done.exit_code == 1
    assert "nothing runs below" in done.stderr


def test_stop_names_the_ordinary_way(stack: Stack) -> None:
    machine = sample()
    stack.start(machine)
    done = run(stack, "stop")
    assert done.exit_code == 0
    assert done.stdout.startswith("ended 1 machine: web. Where Terraform still knows them, run")
    assert "terraform destroy" in done.stdout
    stack.assert_nothing_left(machine)
    again = run(stack, "stop")
    assert (again.exit_code, again.stdout) == (0, f"nothing runs below {stack.below}\n")


@pytest.mark.slow
def test_followed_logs_show_what_is_added(stack: Stack) -> None:
    import subprocess

    text = """
import socket, time
s = socket.create_server(("127.0.0.1", PORT))
while True:
    print("tick", flush=True)
    time.sleep(0.05)
"""
    stack.start(script(text))
    program = "from trunkline.cli.local import local_app; local_app()"
    command = [sys.executable, "-u", "-c", program, "logs", "web", "--follow", "--lines", "0"]
    with subprocess.Popen(
        [*command, "--folder", str(stack.below)], stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout
        assert [following.stdout.readline() for _ in range(30)] == ["tick\n"] * 30
        following.send_signal(signal.SIGINT)
        assert following.wait(10) == 130


def test_the_state_folder_is_looked_for_here(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.start(sample())
    monkeypatch.chdir(stack.root)
    assert [machine.name for machine in machines()] == ["web"]
    assert Path(".trunkline").exists()
