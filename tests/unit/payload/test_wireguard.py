"""The program that joins a machine to a backbone, on a stand-in for `ip`, `wg` and `nft`.

tests/contract/backbone runs it with the real ones.
"""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from trunkline.payload import wireguard
from trunkline.payload.node import SILENT_SECONDS, BackboneError
from trunkline.payload.wireguard import Mesh

HOSTS = {"b.test": "192.0.2.2", "c.test": "192.0.2.3", "b.private.test": "10.60.0.2"}
KEY, NEW = "5e" * 32, "7a" * 32


class Kernel:
    """Interfaces and peers as the commands have made them; a public key is `of-` the private."""

    def __init__(self) -> None:
        self.peers: dict[str, dict[str, dict[str, str]]] = {}
        self.routes: dict[str, str] = {}
        self.handshakes: dict[tuple[str, str], float] = {}
        self.came: dict[str, int] = {}
        self.greeted: list[str] = []
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
            case ("ip", "route", "show", *_):
                return "".join(f"{each} dev x\n" for each in self.routes if "/32" not in each)
            case ("ip", "route", "delete", address, *_):
                del self.routes[address]
            case ("wg", "show", "interfaces"):
                return " ".join(self.peers)
            case ("wg", "show", name, "peers"):
                return "\n".join(self.peers[name])
            case ("wg", "show", name, "latest-handshakes"):
                times = ((key, self.handshakes.get((name, key), 0)) for key in self.peers[name])
                return "\n".join(f"{key}\t{seconds:.0f}" for key, seconds in times)
            case ("wg", "show", name, "transfer"):
                came = (
                    (key, self.came.get(key, 0) + self.came.get(f"{name} {key}", 0))
                    for key in self.peers[name]
                )
                return "\n".join(f"{key}\t{count}\t0" for key, count in came)
            case ("wg", "set", name, "peer", key, "remove"):
                del self.peers[name][key]
            case ("wg", "set", name, "peer", key, *options):
                self._set(name, key, dict(zip(options[::2], options[1::2], strict=True)))
            case ("nft", *_):
                self.rules = text
        return ""

    def _set(self, name: str, key: str, options: Mapping[str, str]) -> None:
        for address in options.get("allowed-ips", "").split(","):  # another peer loses it
            for peer in self.peers[name].values():
                there = peer.get("allowed-ips", "").split(",")
                peer["allowed-ips"] = ",".join(each for each in there if each != address)
        self.peers[name].setdefault(key, {}).update(options)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(wireguard, "run", made.run)
    monkeypatch.setattr(wireguard, "RESOLVE_SECONDS", 0)
    monkeypatch.setattr(wireguard, "HELLO_SECONDS", 0)
    monkeypatch.setattr(
        wireguard,
        "hello",
        lambda nodes, _, interface="": made.greeted.extend(
            f"{node['name']}{interface}" for node in nodes
        ),
    )

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


def carrying(node: dict[str, Any], network: str) -> dict[str, Any]:
    return {**node, "network": network}


def tell(
    folder: Path, own: list[tuple[str, int]], *others: dict[str, Any], network: str | None = None
) -> None:
    """Put into place what the store says now: the keys of this machine, and the other nodes."""
    first = node("a", 1, *((public(key), port) for key, port in own))
    nodes = [carrying(first, network) if network else first, *others]
    config = {
        "zone": "z",
        "names": {"z": "a"},
        "overlay": "10.254.0.0/24",
        "ports": [8443],
        "own_ports": [443],
    }
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


def test_the_first_node_of_a_site_carries_its_network(kernel: Kernel, tmp_path: Path) -> None:
    two_sites(tmp_path)
    Mesh(str(tmp_path)).turn()
    peers = kernel.peers["tl51820"]
    assert peers["B"]["allowed-ips"] == "10.254.0.2/32,10.20.0.0/16"
    assert peers["C"]["allowed-ips"] == "10.254.0.3/32"
    assert kernel.routes["10.20.0.0/16"] == "tl51820"
    assert "10.10.0.0/16" not in kernel.routes


def test_a_silent_node_hands_its_network_to_the_next_and_takes_it_back(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_sites(tmp_path)
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    mesh = Mesh(str(tmp_path))

    def after(seconds: float, *heard: str) -> str:
        nonlocal now
        now += seconds
        for key in heard:
            kernel.came[key] = kernel.came.get(key, 0) + 32
        mesh.turn()
        [carrier] = [
            key
            for key, peer in kernel.peers["tl51820"].items()
            if "10.20.0.0/16" in peer["allowed-ips"]
        ]
        return carrier

    assert after(0) == "B"
    assert after(2, "B", "C") == "B"
    assert after(SILENT_SECONDS - 1, "C") == "B"
    assert after(2, "C") == "C"
    assert after(1, "B", "C") == "B"
    assert after(60) == "B"  # nobody is heard: the fault may be this node's own


def test_a_node_that_shares_its_network_says_that_it_is_there(
    kernel: Kernel, tmp_path: Path
) -> None:
    two_sites(tmp_path)
    Mesh(str(tmp_path)).turn()
    assert kernel.greeted == []
    second = carrying(node("b", 2, ("B", 51820)), "10.10.0.0/16")
    far = carrying(node("c", 3, ("C", 51820)), "10.20.0.0/16")
    tell(tmp_path, [(KEY, 51820)], second, far, network="10.10.0.0/16")
    Mesh(str(tmp_path)).turn()
    assert kernel.greeted == ["b", "c"]


def test_a_network_that_is_no_longer_carried_loses_its_route(
    kernel: Kernel, tmp_path: Path
) -> None:
    two_sites(tmp_path)
    mesh = Mesh(str(tmp_path))
    mesh.turn()
    tell(tmp_path, [(KEY, 51820)], node("b", 2, ("B", 51820)))
    mesh.turn()
    assert kernel.routes == {"10.254.0.2/32": "tl51820", "10.254.0.3/32": "tl51820"}
    assert kernel.peers["tl51820"]["B"]["allowed-ips"] == "10.254.0.2/32"
    assert "policy drop" not in kernel.rules


def test_packets_pass_between_the_networks_alone(kernel: Kernel, tmp_path: Path) -> None:
    two_sites(tmp_path)
    Mesh(str(tmp_path)).turn()
    forward = kernel.rules.partition("chain forward")[2].partition("}\n")[0]
    assert "policy drop" in forward
    assert "ip saddr 10.10.0.0/16 ip daddr { 10.20.0.0/16 } accept" in kernel.rules
    assert "ip saddr { 10.20.0.0/16 } ip daddr 10.10.0.0/16 accept" in kernel.rules
    assert kernel.rules.count("maxseg size set 1300") == 2
    own = 'iifname != { "lo", "tl*" } ip saddr 10.10.0.0/16'
    assert f"{own} tcp dport {{ 443 }} accept" in kernel.rules
    assert f"{own} drop" in kernel.rules


def two_sites(folder: Path) -> None:
    """This machine alone in its site, and two nodes in the other."""
    others = [node("b", 2, ("B", 51820)), node("c", 3, ("C", 51820))]
    far = [carrying(each, "10.20.0.0/16") for each in others]
    tell(folder, [(KEY, 51820)], *far, network="10.10.0.0/16")


def linked(node: dict[str, Any]) -> dict[str, Any]:
    """The node, with a link between the clouds that leads to it."""
    keys = [{**key, "private_port": key["port"] + 2} for key in node["keys"]]
    return {**node, "keys": keys, "private_host": f"{node['name']}.private.test"}


@pytest.fixture
def pair(kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mesh]:
    """A machine whose node is joined with `b` by a link as well, and with `c` not."""
    others = [linked(node("b", 2, ("B", 51820))), node("c", 3, ("C", 51820))]
    tell(tmp_path, [(KEY, 51820)], *others)
    told = json.loads((tmp_path / "backbone.json").read_text())
    told["nodes"][0] = linked(told["nodes"][0])
    (tmp_path / "backbone.json").write_text(json.dumps(told))
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    mesh = Mesh(str(tmp_path))
    passed = mesh.turn

    def turn() -> None:
        now[0] += 1
        passed()

    monkeypatch.setattr(mesh, "turn", turn)
    yield mesh


def hear(mesh: Mesh, kernel: Kernel, seconds: int) -> None:
    """So many seconds in each of which something comes over the link."""
    for _ in range(seconds):
        kernel.came["tl51822 B"] = kernel.came.get("tl51822 B", 0) + 32
        mesh.turn()


def test_a_link_has_an_interface_of_its_own_with_those_it_leads_to(
    pair: Mesh, kernel: Kernel
) -> None:
    pair.turn()
    assert kernel.peers["tl51822"]["B"]["endpoint"] == "10.60.0.2:51822"
    assert kernel.peers["tl51820"]["B"]["endpoint"] == "192.0.2.2:51820"
    assert set(kernel.peers["tl51822"]) == {"B"}
    assert kernel.peers["tl51822"]["B"]["allowed-ips"] == "10.254.0.2/32"


def test_traffic_takes_the_link_while_it_carries_packets_and_comes_back(
    pair: Mesh, kernel: Kernel
) -> None:
    pair.turn()
    assert kernel.routes == {"10.254.0.2/32": "tl51820", "10.254.0.3/32": "tl51820"}
    hear(pair, kernel, 5)
    assert kernel.routes["10.254.0.2/32"] == "tl51820"
    hear(pair, kernel, 1)
    assert kernel.routes == {"10.254.0.2/32": "tl51822", "10.254.0.3/32": "tl51820"}
    pair.turn()
    assert kernel.routes["10.254.0.2/32"] == "tl51822"
    for _ in range(6):
        pair.turn()
    assert kernel.routes["10.254.0.2/32"] == "tl51820"
    hear(pair, kernel, 6)
    assert kernel.routes["10.254.0.2/32"] == "tl51822"


def test_over_a_silent_link_a_machine_sends_seldom(pair: Mesh, kernel: Kernel) -> None:
    for _ in range(20):
        pair.turn()
    assert kernel.greeted.count("btl51822") == 2
    kernel.greeted.clear()
    hear(pair, kernel, 5)
    assert kernel.greeted.count("btl51822") == 5


def test_handshakes_alone_do_not_count_as_a_link(pair: Mesh, kernel: Kernel) -> None:
    pair.turn()
    for second in range(40):
        if second % 5 == 0 or second % 10 == 3:
            hear(pair, kernel, 1)
        else:
            pair.turn()
        assert kernel.routes["10.254.0.2/32"] == "tl51820"
