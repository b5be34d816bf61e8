"""Nodes of a backbone in network namespaces, behind firewalls that open no port.

    node's namespace  eth0 192.0.2.N ──── internet's namespace, a bridge
                      eth2 10.60.0.N ──── the link between the clouds, another bridge, where asked

Each node runs the program of the machines with WireGuard; its firewall lets in what answers
something that it has sent, as those of the clouds do.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trunkline.deploy.nodes import public_key
from trunkline.payload.unit import machine_program
from trunkline.probing.key import generate_key

FIREWALL = """
table inet cloud {
  chain input {
    type filter hook input priority -10; policy accept;
    iifname != { "eth0", "eth2" } return
    ct state established,related accept
    icmp type { destination-unreachable, time-exceeded } accept
    drop
  }
}
"""
OVERLAY = "10.254.0.0/24"
_SCENES = itertools.count(1)


def sh(*command: str, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


@dataclass
class Node:
    """One machine: its namespace, its folder with what `sync.py` writes, its keys."""

    name: str
    number: int
    folder: Path
    scene: str
    keys: list[tuple[str, int]] = field(default_factory=lambda: [(generate_key(), 51820)])
    program: subprocess.Popen[str] | None = None
    network: str | None = None
    """The range of the network that it carries, where it does."""
    linked: bool = False
    """Whether the link between the clouds leads to it."""

    @property
    def namespace(self) -> str:
        return f"{self.scene}-{self.name}"

    @property
    def address(self) -> str:
        return f"10.254.0.{self.number}"

    @property
    def public_address(self) -> str:
        return f"192.0.2.{self.number}"

    @property
    def private_address(self) -> str:
        return f"10.60.0.{self.number}"

    def run(self, *command: str, text: str | None = None) -> str:
        """What a command prints that runs as the node's program does."""
        assert self.program
        inside = ("nsenter", "--target", str(self.program.pid), "--mount", "--net", "--")
        return sh(*inside, *command, text=text)

    def succeeds(self, *command: str) -> bool:
        with contextlib.suppress(AssertionError):
            self.run(*command)
            return True
        return False

    def reaches(self, other: Node, *options: str) -> bool:
        return self.succeeds("ping", "-c1", "-W1", *options, other.address)

    def text(self) -> str:
        """The program of the machines."""
        return machine_program("wireguard")

    def arguments(self) -> tuple[str, ...]:
        return (str(self.folder),)

    def kill(self) -> None:
        """End the program and wireguard-go, as a machine that is cut off from its power."""
        for pid in sh("ip", "netns", "pids", self.namespace).split():
            subprocess.run(["kill", "-9", pid], check=False)
        assert self.program
        self.program.wait()

    def described(self, mtu: int) -> dict[str, Any]:
        keys: list[dict[str, Any]] = [
            {"public_key": public_key(key), "port": port} for key, port in self.keys
        ]
        host = f"{self.name}.test"
        made = {"name": self.name, "host": host, "address": self.address, "mtu": mtu, "keys": keys}
        if self.linked:
            for key in keys:
                key["private_port"] = key["port"] + 2
            made["private_host"] = f"{self.name}.private.test"
        return {**made, "network": self.network} if self.network else made

    def told(self, nodes: Sequence[Mapping[str, Any]], ports: Sequence[int] = (8443,)) -> None:
        """Put into place what the store would say now."""
        keys = ",".join(key for key, _ in self.keys)
        (self.folder / "backbone-key").write_text(keys)
        config = {
            "zone": "z",
            "names": {"z": self.name},
            "overlay": OVERLAY,
            "ports": list(ports),
            "own_ports": [443],
            "nodes": list(nodes),
        }
        new = self.folder / "backbone.new"
        new.write_text(json.dumps(config))
        new.rename(self.folder / "backbone.json")


@contextlib.contextmanager
def nodes(
    names: Sequence[str],
    folder: Path,
    mtu: int = 1400,
    networks: Mapping[str, str] | None = None,
    make: type[Node] = Node,
    linked: bool = False,
) -> Iterator[list[Node]]:
    """That many nodes, up and told of one another; all is taken away again.

    `make` is their kind, `networks` are the ranges of those that carry one, by the node's name.
    `linked` ones are joined by a link between their clouds as well.
    """
    with ExitStack() as stack:
        scene = f"tl{os.getpid() % 10_000}b{next(_SCENES)}"  # workers stand side by side
        internet = f"{scene}-net"
        stack.enter_context(namespace(internet))
        inside(internet, "ip", "link", "add", "br0", "type", "bridge")
        inside(internet, "ip", "link", "set", "br0", "up")
        inside(internet, "ip", "link", "add", "br1", "type", "bridge")
        inside(internet, "ip", "link", "set", "br1", "up")
        made = [
            make(
                name,
                number,
                folder / name,
                scene,
                network=(networks or {}).get(name),
                linked=linked,
            )
            for number, name in enumerate(names, 1)
        ]
        for node in made:
            stack.enter_context(_plugged(node, internet))
        hosts = "".join(
            f"{node.public_address} {node.name}.test\n"
            f"{node.private_address} {node.name}.private.test\n"
            for node in made
        )
        for node in made:
            _hosts(node.namespace, hosts, stack)
            node.told([each.described(mtu) for each in made])
            stack.enter_context(running(node))
        yield made


@contextlib.contextmanager
def running(node: Node) -> Iterator[None]:
    """The node's program, in mounts of its own: wireguard-go's sockets are named by interface."""
    file = node.folder / "wireguard"
    file.write_text(node.text())
    script = (
        "mkdir -p /run/wireguard; mount -t tmpfs none /run/wireguard; "
        f"exec {sys.executable} -I {file} {' '.join(node.arguments())}"
    )
    command = ("ip", "netns", "exec", node.namespace, "sh", "-euc", script)
    with (node.folder / "log").open("w") as log:
        node.program = subprocess.Popen(command, text=True, stdout=log, stderr=log)
        try:
            yield
        finally:
            node.program.kill()
            node.program.wait()


@contextlib.contextmanager
def namespace(name: str) -> Iterator[None]:
    sh("ip", "netns", "add", name)
    try:
        yield
    finally:
        for pid in sh("ip", "netns", "pids", name).split():
            subprocess.run(["kill", "-9", pid], capture_output=True)
        sh("ip", "netns", "del", name)


def inside(namespace: str, *command: str, text: str | None = None) -> None:
    sh("ip", "netns", "exec", namespace, *command, text=text)


@contextlib.contextmanager
def _plugged(node: Node, internet: str) -> Iterator[None]:
    node.folder.mkdir()
    with namespace(node.namespace):
        inside(node.namespace, "ip", "link", "set", "lo", "up")
        _plug(node, internet, "eth0", "br0", node.public_address)
        if node.linked:
            _plug(node, internet, "eth2", "br1", node.private_address)
        inside(node.namespace, "nft", "-f", "-", text=FIREWALL)
        yield


def _plug(node: Node, internet: str, near: str, bridge: str, address: str) -> None:
    """An interface of the node at a bridge of the internet's namespace, where it has its name."""
    far = f"{near}n{node.number}"
    sh("ip", "link", "add", far, "netns", internet, "type", "veth", "peer", near,
       "netns", node.namespace)  # fmt: skip
    inside(internet, "ip", "link", "set", far, "master", bridge, "up")
    inside(node.namespace, "ip", "address", "add", f"{address}/24", "dev", near)
    inside(node.namespace, "ip", "link", "set", near, "up")


def _hosts(namespace: str, text: str, stack: ExitStack) -> None:
    """What names mean in a namespace: `ip netns exec` binds these files over those of /etc."""
    folder = Path("/etc/netns") / namespace
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hosts").write_text(text)
    (folder / "nsswitch.conf").write_text("hosts: files\n")
    stack.callback(sh, "rm", "-rf", str(folder))
