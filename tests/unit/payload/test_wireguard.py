"""The program that joins a machine to a backbone, on a stand-in for `ip`, `wg` and `nft`.

tests/contract/backbone runs it with the real ones.
"""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trunkline.payload import wireguard
from trunkline.payload.wireguard import BackboneError, Mesh

HOSTS = {"b.test": "192.0.2.2", "c.test": "192.0.2.3"}
KEY, NEW = "5e" * 32, "7a" * 32


class Kernel:
    """Interfaces and peers as the commands have made them; a public key is `of-` the private."""

    def __init__(self) -> None:
        self.peers: dict[str, dict[str, dict[str, str]]] = {}
        self.routes: dict[str, str] = {}
        self.handshakes: dict[tuple[str, str], float] = {}
        self.rules = ""
        self.asked: list[str] = []
        self.knows_wireguard = True

    def run(self, *command: str, text: str = "") -> str:
        self.asked.append(" ".join(command))
        match command:
            case ("wg", "pubkey"):
                return f"of-{text}"
            case ("ip", "link", "add", name, *_):
                if not self.knows_wireguard:
                    raise BackboneError("ip link add: Operation not supported")
                self.peers[name] = {}
            case ("wireguard-go", name):
                self.peers[name] = {}
            case ("ip", "link", "delete", name):
                del self.peers[name]
            case ("ip", "route", "replace", address, "dev", name, *_):
                self.routes[address] = name
            case ("wg", "show", "interfaces"):
                return " ".join(self.peers)
            case ("wg", "show", name, "peers"):
                return "\n".join(self.peers[name])
            case ("wg", "show", name, "latest-handshakes"):
                times = ((key, self.handshakes.get((name, key), 0)) for key in self.peers[name])
                return "\n".join(f"{key}\t{seconds:.0f}" for key, seconds in times)
            case ("wg", "set", name, "peer", key, "remove"):
                del self.peers[name][key]
            case ("wg", "set", name, "peer", key, *options):
                self._set(name, key, dict(zip(options[::2], options[1::2], strict=True)))
            case ("nft", *_):
                self.rules = text
        return ""

    def _set(self, name: str, key: str, options: Mapping[str, str]) -> None:
        if address := options.get("allowed-ips"):  # another peer loses it
            for peer in self.peers[name].values():
                if peer.get("allowed-ips") == address:
                    del peer["allowed-ips"]
        self.peers[name].setdefault(key, {}).update(options)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(wireguard, "run", made.run)
    monkeypatch.setattr(wireguard, "RESOLVE_SECONDS", 0)

    def find(host: str, *_: Any) -> Any:
        if host not in HOSTS:
            raise OSError("no such name")
        return [(0, 0, 0, "", (HOSTS[host], 0))]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    return made


def public(private: str) -> str:
    return f"of-{base64.b64encode(bytes.fromhex(private)).decode()}"


def node(name: str, number: int, *keys: tuple[str, int]) -> dict[str, Any]:
    described = [{"public_key": key, "port": port} for key, port in keys]
    address = f"10.254.0.{number}"
    return {
        "name": name,
        "host": f"{name}.test",
        "address": address,
        "mtu": 1340,
        "keys": described,
    }


def tell(folder: Path, own: list[tuple[str, int]], *others: dict[str, Any]) -> None:
    """Put into place what the store says now: the keys of this machine, and the other nodes."""
    nodes = [node("a", 1, *((public(key), port) for key, port in own)), *others]
    config = {"zone": "z", "names": {"z": "a"}, "overlay": "10.254.0.0/24", "ports": [8443]}
    (folder / "backbone.json").write_text(json.dumps({**config, "nodes": nodes}))
    (folder / "backbone-key").write_text(",".join(key for key, _ in own))


def test_a_machine_has_an_interface_with_all_others_as_peers(
    kernel: Kernel, tmp_path: Path
) -> None:
    tell(tmp_path, [(KEY, 51820)], node("b", 2, ("B", 51820)), node("c", 3, ("C", 51821)))
    Mesh(str(tmp_path)).turn()
    peers = kernel.peers["tl51820"]
    assert {key: peer["endpoint"] for key, peer in peers.items()} == {
        "B": "192.0.2.2:51820",
        "C": "192.0.2.3:51821",
    }
    assert {peer["persistent-keepalive"] for peer in peers.values()} == {"5"}
    assert {key: peer["allowed-ips"] for key, peer in peers.items()} == {
        "B": "10.254.0.2/32",
        "C": "10.254.0.3/32",
    }
    assert kernel.routes == {"10.254.0.2/32": "tl51820", "10.254.0.3/32": "tl51820"}
    assert "tcp dport { 8443 } accept" in kernel.rules


def test_a_turn_without_news_changes_nothing(kernel: Kernel, tmp_path: Path) -> None:
    tell(tmp_path, [(KEY, 51820)], node("b", 2, ("B", 51820)))
    mesh = Mesh(str(tmp_path))
    mesh.turn()
    kernel.asked.clear()
    mesh.turn()
    assert kernel.asked == ["wg show tl51820 latest-handshakes"]


def test_a_new_key_gets_an_interface_of_its_own_and_the_traffic_once_it_has_a_session(
    kernel: Kernel, tmp_path: Path
) -> None:
    both = node("b", 2, ("B2", 51821), ("B", 51820))
    tell(tmp_path, [(NEW, 51821), (KEY, 51820)], both)
    kernel.handshakes["tl51820", "B"] = time.time()
    mesh = Mesh(str(tmp_path))
    mesh.turn()
    assert kernel.peers.keys() == {"tl51820", "tl51821"}
    assert kernel.routes["10.254.0.2/32"] == "tl51820"
    kernel.handshakes["tl51821", "B2"] = time.time()
    mesh.turn()
    assert kernel.routes["10.254.0.2/32"] == "tl51821"
    assert kernel.peers["tl51821"]["B2"]["allowed-ips"] == "10.254.0.2/32"
    assert kernel.peers["tl51820"]["B"]["allowed-ips"] == "10.254.0.2/32"  # it may still send


def test_what_is_retired_goes(kernel: Kernel, tmp_path: Path) -> None:
    mesh = Mesh(str(tmp_path))
    tell(tmp_path, [(NEW, 51821), (KEY, 51820)], node("b", 2, ("B2", 51821), ("B", 51820)))
    mesh.turn()
    tell(tmp_path, [(NEW, 51821)], node("b", 2, ("B2", 51821)))
    mesh.turn()
    assert {name: [*peers] for name, peers in kernel.peers.items()} == {"tl51821": ["B2"]}


def test_a_kernel_without_wireguard_is_helped_out(kernel: Kernel, tmp_path: Path) -> None:
    kernel.knows_wireguard = False
    tell(tmp_path, [(KEY, 51820)], node("b", 2, ("B", 51820)))
    Mesh(str(tmp_path)).turn()
    assert "wireguard-go tl51820" in kernel.asked
    assert "B" in kernel.peers["tl51820"]


def test_a_node_without_a_name_yet_is_found_later(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(tmp_path, [(KEY, 51820)], node("d", 4, ("D", 51820)))
    mesh = Mesh(str(tmp_path))
    mesh.turn()
    assert "endpoint" not in kernel.peers["tl51820"]["D"]
    monkeypatch.setitem(HOSTS, "d.test", "192.0.2.4")
    mesh.turn()
    assert kernel.peers["tl51820"]["D"]["endpoint"] == "192.0.2.4:51820"
    monkeypatch.setitem(HOSTS, "d.test", "192.0.2.77")
    mesh.turn()
    assert kernel.peers["tl51820"]["D"]["endpoint"] == "192.0.2.77:51820"


def test_trouble_is_said_once(
    kernel: Kernel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = Mesh(str(tmp_path))
    mesh.turn()
    mesh.turn()
    assert capsys.readouterr().out == "the configuration is not there yet\n"
    tell(tmp_path, [(KEY, 51820)], node("b", 2, ("B", 51820)))
    (tmp_path / "backbone-key").write_text(NEW)
    mesh.turn()
    mesh.turn()
    said = capsys.readouterr().out
    assert said == "the nodes file knows none of this machine's keys\n"
    assert KEY not in said and NEW not in said
    (tmp_path / "backbone-key").write_text(KEY)
    mesh.turn()
    assert "a is up with 1 key(s), 1 other node(s)" in capsys.readouterr().out


def test_a_command_that_fails_says_its_last_words() -> None:
    with pytest.raises(BackboneError, match=r"sh -c echo no >&2; false: no$"):
        wireguard.run("sh", "-c", "echo no >&2; false")
    assert wireguard.run("cat", text="yes\n") == "yes"
