"""The program that joins a machine to a backbone of Nebula, on a stand-in for `ip` and `nebula`.

tests/contract/backbone runs it with the real ones.
"""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from trunkline.deploy.nodes import public_key
from trunkline.payload import nebula
from trunkline.payload.nebula import NebulaMember
from trunkline.payload.node import SILENT_SECONDS, BackboneError
from trunkline.payload.x25519 import public_half

KEY = "5e" * 32
HOSTS = {"b-1.test": "192.0.2.2"}


def public(private: str) -> str:
    return base64.b64encode(public_half(bytes.fromhex(private))).decode()


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
        "overlay": "127.0.0.0/8",
        "ports": [8443],
        "own_ports": [443],
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
        self.rules, self.version = "", "1.6.1"

    def run(self, *words: str, text: str = "") -> str:
        self.asked.append(" ".join(words))
        self.rules = text or self.rules
        if "-version" in words:
            return f"Version: {self.version}"
        if self.refuses and self.refuses in words:
            raise BackboneError("nebula -test: bad configuration")
        return f"5: {nebula.INTERFACE}" if "-o" in words else ""

    def start(self, words: Any) -> Machine:
        self.asked.append(f"start {' '.join(words)}")
        return self

    def terminate(self) -> None:
        self.asked.append("end")

    def wait(self, seconds: float) -> None:
        """It ends at once."""

    def send_signal(self, number: int) -> None:
        self.signals.append(number)

    def poll(self) -> int | None:
        return self.ended


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(nebula, "run", made.run)
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


FAR = "10.20.0.0/16"


def carrying() -> dict[str, Any]:
    """This machine in one network, and the other two in another; all are on loopback."""
    described = config()
    for number, each in enumerate(described["nodes"], 1):
        each["network"] = "10.10.0.0/16" if number == 1 else FAR
        each["address"] = f"127.0.7.{number}"
    return described


def vias(folder: Path) -> dict[str, tuple[str, int]]:
    routes = written(folder)["tun"]["unsafe_routes"]
    return {each["route"]: (each["via"], each["mtu"]) for each in routes}


class Time:
    """The time of the program, which a test moves on."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(time, "monotonic", made.monotonic)
    return made


def hear(member: NebulaMember, clock: Time, seconds: int, *numbers: int) -> None:
    """Let these nodes say that they are there, each second for so long."""
    for _ in range(seconds):
        clock.now += 1
        for number in numbers:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind((f"127.0.7.{number}", 0))
                other.sendto(b"", ("127.0.7.1", nebula.HELLO_PORT))
        member.turn()


def test_a_silent_node_hands_its_network_to_the_next_and_takes_it_back(
    machine: Machine, member: NebulaMember, tmp_path: Path, clock: Time
) -> None:
    told(tmp_path, carrying())
    member.turn()
    assert vias(tmp_path) == {FAR: ("127.0.7.2", 1340)}
    hear(member, clock, nebula.STEADY_SECONDS + 2, 2, 3)
    assert vias(tmp_path) == {FAR: ("127.0.7.2", 1340)}
    assert "end" not in machine.asked
    hear(member, clock, SILENT_SECONDS + 2, 3, 9)
    assert vias(tmp_path) == {FAR: ("127.0.7.3", 1400)}
    assert machine.asked.count("end") == 1
    hear(member, clock, nebula.STEADY_SECONDS, 2, 3)
    assert vias(tmp_path) == {FAR: ("127.0.7.3", 1400)}, "it may be gone again at once"
    hear(member, clock, 3, 2, 3)
    assert vias(tmp_path) == {FAR: ("127.0.7.2", 1340)}
    assert sum(each.startswith("start") for each in machine.asked) == 3


@pytest.mark.parametrize(
    ("version", "restarts"), [("1.6.1", 1), ("1.8.2", 1), ("1.9.0", 0), ("1.10.3", 0)]
)
def test_a_nebula_that_can_takes_new_routes_without_a_restart(
    version: str, restarts: int, machine: Machine, member: NebulaMember, tmp_path: Path
) -> None:
    machine.version = version
    member.turn()
    told(tmp_path, carrying())
    member.turn()
    assert (machine.asked.count("end"), len(machine.signals)) == (restarts, 1 - restarts)


def test_a_nebula_that_did_not_come_back_is_started_again(
    machine: Machine, member: NebulaMember, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    member.turn()
    told(tmp_path, carrying())
    with monkeypatch.context() as broken:
        broken.setattr(NebulaMember, "start", lambda *_: (_ for _ in ()).throw(OSError("no")))
        member.turn()
    assert member.nebula is None
    member.turn()
    assert member.nebula is not None


def test_networks_pass_both_firewalls_and_edges_answer_their_ports_alone(
    machine: Machine, member: NebulaMember, tmp_path: Path
) -> None:
    member.turn()
    assert machine.rules == "", "Nebula's own rules are enough"
    told(tmp_path, carrying())
    member.turn()
    inbound = written(tmp_path)["firewall"]["inbound"]
    network = {"port": "any", "proto": "any", "local_cidr": "10.10.0.0/16", "cidr": FAR}
    assert inbound[-2:] == [
        {"port": nebula.HELLO_PORT, "proto": "udp", "group": "edge"},
        network,
    ]
    assert f'iifname "tl0" oifname != "tl0" ip saddr {{ {FAR} }}' in machine.rules
    assert f"udp dport {nebula.HELLO_PORT} accept" in machine.rules
    assert "maxseg size set 1300" in machine.rules
