"""A start that fails: one sentence names the cause and the remedy, and nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve
from support.loopback import eventually, free_port
from support.machines import Stack, sample, script
from support.needs import needs
from support.processes import processes_below

from trunkline.local.machine import LocalMachine, LocalProcess

pytestmark = pytest.mark.slow  # test_quickly.py has one of each kind

ROOT = needs("root")


def fails(stack: Stack, machine: LocalMachine, **environment: str) -> str:
    """What the start prints; it must fail, and leave nothing behind."""
    done = stack.start(machine, **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith(f"{machine.name}: ")
    stack.assert_nothing_left()
    return done.stderr


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_taken_port_is_named_with_the_process_that_holds_it(stack: Stack, protocol: str) -> None:
    kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[protocol]
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("0.0.0.0", 0))
        if protocol == "tcp":
            other.listen()
        address = f"{protocol} 127.10.0.1:{other.getsockname()[1]}"
        said = fails(stack, evolve(sample(), addresses=(address,)))
    comm = Path("/proc/self/comm").read_text().strip()
    assert f"{address} is taken by {comm} (pid {os.getpid()}); end that" in said


def test_every_taken_port_is_named_at_once(stack: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
        addresses = (f"tcp 127.0.0.1:{port}", "tcp 192.0.2.1:80")
        said = fails(stack, evolve(sample(), addresses=addresses))
    assert f"127.0.0.1:{port} is taken" in said
    assert "no address 192.0.2.1" in said


def test_an_address_that_is_missing_comes_with_its_remedy(stack: Stack) -> None:
    said = fails(stack, evolve(sample(), addresses=("tcp 192.0.2.1:8080",)))
    assert "this machine has no address 192.0.2.1; add it: sudo ip address add 192.0.2.1/32" in said


def test_a_missing_workerd_comes_with_its_remedy(stack: Stack) -> None:
    process = LocalProcess(name="workerd", program="workerd", ready="tcp://127.0.0.1:1")
    said = fails(stack, LocalMachine(name="ingress", kind="ingress", processes=(process,)))
    assert "workerd is not installed; run: npm install workerd" in said


def test_a_workerd_that_cannot_be_run_is_named(stack: Stack) -> None:
    process = LocalProcess(name="workerd", program="workerd", ready="tcp://127.0.0.1:1")
    machine = LocalMachine(name="ingress", kind="ingress", processes=(process,))
    said = fails(stack, machine, TRUNKLINE_WORKERD="/nowhere/workerd")
    assert "TRUNKLINE_WORKERD names /nowhere/workerd, which cannot be run" in said


def test_the_end_of_the_log_of_a_process_that_fails_at_once_is_shown(stack: Stack) -> None:
    text = "import sys\nfor i in range(9): print('line', i)\nsys.exit('the cause')\n"
    said = fails(stack, script(text))
    assert "script ended with exit code 1 while it started; its log ends with:" in said
    assert "line 8\n" in said
    assert "the cause\n" in said
    assert "line 3" not in said


def test_a_signal_that_ends_a_process_is_named(stack: Stack) -> None:
    said = fails(stack, script("import os\nos.abort()\n"))
    assert "script ended with SIGABRT while it started; " in said


def test_a_process_that_never_listens_fails_the_start(stack: Stack) -> None:
    before = time.monotonic()
    said = fails(
        stack, script("import time\nprint('busy', flush=True)\ntime.sleep(600)\n", seconds=0.5)
    )
    assert "script is not healthy (127.0.0.1:" in said
    assert "Connection refused) after 0.5 s" in said
    assert "busy" in said
    assert time.monotonic() - before < 10


def test_a_process_that_accepts_and_never_answers_fails_the_start(stack: Stack) -> None:
    port = free_port()
    machine = script(
        "import socket, time\ns = socket.create_server(('127.0.0.1', PORT))\ntime.sleep(600)\n",
        seconds=3,  # a busy machine needs one to start it
        port=port,
    )
    [process] = machine.processes
    asked = evolve(process, ready=f"http://127.0.0.1:{port}/healthz")
    said = fails(stack, evolve(machine, processes=(asked,)))
    assert "did not answer within" in said


def test_a_process_that_answers_with_an_error_fails_the_start(stack: Stack) -> None:
    machine = sample()
    [process] = machine.processes
    tcp = f"http://{machine.addresses[0].removeprefix('tcp ')}/healthz"
    assert process.ready == tcp
    text = """
import socket
s = socket.create_server(("127.0.0.1", PORT))
while True:
    c, _ = s.accept()
    c.recv(9999)
    c.sendall(b"HTTP/1.1 503 Service Unavailable\\r\\ncontent-length: 0\\r\\n\\r\\n")
    c.close()
"""
    port = free_port()
    sick = script(text, seconds=3, port=port)
    asked = evolve(sick.processes[0], ready=f"http://127.0.0.1:{port}/healthz")
    said = fails(stack, evolve(sick, processes=(asked,)))
    assert "answered HTTP/1.1 503 Service Unavailable" in said


def test_text_that_does_not_describe_a_machine_is_refused(stack: Stack) -> None:
    for text in ("{", "[]", "{}", '"x"', "null"):
        done = stack.run("start", TRUNKLINE_MACHINE=text)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            "TRUNKLINE_MACHINE does not describe a machine; synthesize the stacks again\n"
        )


def test_a_missing_machine_says_which_variable_to_set(stack: Stack) -> None:
    done = stack.run("start", TRUNKLINE_MACHINE="")
    assert done.returncode == 1
    assert "TRUNKLINE_MACHINE is not set" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_nothing(stack: Stack, number: int) -> None:
    machine = script("import time\ntime.sleep(600)\n", seconds=30)
    starting = stack.popen("start", "web", machine)
    eventually(stack.find_process)
    starting.send_signal(number)
    said = starting.communicate(timeout=20)[1]
    assert starting.returncode == 128 + number
    assert "Traceback" not in said
    stack.assert_nothing_left(machine)


def test_a_killed_start_leaves_nothing(stack: Stack) -> None:
    machine = script("import time\ntime.sleep(600)\n", seconds=30)
    starting = stack.popen("start", "web", machine)
    eventually(stack.find_process)
    starting.kill()
    starting.communicate()
    eventually(lambda: not processes_below(stack.root))
    stack.assert_nothing_left(machine)


def test_a_file_in_the_place_of_the_folder_is_named(stack: Stack) -> None:
    stack.below.write_text("")
    done = stack.start(sample())
    assert done.returncode == 1
    assert ".trunkline" in done.stderr
    assert "cannot be written: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stop_with_a_file_in_the_place_of_the_folder_names_it(stack: Stack) -> None:
    stack.below.write_text("")
    done = stack.stop()
    assert done.returncode == 1
    assert "cannot be removed: Not a directory; run this as" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KB."""
    path = tmp_path / "disk"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", path], check=True)
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@ROOT
def test_a_disk_that_is_full_at_the_start_says_so(tmpfs: Path) -> None:
    full = Stack(tmpfs)
    with pytest.raises(OSError, match="No space left"):
        full.cwd.joinpath("ballast").write_bytes(b"x" * (300 * 1024))
    said = fails(full, sample())
    assert "cannot be written: No space left on device; free space" in said


@ROOT
def test_a_disk_that_cannot_be_written_says_so(tmpfs: Path) -> None:
    stack = Stack(tmpfs)
    command = stack.cwd
    subprocess.run(["mount", "-o", "remount,ro", tmpfs], check=True)
    done = stack.start(sample())
    assert done.returncode == 1
    assert "cannot be written: Read-only file system; free space or set its permissions" in (
        done.stderr
    )
    assert command.exists()


@ROOT
def test_a_disk_that_fills_up_later_stops_nothing(tmpfs: Path) -> None:
    stack = Stack(tmpfs)
    text = """
import socket, time
s = socket.create_server(("127.0.0.1", PORT))
while True:
    print("x" * 99, flush=True)
    time.sleep(0.002)
"""
    machine = script(text)
    assert stack.start(machine).returncode == 0
    ballast = stack.cwd / "ballast"
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(b"x" * (300 * 1024))
    from trunkline.local.status import machines

    def trouble() -> str:
        [found] = machines(stack.below)
        assert found.healthy
        return found.processes[0].log_trouble

    eventually(lambda: trouble().startswith("No space left on device: "))
    assert stack.restarts() == 0
    ballast.unlink()
    eventually(lambda: trouble() == "")
    log = (stack.folder() / "script.log").read_text()
    assert "bytes of this log were lost (No space left on device" in log
    stack.stop()
    stack.assert_nothing_left(machine)
