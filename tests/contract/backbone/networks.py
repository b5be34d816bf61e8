"""Two sites whose nodes carry whole networks, each with a machine in its network.

    host a 10.10.0.10 ── bridge ── a-1, a-2 ══ WireGuard ══ b-1, b-2 ── bridge ── host b 10.20.0.10
                             10.10.0.4, .5              10.20.0.4, .5

A host's route stands for the route table of its cloud.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from contract.backbone.nodes import Node, inside, namespace, nodes, sh

RANGES = {"a": "10.10.0.0/16", "b": "10.20.0.0/16"}


def address(node: Node) -> str:
    """A node's address in its own network."""
    site, _, number = node.name.partition("-")
    return f"{RANGES[site].removesuffix('.0.0/16')}.0.{3 + int(number)}"


@dataclass
class Host:
    """A machine in a site's network that is no node."""

    namespace: str
    address: str
    far: str
    """The range of the other site."""

    def command(self, *command: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.namespace, *command)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*command), capture_output=True, text=True)

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def route(self, node: Node) -> None:
        """Lead what goes to the other site to this node, as the cloud would."""
        inside(self.namespace, "ip", "route", "replace", self.far, "via", address(node))

    def reaches(self, other: str, *options: str) -> bool:
        return self.run("ping", "-c1", "-W1", *options, other).returncode == 0


@dataclass
class Networks:
    """The nodes of both sites, and the host in each."""

    nodes: list[Node]
    a: Host
    b: Host
    internet: str

    def node(self, name: str) -> Node:
        return next(each for each in self.nodes if each.name == name)


@contextlib.contextmanager
def networks(
    folder: Path, names: Sequence[str], mtu: int, make: type[Node] = Node
) -> Iterator[Networks]:
    """Both sites, with these nodes of the kind `make`; nothing has been waited for."""
    carried = {name: RANGES[name[0]] for name in names}
    with nodes(names, folder, mtu, carried, make) as made, ExitStack() as stack:
        scene = made[0].scene
        a, b = (stack.enter_context(_site(scene, site, made)) for site in RANGES)
        yield Networks(made, a, b, f"{scene}-net")


@contextlib.contextmanager
def _site(scene: str, site: str, made: Sequence[Node]) -> Iterator[Host]:
    [far] = [cidr for name, cidr in RANGES.items() if name != site]
    host = Host(f"{scene}-host-{site}", f"{RANGES[site].removesuffix('.0.0/16')}.0.10", far)
    bridge = f"{scene}-vpc-{site}"
    own = [node for node in made if node.name.startswith(site)]
    with namespace(bridge), namespace(host.namespace):
        inside(bridge, "ip", "link", "add", "br0", "type", "bridge")
        inside(bridge, "ip", "link", "set", "br0", "up")
        _plug(bridge, "host", host.namespace, "eth0", f"{host.address}/16")
        inside(host.namespace, "ip", "link", "set", "lo", "up")
        for node in own:
            _plug(bridge, node.name, node.namespace, "eth1", f"{address(node)}/16")
            # What forward.conf does, for a unit that systemd starts.
            inside(node.namespace, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        host.route(own[0])
        yield host


def _plug(bridge: str, port: str, far: str, device: str, own: str) -> None:
    sh("ip", "link", "add", port, "netns", bridge, "type", "veth", "peer", device,
       "netns", far)  # fmt: skip
    inside(bridge, "ip", "link", "set", port, "master", "br0", "up")
    inside(far, "ip", "address", "add", own, "dev", device)
    inside(far, "ip", "link", "set", device, "up")
