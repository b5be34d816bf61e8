"""The program that joins a machine to ZeroTier, on a stand-in for `ip`, `nft` and the daemon.

The stand-in takes what the real daemon takes: the files of its home, as https://docs.zerotier.com/config/
and doc/zerotier-one.8.md of https://github.com/zerotier/ZeroTierOne say, and lets in members that
the network's controller has authorized.
"""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.nodes import keys_for
from support.zerotier import IDENTITIES

from trunkline.payload import zerotier
from trunkline.payload.node import SILENT_SECONDS
from trunkline.payload.zerotier import ZeroTierMember
from trunkline.topology import load

NETWORK = "8056c2e21c000001"
ROOT = Path(__file__).resolve().parents[3]
KEYS = keys_for(load(ROOT / "tests" / "golden" / "topologies" / "zerotier.yaml")).values
FIRST, SECOND = "backbone_aws_1_key", "backbone_aws_2_key"


def config(**changes: Any) -> dict[str, Any]:
    own = {"name": "aws-1", "address": "10.254.0.1", "mtu": 1381}
    return {
        "zone": "us-east-1a",
        "names": {"us-east-1a": "aws-1"},
        "network_id": NETWORK,
        "port": 9993,
        "overlay": "10.254.0.0/24",
        "ports": [8443, 8444],
        "nodes": [
            {**own, "identities": [IDENTITIES[FIRST]]},
            {"name": "google-1", "address": "10.254.0.3", "mtu": 1370},
        ],
        **changes,
    }


def with_identities(*variables: str) -> dict[str, Any]:
    plain = config()
    plain["nodes"][0]["identities"] = [IDENTITIES[each] for each in variables]
    return plain


class Machine:
    """Interfaces, a firewall, and a daemon that joins the networks whose files it finds."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.rules = ""
        self.home = Path()
        self.member = ""
        self.starts = 0
        self.ended: int | None = None
        self.authorized: dict[str, list[str]] = {}
        self.status = ""

    def run(self, *words: str, text: str = "", seconds: float = 30) -> str:
        self.asked.append(" ".join(words))
        match words:
            case ("nft", "-f", "-"):
                self.rules = text
            case ("zerotier-cli", home, "-j", "listnetworks"):
                assert home == f"-D{self.home}"
                return json.dumps([self._network(path) for path in self._joined()])
            case ("ip", "link" | "route", *_):
                assert self.member in self.authorized, "there is no interface yet"
            case _:
                raise AssertionError(words)
        return ""

    def _joined(self) -> list[Path]:
        return [p for p in (self.home / "networks.d").iterdir() if ".local." not in p.name]

    def _network(self, path: Path) -> dict[str, Any]:
        local = path.with_suffix(".local.conf").read_text().splitlines()
        assert {"allowManaged=1", "allowDefault=0"} <= {*local}
        given = self.authorized.get(self.member)
        status = self.status or ("ACCESS_DENIED" if given is None else "OK")
        return {
            "nwid": path.stem,
            "status": status,
            "assignedAddresses": [f"{each}/24" for each in given or ()],
        }

    def start(self, words: tuple[str, ...]) -> Machine:
        program, flag, home = words
        assert (program, flag) == ("zerotier-one", "-U")
        self.home = Path(home)
        secret = (self.home / "identity.secret").read_text()
        assert (self.home / "identity.secret").stat().st_mode & 0o777 == 0o600
        assert (self.home / "identity.public").read_text() == secret.rpartition(":")[0]
        settings = json.loads((self.home / "local.conf").read_text())["settings"]
        assert settings["primaryPort"] == 9993 and settings["allowSecondaryPort"] is False
        assert "tl0" in settings["interfacePrefixBlacklist"]
        assert (self.home / "devicemap").read_text() == f"{NETWORK}=tl0\n"
        self.member = secret.partition(":")[0]
        self.starts += 1
        return self

    def poll(self) -> int | None:
        return self.ended

    def terminate(self) -> None:
        self.member = ""

    def wait(self, seconds: float) -> int:
        return 0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(zerotier, "run", made.run)
    monkeypatch.setattr(subprocess, "Popen", made.start)
    monkeypatch.setattr(zerotier, "LOOK_SECONDS", -1)
    monkeypatch.setattr(zerotier, "SHORT_LOOK_SECONDS", -1)
    return made


@pytest.fixture
def member(tmp_path: Path) -> ZeroTierMember:
    (tmp_path / "home").mkdir()
    told(tmp_path, config())
    return ZeroTierMember(str(tmp_path), str(tmp_path / "home"))


def told(folder: Path, described: dict[str, Any], *variables: str) -> None:
    (folder / zerotier.CONFIG).write_text(json.dumps(described))
    (folder / zerotier.KEYS).write_text(",".join(KEYS[each] for each in variables or (FIRST,)))


def test_a_machine_that_is_let_in_is_up(
    machine: Machine, member: ZeroTierMember, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.authorized["7c28704e09"] = ["10.254.0.1"]
    member.turn()
    assert machine.member == "7c28704e09"
    assert "ip link set tl0 mtu 1381" in machine.asked
    assert "ip route replace 10.254.0.3/32 dev tl0 mtu 1370" in machine.asked
    assert capsys.readouterr().out == "aws-1 is up, 1 other node(s)\n"
    member.turn()
    assert machine.starts == 1
    assert capsys.readouterr().out == ""


def test_until_then_it_says_once_who_is_to_be_let_in(
    machine: Machine, member: ZeroTierMember, capsys: pytest.CaptureFixture[str]
) -> None:
    member.turn()
    member.turn()
    said = f"the network {NETWORK} does not let this machine in yet: authorize 7c28704e09 in it\n"
    assert capsys.readouterr().out == said
    machine.authorized["7c28704e09"] = ["10.254.0.9"]
    member.turn()
    assert "does not give this machine its address, 10.254.0.1" in capsys.readouterr().out
    machine.authorized["7c28704e09"] = ["10.254.0.1"]
    member.turn()
    assert "aws-1 is up" in capsys.readouterr().out


def test_a_network_that_is_not_there_is_said(
    machine: Machine, member: ZeroTierMember, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.status = "NOT_FOUND"
    member.turn()
    assert f"the network {NETWORK} is not there yet: NOT_FOUND" in capsys.readouterr().out


def test_the_firewall_stands_before_the_daemon_and_follows_the_ports(
    machine: Machine, member: ZeroTierMember, tmp_path: Path
) -> None:
    machine.authorized["7c28704e09"] = ["10.254.0.1"]
    member.turn()
    assert machine.asked[0] == "nft -f -"
    assert "tcp dport { 8443, 8444 } accept" in machine.rules
    assert "meta nfproto != ipv4 drop" in machine.rules
    told(tmp_path, config(ports=[]))
    member.turn()
    assert "dport" not in machine.rules
    assert machine.starts == 1


def test_another_identity_starts_the_daemon_anew_without_the_files_of_the_one_before(
    machine: Machine, member: ZeroTierMember, tmp_path: Path
) -> None:
    member.turn()
    (tmp_path / "home" / "peers.d").mkdir()
    (tmp_path / "home" / "authtoken.secret").write_text("of the daemon")
    told(tmp_path, with_identities(SECOND, FIRST), SECOND, FIRST)
    member.turn()
    assert (machine.member, machine.starts) == ("18e24f4562", 2)
    assert not (tmp_path / "home" / "peers.d").exists()
    assert not (tmp_path / "home" / "authtoken.secret").exists()


def test_a_key_that_the_nodes_file_does_not_know_yet_is_not_taken(
    machine: Machine, member: ZeroTierMember, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zerotier, "CANDIDATES", 90)
    told(tmp_path, config(), SECOND, FIRST)
    member.turn()
    assert machine.member == "7c28704e09"
    told(tmp_path, config(), SECOND)
    member.turn()
    assert member.trouble == "the nodes file knows none of this machine's keys"
    assert machine.starts == 1


def test_a_daemon_that_has_ended_ends_the_program_too(
    machine: Machine, member: ZeroTierMember
) -> None:
    member.turn()
    machine.ended = 1
    with pytest.raises(SystemExit, match="zerotier-one has ended"):
        member.turn()


def test_the_way_to_the_others_is_kept_open(
    machine: Machine, member: ZeroTierMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    class Socket(socket.socket):
        def sendto(self, *where: Any) -> int:
            sent.append(where)
            return 0

    monkeypatch.setattr(socket, "socket", Socket)
    member.turn()
    assert sent == [], "it is not let in yet"
    machine.authorized["7c28704e09"] = ["10.254.0.1"]
    member.turn()
    member.turn()
    assert sent == [(b"", ("10.254.0.3", zerotier.HELLO_PORT))]


def test_it_waits_for_its_configuration(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ZeroTierMember(str(tmp_path), str(tmp_path)).turn()
    assert capsys.readouterr().out == "the configuration is not there yet\n"
    assert machine.starts == 0


def test_it_tells_systemd_when_its_daemon_runs(
    machine: Machine, member: ZeroTierMember, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        server.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        member.turn()
        assert server.recv(99) == b"READY=1"


def test_it_looks_again_and_again(
    machine: Machine, member: ZeroTierMember, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        zerotier.main(member.folder, member.home)
    assert waits == [1, 1]


# --- whole networks


class Time:
    """The time of the program, which a test moves on."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


def with_networks() -> dict[str, Any]:
    plain = config(overlay="127.0.9.0/24", own_ports=[443])
    own, far = plain["nodes"]
    networks = {"aws": "10.10.0.0/16", "google": "10.20.0.0/16"}
    nodes = [
        {**own, "address": "127.0.9.1", "network": networks["aws"]},
        {**far, "address": "127.0.9.3", "network": networks["google"]},
        {**far, "name": "google-2", "address": "127.0.9.4", "network": networks["google"]},
    ]
    return {**plain, "nodes": nodes}


def test_a_network_goes_to_its_first_node_and_to_the_next_while_that_is_silent(
    machine: Machine, member: ZeroTierMember, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Time()
    monkeypatch.setattr("time.monotonic", clock.monotonic)
    monkeypatch.setattr(zerotier, "HELLO_PORT", 0)  # any that is free
    monkeypatch.setattr(zerotier, "hello", lambda *_: None)
    machine.authorized["7c28704e09"] = ["127.0.9.1"]
    told(tmp_path, with_networks())
    here: list[str] = ["127.0.9.3", "127.0.9.4"]
    monkeypatch.setattr(zerotier, "heard", lambda ear: [("", address) for address in here])

    def led_to() -> str:
        member.turn()
        ways = [each for each in machine.asked if each.startswith("ip route replace 10.20.0.0/16")]
        return ways[-1]

    assert led_to() == "ip route replace 10.20.0.0/16 via 127.0.9.3 dev tl0 mtu 1370 proto 84"
    here.remove("127.0.9.3")
    clock.now += SILENT_SECONDS
    assert "via 127.0.9.4" in led_to()
    here.append("127.0.9.3")
    assert "via 127.0.9.3" in led_to()
    assert "ip saddr 10.10.0.0/16 ip daddr { 10.20.0.0/16 } accept" in machine.rules
    assert machine.rules.count("maxseg size set 1330") == 2
    assert f"udp dport {zerotier.HELLO_PORT} accept" in machine.rules
    told(tmp_path, config(overlay="127.0.9.0/24", nodes=with_networks()["nodes"][:1]))
    member.turn()
    assert machine.asked[-1] == "ip route delete 10.20.0.0/16 proto 84"


def test_what_comes_from_elsewhere_says_nothing_of_a_node(
    machine: Machine, member: ZeroTierMember, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zerotier, "HELLO_PORT", 0)
    monkeypatch.setattr(zerotier, "hello", lambda *_: None)
    machine.authorized["7c28704e09"] = ["127.0.9.1"]
    told(tmp_path, with_networks())
    member.turn()
    assert member.ear
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.9.77", 0))
        stranger.sendto(b"", member.ear.getsockname())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind(("127.0.9.4", 0))
        node.sendto(b"", member.ear.getsockname())
    member.turn()
    assert set(member.heard) == {"google-2"}
    member.ear.close()
