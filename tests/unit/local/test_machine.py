"""The description of a machine, and what start and status read of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trunkline.errors import ConfigurationError, MachineError
from trunkline.local.layout import STATE, STATE_SIZE
from trunkline.local.machine import MOST_PROCESSES, LocalMachine, LocalProcess
from trunkline.local.records import parse_plan, read_state
from trunkline.local.supervised import SupervisedProcess

PROCESS: dict[str, Any] = {"name": "web", "program": "python", "ready": "http://127.0.0.1:80/"}


def machine(**changes: Any) -> LocalMachine:
    given = {"name": "edge", "kind": "edge", "processes": (LocalProcess(**PROCESS),), **changes}
    return LocalMachine(**given)


def test_its_json_is_what_start_reads() -> None:
    process = LocalProcess(**PROCESS, arguments=("-c", "web.json"), files={"web.json": "{}"})
    text = machine(processes=(process,), addresses=("udp 127.10.0.1:8100",)).to_json()
    plan = parse_plan(text, "test")
    assert plan["addresses"] == ["udp 127.10.0.1:8100"]
    assert plan["processes"][0]["arguments"] == ["-c", "web.json"]
    assert plan["processes"][0]["files"] == {"web.json": "{}"}
    assert plan["start_seconds"] == 15


def test_its_json_does_not_depend_on_the_order_of_files() -> None:
    one = LocalProcess(**PROCESS, files={"a": "1", "b": "2"})
    other = LocalProcess(**PROCESS, files={"b": "2", "a": "1"})
    assert machine(processes=(one,)).to_json() == machine(processes=(other,)).to_json()


@pytest.mark.parametrize("name", ["", "Edge", "-edge", "a/b", "..", "a" * 64, "a\n", "lock "])
def test_a_name_that_cannot_be_a_folder_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="lower case letters, digits and hyphens"):
        machine(name=name)
    with pytest.raises(ConfigurationError, match="lower case letters, digits and hyphens"):
        LocalProcess(**{**PROCESS, "name": name})


@pytest.mark.parametrize("file", ["/etc/passwd", "../x", "a/../../x", ""])
def test_a_file_elsewhere_is_refused(file: str) -> None:
    with pytest.raises(ConfigurationError, match="must lie in the machine's folder"):
        LocalProcess(**PROCESS, files={file: ""})


@pytest.mark.parametrize(
    "file", ["lock", "./lock", "machine.json", "state.json", "a.log", "a.log.1"]
)
def test_a_file_of_the_supervisor_is_refused(file: str) -> None:
    with pytest.raises(ConfigurationError, match="is the supervisor's; choose another name"):
        LocalProcess(**PROCESS, files={file: ""})


@pytest.mark.parametrize(
    "ready",
    ["", "127.0.0.1:80", "https://127.0.0.1:80/", "http://127.0.0.1/", "tcp://:80", "tcp://a:x"],
)
def test_a_health_check_that_cannot_be_made_is_refused(ready: str) -> None:
    with pytest.raises(ConfigurationError, match="must read like http://"):
        LocalProcess(**{**PROCESS, "ready": ready})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:80",
        "tcp localhost:80",
        "icmp 127.0.0.1:1",
        "tcp 127.0.0.1:65536",
        "tcp 300.0.0.1:1",
    ],
)
def test_an_address_that_cannot_be_bound_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="must read like tcp 127"):
        machine(addresses=(address,))


def test_processes_have_names_of_their_own() -> None:
    with pytest.raises(ConfigurationError, match="each with a name of its own"):
        machine(processes=(LocalProcess(**PROCESS), LocalProcess(**PROCESS)))
    with pytest.raises(ConfigurationError, match="1 to 8 processes"):
        machine(processes=())


def test_a_process_cannot_have_the_supervisor_s_name() -> None:
    with pytest.raises(ConfigurationError, match="supervisor"):
        machine(processes=(LocalProcess(**{**PROCESS, "name": "supervisor"}),))


def test_a_machine_too_large_for_the_environment_is_refused() -> None:
    big = LocalProcess(**PROCESS, files={"big": "ä" * 60_000})
    with pytest.raises(ConfigurationError, match=r"takes \d{3},\d{3} bytes and 120,000 fit"):
        machine(processes=(big,)).to_json()


def test_the_state_of_the_largest_machine_fits_into_its_page(tmp_path: Path) -> None:
    processes = [SupervisedProcess(f"{'n' * 62}{i}", []) for i in range(MOST_PROCESSES)]
    for process in processes:
        process.pid, process.create_time, process.since = 4_194_304, 1 / 3 + 1e9, 1.8e9
        process.restarts, process.cause = 10**6, "exit code 255"
        process.log.trouble = f"{'No space left on device'}: {10**12} bytes of its log are lost"
    state = {
        "supervisor": {"pid": 4_194_304, "create_time": 1 / 3 + 1e9},
        "processes": {process.name: process.state() for process in processes},
    }
    assert len(json.dumps(state)) <= STATE_SIZE
    (tmp_path / STATE).write_text(json.dumps(state))
    assert read_state(tmp_path) == state


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"name": "x"}'])
def test_text_that_does_not_describe_a_machine_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(MachineError, match=r"^there does not describe a machine; synthesize"):
        parse_plan(text, "there")
