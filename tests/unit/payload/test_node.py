"""What the programs share that join a machine to a backbone."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trunkline.payload import node
from trunkline.payload.node import BackboneError
from trunkline.payload.unit import machine_program


def told(*ports: int) -> dict[str, Any]:
    own = {"name": "b-1", "address": "10.254.0.2", "mtu": 1400}
    names = {"zone": "z", "names": {"z": "b-1"}, "nodes": [own]}
    return {**names, "overlay": "10.254.0.0/24", "ports": list(ports)}


@pytest.mark.parametrize("name", ["wireguard", "nebula", "tailscale", "sync"])
def test_a_machine_gets_a_program_as_one_file(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(machine_program(name))
    assert "trunkline.payload" not in file.read_text()
    command = (sys.executable, "-I", "-c", f"import runpy; runpy.run_path({str(file)!r})")
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_firewall_lets_in_the_edges_ports_alone() -> None:
    rules = node.rules(told(8443, 5432), "tl*")
    assert "tcp dport { 8443, 5432 } accept" in rules
    assert "ip saddr != 10.254.0.0/24 drop" in rules
    assert "dport" not in node.rules(told(), "tl*")
    assert "udp dport 9 accept" in node.rules(told(), "tl*", "    udp dport 9 accept\n")


def test_without_networks_nothing_passes_from_or_to_the_backbone() -> None:
    rules = node.rules(told(), "tl*")
    assert 'iifname "tl*" drop' in rules
    assert 'oifname "tl*" drop' in rules
    assert "maxseg" not in rules


def test_a_command_that_fails_says_its_last_words() -> None:
    with pytest.raises(BackboneError, match=r"sh -c echo no >&2; false: no$"):
        node.run("sh", "-c", "echo no >&2; false")
    assert node.run("cat", text="yes\n") == "yes"


def test_a_hello_to_a_node_without_a_way_is_left_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near:
        near.bind(("127.0.0.1", 0))
        near.settimeout(10)
        ways = [{"address": "240.0.0.1"}, {"address": "127.0.0.1"}]
        node.hello(ways, near.getsockname()[1])
        assert near.recv(1) == b""


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        node.say("up")
        assert server.recv(100) == b"STATUS=up"
