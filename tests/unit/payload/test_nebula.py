"""The program that joins a machine to a backbone of Nebula, on a stand-in for `ip` and `nebula`.

tests/contract/backbone runs it with the real ones.
"""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from trunkline.deploy.nodes import public_key
from trunkline.payload import nebula
from trunkline.payload.nebula import NebulaError, NebulaMember

KEY = "5e" * 32
HOSTS = {"b-1.test": "192.0.2.2"}


def public(private: str) -> str:
    return base64.b64encode(nebula.public_half(bytes.fromhex(private))).decode()


def config(**changes: Any) -> dict[str, Any]:
    nodes = [
        {"name": name, "host": f"{name}.test", "address": f"10.254.0.{number}", "mtu": mtu}
        for number, (name, mtu) in enumerate([("a-1", 1400), ("b-1", 1340), ("c-1", 1400)], 1)
    ]
    own = {"public_key": public(KEY), "certificate": "Q" * 70}
    return {
        "zone": "z",
        "names": {"z": "a-1"},
        "group": "edge",
        "ports": [8443],
        "port": 51820,
        "authorities": ["first", "second"],
        "nodes": [{**nodes[0], "keys": [own]}, *nodes[1:]],
        **changes,
    }


class Machine:
    """What the commands were, and the process of Nebula, which lives until it is `ended`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.signals: list[int] = []
        self.refuses = ""
        self.ended: int | None = None

    def command(self, *words: str) -> str:
        self.asked.append(" ".join(words))
        if self.refuses and self.refuses in words:
            raise NebulaError("nebula -test: bad configuration")
        return f"5: {nebula.INTERFACE}" if "-o" in words else ""

    def start(self, words: Any) -> Machine:
        self.asked.append(f"start {' '.join(words)}")
        return self

    def send_signal(self, number: int) -> None:
        self.signals.append(number)

    def poll(self) -> int | None:
        return self.ended


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(nebula, "command", made.command)
    monkeypatch.setattr(subprocess, "Popen", made.start)

    def find(host: str, *_: Any) -> Any:
        if host not in HOSTS:
            raise OSError("no such name")
        return [(0, 0, 0, "", (HOSTS[host], 0))]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    return made


@pytest.fixture
def member(tmp_path: Path) -> NebulaMember:
    (tmp_path / "run").mkdir()
    told(tmp_path, config())
    return NebulaMember(str(tmp_path), str(tmp_path / "run"))


def told(folder: Path, described: dict[str, Any], keys: str = KEY) -> None:
    (folder / nebula.CONFIG).write_text(json.dumps(described))
    (folder / nebula.KEYS).write_text(keys)


def written(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run" / "config.yml").read_text())
    return found


@pytest.mark.parametrize("key", [KEY, "00" * 32, "ff" * 32, "7a" * 31 + "81"])
def test_the_public_half_is_that_of_the_library(key: str) -> None:
    assert public(key) == public_key(key)


def test_a_machine_starts_nebula_with_what_it_is_told(
    machine: Machine, member: NebulaMember, tmp_path: Path
) -> None:
    member.turn()
    file = f"{tmp_path}/run/config.yml"
    assert machine.asked[:2] == [f"nebula -test -config {file}", f"start nebula -config {file}"]
    assert f"ip link set {nebula.INTERFACE} mtu 1400" in machine.asked
    route = f"ip route replace 10.254.0.2/32 dev {nebula.INTERFACE} mtu 1340"
    assert route in machine.asked
    found = written(tmp_path)
    assert found["static_host_map"] == {"10.254.0.2": ["192.0.2.2:51820"]}, "c-1 has no address yet"
    inbound = [
        (rule["proto"], rule["port"], rule["group"]) for rule in found["firewall"]["inbound"]
    ]
    assert inbound == [("icmp", "any", "edge"), ("tcp", 8443, "edge")]
    assert (tmp_path / "run" / "host.key").stat().st_mode & 0o777 == 0o600
    authorities = (tmp_path / "run" / "ca.crt").read_text()
    assert authorities.count("BEGIN NEBULA CERTIFICATE") == 2


def test_what_is_new_is_taken_without_a_restart(
    machine: Machine, member: NebulaMember, tmp_path: Path
) -> None:
    member.turn()
    member.turn()
    assert machine.signals == [], "nothing has changed"
    told(tmp_path, config(ports=[8443, 8444]))
    member.turn()
    assert machine.signals == [signal.SIGHUP]
    assert sum(each.startswith("start") for each in machine.asked) == 1


def test_an_address_that_changes_is_found(
    machine: Machine, member: NebulaMember, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nebula, "RESOLVE_SECONDS", -1)
    member.turn()
    monkeypatch.setitem(HOSTS, "b-1.test", "192.0.2.9")
    member.turn()
    assert written(tmp_path)["static_host_map"] == {"10.254.0.2": ["192.0.2.9:51820"]}
    monkeypatch.delitem(HOSTS, "b-1.test")
    member.turn()
    assert written(tmp_path)["static_host_map"] == {"10.254.0.2": ["192.0.2.9:51820"]}


def test_the_newest_key_with_a_certificate_is_shown(
    machine: Machine, member: NebulaMember, tmp_path: Path
) -> None:
    told(tmp_path, config(), keys=f"{'7a' * 32},{KEY}")
    member.turn()
    private = base64.b64encode(bytes.fromhex(KEY)).decode()
    assert private in (tmp_path / "run" / "host.key").read_text()


@pytest.mark.parametrize(
    ("keys", "refuses", "said"),
    [
        ("7a" * 32, "", "knows none of this machine's keys"),
        (KEY, "-test", "bad configuration"),
    ],
)
def test_what_does_not_fit_is_said_once(
    machine: Machine,
    member: NebulaMember,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    keys: str,
    refuses: str,
    said: str,
) -> None:
    machine.refuses = refuses
    told(tmp_path, config(), keys=keys)
    member.turn()
    member.turn()
    assert capsys.readouterr().out.count(said) == 1
    assert not any(each.startswith("start") for each in machine.asked)


def test_a_machine_waits_for_its_configuration(
    member: NebulaMember, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / nebula.CONFIG).unlink()
    member.turn()
    assert "not there yet" in capsys.readouterr().out


def test_the_program_ends_with_nebula(machine: Machine, member: NebulaMember) -> None:
    member.turn()
    machine.ended = 1
    with pytest.raises(SystemExit, match="nebula has ended"):
        member.turn()


def test_a_command_that_fails_says_its_last_words() -> None:
    assert nebula.command("echo", "well") == "well"
    with pytest.raises(NebulaError, match="ls --no-such"):
        nebula.command("ls", "--no-such")


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        nebula.say("up")
        assert server.recv(100) == b"STATUS=up"
