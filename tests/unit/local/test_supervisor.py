"""The supervisor by itself, as `start` speaks with it: commands, then `ok`, then nothing more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.loopback import eventually

from trunkline.local.layout import STATE

# As a module, where `start` runs it by path: so it counts as tested.
RUN = "import sys; from trunkline.local.supervisor import main; main(*sys.argv[1:])"
ECHO = "import signal, sys; print(sys.stdin.read() == '', flush=True); signal.pause()"


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def state(folder: Path) -> dict[str, Any]:
    """What the supervisor has written of its processes."""
    found: dict[str, Any] = json.loads((folder / STATE).read_text())["processes"]
    return found


def log(folder: Path, name: str = "one") -> str:
    """The log of a process; empty before it has one."""
    path = folder / f"{name}.log"
    return path.read_text() if path.exists() else ""


@contextmanager
def supervisor(
    folder: Path, if_abandoned: str = "remove", **commands: list[str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A supervisor of `commands`, which has not heard yet that all are healthy."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), if_abandoned], cwd=folder, stdin=subprocess.PIPE
    )
    try:
        send(process, json.dumps(commands).encode() + b"\n")
        yield process
    finally:
        process.kill()
        process.communicate()


def send(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin
    process.stdin.write(data)
    process.stdin.flush()


def hang_up(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / ".trunkline" / "machines" / "web"
    path.mkdir(parents=True)
    return path


def test_a_process_has_no_input_and_its_output_is_logged(folder: Path) -> None:
    with supervisor(folder, one=python(ECHO)):
        eventually(lambda: "True\n" in log(folder))
        one = state(folder)["one"]
    assert (one["restarts"], one["cause"], one["log_trouble"]) == (0, "", "")
    assert one["pid"] > 0 and one["create_time"] > 0


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("raise SystemExit(3)", "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
        ("import os; os.kill(os.getpid(), 40)", "signal 40"),
    ],
)
def test_a_process_that_ended_is_started_again_later_and_later(
    folder: Path, code: str, cause: str
) -> None:
    with supervisor(folder, one=python(code)):
        eventually(lambda: log(folder).count("again") >= 2)
        assert state(folder)["one"]["cause"] == cause
    for delay in ("0.1", "0.2"):
        assert f"one ended with {cause}; starts again in {delay} s\n" in log(folder)


def test_a_program_that_is_not_there_is_said_in_the_log(folder: Path) -> None:
    with supervisor(folder, one=["/nowhere/program"]):
        eventually(lambda: "cannot run /nowhere/program: " in log(folder))
        eventually(lambda: state(folder)["one"]["cause"] == "exit code 127")


def test_sigterm_ends_every_process_and_keeps_the_folder(folder: Path) -> None:
    stubborn = f"import signal; signal.signal(15, signal.SIG_IGN); {ECHO}"
    with supervisor(folder, one=python(ECHO), two=python(stubborn)) as process:
        eventually(lambda: "True" in log(folder) and "True" in log(folder, "two"))
        send(process, b"ok")
        pids = [each["pid"] for each in state(folder).values()]
        process.terminate()
        assert process.wait(10) == 0
    assert not any(map(psutil.pid_exists, pids))
    assert "ended with SIGTERM" in log(folder)
    assert "ended with SIGKILL" in log(folder, "two")


def test_once_confirmed_it_does_not_need_the_one_who_started_it(folder: Path) -> None:
    with supervisor(folder, one=python(ECHO)) as process:
        send(process, b"ok")
        hang_up(process)
        eventually(lambda: "True" in log(folder))
        os.kill(state(folder)["one"]["pid"], signal.SIGTERM)
        eventually(lambda: state(folder)["one"]["restarts"] == 1)
        assert process.poll() is None


def test_a_start_that_was_killed_leaves_nothing(folder: Path) -> None:
    with supervisor(folder, one=python(ECHO)) as process:
        eventually(lambda: "True" in log(folder))
        pid = state(folder)["one"]["pid"]
        hang_up(process)
        assert process.wait(10) == 0
    assert not folder.exists()
    assert not psutil.pid_exists(pid)


def test_a_restart_that_was_killed_leaves_what_the_next_one_needs(folder: Path) -> None:
    (folder / "machine.json").write_text("{}")
    with supervisor(folder, "keep", one=python(ECHO)) as process:
        eventually(lambda: "True" in log(folder))
        hang_up(process)
        assert process.wait(10) == 0
    assert (folder / "machine.json").exists()


def test_without_its_commands_it_ends_at_once(folder: Path) -> None:
    command = [sys.executable, "-c", RUN, str(folder), "remove"]
    subprocess.run(command, cwd=folder, input=b'{"one": ', check=True, timeout=20)
    assert not folder.exists()


def test_a_process_that_closes_its_output_goes_on(folder: Path) -> None:
    closes = "import os, signal; os.close(1); os.close(2); open('closed', 'w'); signal.pause()"
    with supervisor(folder, one=python(closes)):
        eventually((folder / "closed").exists)
        assert state(folder)["one"]["restarts"] == 0
