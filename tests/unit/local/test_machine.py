"""What a machine may look like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trunkline.errors import ConfigurationError
from trunkline.local.child import Child
from trunkline.local.errors import MachineError
from trunkline.local.machine import Machine, Process
from trunkline.local.plan import parse
from trunkline.local.supervisor import STATE_SIZE

PROCESS: dict[str, Any] = {"name": "web", "program": "python", "ready": "http://127.0.0.1:80/"}


def machine(**changes: Any) -> Machine:
    given = {"name": "edge", "kind": "edge", "processes": (Process(**PROCESS),), **changes}
    return Machine(**given)


def test_its_json_is_what_start_reads() -> None:
    process = Process(**PROCESS, arguments=("-c", "web.json"), files={"web.json": "{}"})
    text = machine(processes=(process,), addresses=("udp 127.10.0.1:8100",)).to_json()
    plan = parse(text, "test")
    assert plan["addresses"] == ["udp 127.10.0.1:8100"]
    assert plan["processes"][0]["arguments"] == ["-c", "web.json"]
    assert plan["processes"][0]["files"] == {"web.json": "{}"}
    assert plan["start_seconds"] == 15


def test_its_json_does_not_depend_on_the_order_of_files() -> None:
    one = Process(**PROCESS, files={"a": "1", "b": "2"})
    other = Process(**PROCESS, files={"b": "2", "a": "1"})
    assert machine(processes=(one,)).to_json() == machine(processes=(other,)).to_json()


@pytest.mark.parametrize("name", ["", "Edge", "-edge", "a/b", "..", "a" * 64, "a\n", "lock "])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="lower case letters, digits and hyphens"):
        machine(name=name)
    with pytest.raises(ConfigurationError, match="lower case letters, digits and hyphens"):
        Process(**{**PROCESS, "name": name})


@pytest.mark.parametrize("file", ["/etc/passwd", "../x", "a/../../x", ""])
def test_a_file_elsewhere_is_refused(file: str) -> None:
    with pytest.raises(ConfigurationError, match="must lie in the machine's folder"):
        Process(**PROCESS, files={file: ""})


@pytest.mark.parametrize(
    "file", ["lock", "./lock", "machine.json", "state.json", "a.log", "a.log.1"]
)
def test_a_file_of_the_supervisor_is_refused(file: str) -> None:
    with pytest.raises(ConfigurationError, match="is the supervisor's; choose another name"):
        Process(**PROCESS, files={file: ""})


@pytest.mark.parametrize(
    "ready",
    ["", "127.0.0.1:80", "https://127.0.0.1:80/", "http://127.0.0.1/", "tcp://:80", "tcp://a:x"],
)
def test_a_health_check_that_nobody_can_ask_is_refused(ready: str) -> None:
    with pytest.raises(ConfigurationError, match="must read like http://"):
        Process(**{**PROCESS, "ready": ready})


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
def test_an_address_that_nobody_can_bind_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="must read like tcp 127"):
        machine(addresses=(address,))


def test_processes_have_names_of_their_own() -> None:
    with pytest.raises(ConfigurationError, match="each with a name of its own"):
        machine(processes=(Process(**PROCESS), Process(**PROCESS)))
    with pytest.raises(ConfigurationError, match="1 to 8 processes"):
        machine(processes=())


def test_a_process_is_not_called_as_the_supervisor() -> None:
    with pytest.raises(ConfigurationError, match="supervisor"):
        machine(processes=(Process(**{**PROCESS, "name": "supervisor"}),))


def test_what_does_not_fit_into_the_environment_is_refused() -> None:
    big = Process(**PROCESS, files={"big": "ä" * 60_000})
    with pytest.raises(ConfigurationError, match=r"takes \d{3},\d{3} bytes and 120,000 fit"):
        machine(processes=(big,)).to_json()


def test_the_state_of_the_largest_machine_fits_into_its_page() -> None:
    children = [Child(f"{'n' * 62}{i}", []) for i in range(8)]
    for child in children:
        child.pid, child.born, child.since = 4_194_304, "b" * 24, 1.8e9
        child.restarts, child.cause = 10**6, "exit code 255"
        child.log.trouble = f"{'No space left on device'}: {10**12} bytes of its log are lost"
    state = {
        "supervisor": {"pid": 4_194_304, "born": "b" * 24},
        "processes": {child.name: child.state() for child in children},
    }
    assert len(json.dumps(state)) <= STATE_SIZE


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"name": "x"}'])
def test_text_that_is_no_machine_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(MachineError, match=r"^there does not hold a machine; synthesize"):
        parse(text, "there")
