"""The demo on this machine, run to its end and interrupted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.local_topology import Place, ask, local_place
from support.loopback import eventually
from support.processes import processes_below

pytestmark = pytest.mark.slow

FEW_ZONES = {
    "[us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1e, us-east-1f]": "[us-east-1a]",
    "[us-east4-a, us-east4-b, us-east4-c]": "[us-east4-a]",
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return local_place(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> Place:
    """Five zones in place of twelve."""
    return local_place(tmp_path, latency=False, **FEW_ZONES)


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    """No machine may run after a test."""
    yield
    left = processes_below(tmp_path)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == {}


def environment(place: Place, **more: str) -> dict[str, str]:
    return {**os.environ, "TRUNKLINE_WORKERD": str(place.workerd), **more}


def local(
    command: str, place: Place, *options: str, **env: str
) -> subprocess.CompletedProcess[str]:
    """`trunkline local COMMAND` in the folder of the topology."""
    file = () if command == "down" else (place.file.name,)
    return subprocess.run(
        [sys.executable, "-m", "trunkline", "local", command, *file, *options],
        cwd=place.file.parent,
        env=environment(place, **env),
        capture_output=True,
        text=True,
        timeout=180,
    )


def started(place: Place, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "trunkline", "local", "demo", place.file.name, *options],
        cwd=place.file.parent,
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_line(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if text in line:
            return
    raise AssertionError(f"no line with {text!r} in {seen}")


def assert_taken_down(folder: Path) -> None:
    assert processes_below(folder) == {}
    assert not (folder / "local" / ".trunkline").exists()
    assert not (folder / "local" / "cdktf.out").exists()
    assert not (folder / "local" / "state").exists()


def test_the_demo_runs_to_its_end_and_leaves_its_results(place: Place) -> None:
    done = local("demo", place, "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    figures = {figure["what"]: figure["figure"] for figure in report["figures"]}
    assert figures["chosen zones"].startswith("aws us-east-1b, google us-east4-c, azure eastus-2")
    assert figures["/api/v5"] == "answered by aws/us-east-1b"
    by_name = figures["aws asks https://us-east4-aiplatform.googleapis.com/"]
    originated = figures["aws asks http://claude.internal/"]
    assert by_name.startswith("google/us-east4-c answers in")
    assert originated.startswith("azure/eastus-2 answers in") and "3 events" in originated
    assert figures["/api/v5 without its edge"].startswith("google/us-east4-c answers instead")
    changed, gone = figures["/api/v5 changes"], figures["the edge of aws goes"]
    assert " 0 failed, the change was served" in changed
    assert gone.endswith(" 0 failed, google/us-east4-c answers now")
    assert {"start-up to all healthy", "memory at its peak", "all of it"} <= set(figures)
    folder = place.file.parent
    assert all((folder / written).exists() for written in report["written"])
    assert_taken_down(folder)


@pytest.mark.parametrize("moment", ["synthesize", "apply them", "measure", "request"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_at_any_step_it_takes_everything_down(
    small: Place, moment: str, number: signal.Signals
) -> None:
    process = started(small)
    wait_for_line(process, moment)
    time.sleep(0.3)  # into the step that follows
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "take everything down" in errors
    assert "Traceback" not in errors
    assert_taken_down(small.file.parent)


def test_a_second_ctrl_c_waits_for_the_first(small: Place) -> None:
    process = started(small)
    wait_for_line(process, "apply them")
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "a moment" in errors
    assert_taken_down(small.file.parent)


def test_the_next_demo_clears_away_what_a_killed_one_left(small: Place) -> None:
    process = started(small)
    wait_for_line(process, "apply them")
    process.kill()
    process.communicate()
    assert processes_below(small.file.parent)
    done = local("demo", small)
    assert done.returncode == 0, done.stderr
    assert "clear away what an earlier demo left" in done.stderr
    assert_taken_down(small.file.parent)


def test_a_second_demo_in_the_same_folder_is_refused(small: Place) -> None:
    first = started(small)
    wait_for_line(first, "apply them")
    second = local("demo", small)
    assert second.returncode == 2
    assert f"another run is at work in local (pid {first.pid})" in second.stderr
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)


def test_a_demo_whose_ports_are_taken_names_the_process_and_cleans_up(
    small: Place, tmp_path: Path
) -> None:
    assert local("up", small).returncode == 0
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(small.file, other)
    done = local("demo", Place(other / small.file.name, small.url, small.workerd))
    assert done.returncode == 2
    assert "is taken" in done.stderr and "pid" in done.stderr
    assert "Traceback" not in done.stderr
    assert_taken_down(other)
    assert ask(f"{small.url}/api/v5")["site"] == "aws"  # the first still runs
    assert local("down", small).returncode == 0


def test_what_is_up_keeps_running_and_is_changed_in_place(small: Place) -> None:
    assert local("up", small).returncode == 0
    pids = processes_below(small.file.parent)
    small.file.write_text(small.file.read_text().replace("zone: eastus-1", "zone: eastus-2"))
    assert local("up", small).returncode == 0
    assert ask(f"{small.url}/api/v7")["zone"] == "eastus-2"
    kept = processes_below(small.file.parent).keys() & pids.keys()
    # A machine has a supervisor and a process. New are azure's edge, its two samples, the ingress,
    # and the edge of aws, which asks azure's for a service.
    assert len(kept) == len(pids) - 2 * 5
    refused = local("demo", small)
    assert refused.returncode == 2
    assert "take it down first" in refused.stderr
    assert local("down", small).returncode == 0
    assert_taken_down(small.file.parent)


def test_applications_are_told_how_to_ask_for_services(small: Place) -> None:
    up = local("up", small)
    assert up.returncode == 0, up.stderr
    commands = [line for line in up.stdout.splitlines() if "--connect-to" in line]
    assert len(commands) == 2
    eventually(lambda: all(_answered(each, small.file.parent) for each in commands))
    stranger = commands[0].replace("us-east4-aiplatform.googleapis.com", "example.org")
    assert not _answered(stranger, small.file.parent)
    assert local("down", small).returncode == 0


def _answered(command: str, folder: Path) -> bool:
    curl, *arguments = command.split()
    done = subprocess.run([curl, "-sf", *arguments], cwd=folder, capture_output=True, text=True)
    return done.returncode == 0 and json.loads(done.stdout)["served_by"] == "sample"


def test_a_killed_ingress_is_restarted(small: Place) -> None:
    assert local("up", small).returncode == 0
    [workerd] = [
        pid
        for pid, command in processes_below(small.file.parent).items()
        if "workerd serve" in command
    ]
    os.kill(workerd, signal.SIGKILL)
    eventually(lambda: answers(f"{small.url}/api/v6"))
    assert local("down", small).returncode == 0


def answers(url: str) -> bool:
    try:
        return bool(ask(url)["site"])
    except OSError:
        return False


def test_everything_goes_down_after_everything_was_killed(small: Place) -> None:
    assert local("up", small).returncode == 0
    for pid in processes_below(small.file.parent):
        os.kill(pid, signal.SIGKILL)
    assert local("down", small).returncode == 0
    assert_taken_down(small.file.parent)
    again = local("down", small)
    assert (again.returncode, again.stdout) == (0, "nothing is up in local\n")


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"PATH": "/nowhere"}, "terraform is not on PATH; install Terraform"),
        ({"TRUNKLINE_WORKERD": "/nowhere/workerd"}, "workerd"),
    ],
)
def test_a_missing_tool_is_named_with_its_source(
    small: Place, env: dict[str, str], sentence: str
) -> None:
    done = local("demo", small, **env)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert_taken_down(small.file.parent)
