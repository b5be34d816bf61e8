"""The program that joins a machine to Cloudflare Mesh, on a stand-in for `ip`, `nft`, `warp-cli`.

The stand-in takes the commands that https://developers.cloudflare.com/mesh/guides/run-mesh-on-linux/
has, and those to show a registration and the settings; any other one fails the test.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from trunkline.payload import node, warp
from trunkline.payload.node import BackboneError
from trunkline.payload.warp import WarpNode

TOKEN = "eyJhIjoiMDEyMyIsInQiOiJ0b2tlbiIsInMiOiJ0ZXN0In0="
CONFIG: dict[str, Any] = {
    "zone": "us-east-1a",
    "names": {"us-east-1a": "aws-1", "us-east-1b": "aws-2"},
    "overlay": "10.254.0.0/24",
    "mesh": "100.96.0.0/12",
    "ports": [8443, 8444],
    "addresses": {"aws-1": "10.254.0.1", "aws-2": "10.254.0.2"},
}
PROFILE = """\
Merged configuration:
(network policy)\tMode: WarpWithDnsOverHttps
(network policy)\tInclude mode, with hosts/ips:
  100.96.0.0/12
  10.254.0.0/24
"""
DEFAULT = """\
Merged configuration:
(default)\tMode: Warp
(default)\tExclude mode, with hosts/ips:
  10.0.0.0/8
"""


class Machine:
    """An interface, a firewall, and a daemon that registers with the tokens of its connectors."""

    def __init__(self) -> None:
        self.answers = True
        self.valid = {TOKEN}
        self.registered: list[str] = []
        self.deleted = 0
        self.status = "Disconnected. Reason: Manual Disconnection"
        self.settings = PROFILE
        self.connects = 0
        self.addresses: list[str] = []
        self.rules = ""

    @property
    def is_registered(self) -> bool:
        return len(self.registered) > self.deleted

    def run(self, *command: str, text: str = "", seconds: float = 30) -> str:
        match command:
            case ("nft", "-f", "-"):
                self.rules = text
            case ("ip", "address", "flush", "dev", "lo", "label", _):
                self.addresses = []
            case ("ip", "address", "add", address, "dev", "lo", "label", _):
                self.addresses.append(address)
            case ("warp-cli", "--accept-tos", *arguments):
                return self._warp(arguments)
            case _:
                raise AssertionError(command)
        return ""

    def _warp(self, arguments: list[str]) -> str:
        if not self.answers:
            raise BackboneError("warp-cli: Unable to connect to the CloudflareWARP daemon")
        match arguments:
            case ["status"]:
                return f"Status update: {self.status}"
            case ["registration", "show"]:
                if not self.is_registered:
                    raise BackboneError("warp-cli: Missing registration")
                return "Account type: Team"
            case ["registration", "delete"]:
                assert self.is_registered
                self.deleted += 1
                self.status = "Disconnected. Reason: Registration Missing"
            case ["connector", "new", token]:
                if self.is_registered:
                    raise BackboneError("warp-cli: Old registration is still around")
                if token not in self.valid:
                    raise BackboneError("warp-cli: API error: invalid token")
                self.registered.append(token)
            case ["settings"]:
                return self.settings
            case ["connect"]:
                assert self.is_registered
                self.connects += 1
                self.status = "Connecting"
            case _:
                raise AssertionError(arguments)
        return "Success"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    machine = Machine()
    monkeypatch.setattr(warp, "run", machine.run)
    monkeypatch.setattr(warp, "STATE", str(tmp_path))
    return machine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, CONFIG)
    return tmp_path


def put(folder: Path, config: dict[str, Any], token: str = TOKEN) -> None:
    (folder / "backbone.json").write_text(json.dumps(config))
    (folder / "backbone-key").write_text(f"{token}\n")


def joined(machine: Machine, folder: Path) -> WarpNode:
    """A node that is up."""
    node = WarpNode(str(folder))
    node.turn()
    machine.status = "Connected"
    node.turn()
    assert node.up
    return node


def test_it_registers_connects_and_has_its_address(machine: Machine, folder: Path) -> None:
    joined(machine, folder)
    assert machine.registered == [TOKEN]
    assert machine.connects == 1
    assert machine.addresses == ["10.254.0.1/32"]


def test_it_is_up_once_the_daemon_says_that_it_is_connected(
    machine: Machine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = WarpNode(str(folder))
    node.turn()
    node.turn()
    assert not node.up and machine.connects == 1
    machine.status = "Connected\nNetwork: healthy"
    node.turn()
    assert node.up
    assert capsys.readouterr().out.endswith("aws-1 is up at 10.254.0.1/32\n")


def test_it_does_not_register_again_after_a_reboot(machine: Machine, folder: Path) -> None:
    joined(machine, folder)
    machine.status = "Connecting"
    joined(machine, folder)
    assert machine.registered == [TOKEN] and machine.deleted == 0


def test_it_does_not_register_while_the_daemon_does_not_answer(
    machine: Machine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined(machine, folder)
    machine.answers = False
    node = WarpNode(str(folder))
    node.turn()
    machine.answers = True
    machine.status = "Connected"
    node.turn()
    assert node.up and machine.registered == [TOKEN] and machine.deleted == 0


def test_another_token_takes_the_place_of_the_one_before(machine: Machine, folder: Path) -> None:
    node = joined(machine, folder)
    machine.valid = {"another"}
    put(folder, CONFIG, "another")
    node.turn()
    assert machine.registered == [TOKEN, "another"] and machine.deleted == 1
    assert not node.up


def test_it_does_not_connect_by_a_profile_that_takes_all_traffic(
    machine: Machine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.settings = DEFAULT
    node = WarpNode(str(folder))
    node.turn()
    node.turn()
    assert machine.connects == 0
    assert capsys.readouterr().out.count("no profile leads 10.254.0.0/24 here yet") == 1
    machine.settings = PROFILE
    node.turn()
    assert machine.connects == 1


def test_a_node_that_lost_its_connection_connects_again(
    machine: Machine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = joined(machine, folder)
    machine.status = "Disconnected. Reason: Settings Changed"
    node.turn()
    assert not node.up and machine.connects == 2
    assert "not connected yet: Disconnected" in capsys.readouterr().out


def test_a_token_that_is_refused_is_said_once_and_in_no_message(
    machine: Machine, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.valid = set()
    node = WarpNode(str(folder))
    node.turn()
    node.turn()
    said = capsys.readouterr().out
    assert said == "warp-cli: API error: invalid token\n"


def test_another_address_takes_the_place_of_the_one_before(machine: Machine, folder: Path) -> None:
    node = joined(machine, folder)
    put(folder, {**CONFIG, "addresses": {"aws-1": "10.254.0.9"}})
    node.turn()
    assert machine.addresses == ["10.254.0.9/32"]
    assert machine.registered == [TOKEN]


def test_the_firewall_stands_before_the_registration(machine: Machine, folder: Path) -> None:
    machine.answers = False
    WarpNode(str(folder)).turn()
    assert "tcp dport { 8443, 8444 } accept" in machine.rules
    assert "ip daddr != 10.254.0.1/32 drop" in machine.rules
    assert 'iifname != { "lo", "CloudflareWARP" } ip saddr 100.96.0.0/12 drop' in machine.rules
    assert machine.registered == []


def test_without_ports_the_firewall_lets_in_pings_alone() -> None:
    assert "dport" not in warp.rules({**CONFIG, "ports": []})


def test_it_waits_for_its_configuration(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    WarpNode(str(tmp_path)).turn()
    assert capsys.readouterr().out == "the configuration is not there yet\n"
    assert machine.registered == []


def test_a_command_that_is_not_there_is_named(
    machine: Machine,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*command: str, text: str = "", seconds: float = 30) -> str:
        raise FileNotFoundError(2, "No such file or directory", command[0])

    monkeypatch.setattr(warp, "run", run)
    WarpNode(str(folder)).turn()
    assert "'nft'" in capsys.readouterr().out


def test_it_tells_systemd_when_it_is_up(
    machine: Machine, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        server.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        joined(machine, folder)
        said = [server.recv(99).decode() for _ in range(3)]
    assert said[0].startswith("STATUS=not connected yet")
    assert said[1:] == ["READY=1", "STATUS=aws-1 is up at 10.254.0.1/32"]


def test_a_command_that_fails_names_no_token() -> None:
    with pytest.raises(BackboneError) as error:
        node.run("sh", "-c", "echo no >&2; exit 1", "new", TOKEN)
    assert TOKEN not in str(error.value) and str(error.value).endswith(": no")


def test_it_looks_again_and_again(machine: Machine, folder: Path, monkeypatch: Any) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        machine.status = "Connected"
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        warp.main(str(folder))
    assert waits == [1, warp.LOOK_SECONDS]
