"""Whole networks over the backbone, with real WireGuard and Nebula, nftables and routes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from contract.backbone.nebula import NebulaNode
from contract.backbone.networks import Host, Networks, address, networks
from contract.backbone.nodes import Node, inside, running, sh
from contract.backbone.test_wireguard import NEEDED
from support.loopback import eventually
from support.needs import needs

pytestmark = [pytest.mark.slow, needs(*NEEDED, "nebula")]

KINDS = pytest.mark.parametrize("kind", [Node, NebulaNode], ids=["wireguard", "nebula"])

MTU = 1340
NAMES = ["a-1", "a-2", "b-1", "b-2"]

# Prints the MSS of the first SYN that comes in.
SNIFF = """
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
s.settimeout(20)
print("ready", flush=True)
while True:
    packet, (_, _, kind, *_) = s.recvfrom(65535)
    tcp = packet[(packet[0] & 15) * 4:]
    if kind == socket.PACKET_OUTGOING or packet[9] != 6 or tcp[13] & 2 == 0:
        continue
    options = tcp[20:(tcp[12] >> 4) * 4]
    assert options[:2] == b"\\x02\\x04", options
    print(struct.unpack("!H", options[2:4])[0], flush=True)
    break
"""
# Takes 20 MB on port 5000 and says how many came.
SINK = """
import socket
with socket.create_server(("0.0.0.0", 5000)) as server:
    print("ready", flush=True)
    connection, _ = server.accept()
    count = 0
    while data := connection.recv(65536):
        count += len(data)
    print(count, flush=True)
"""
SEND = """
import socket, sys
with socket.create_connection((sys.argv[1], 5000), timeout=10) as connection:
    connection.sendall(bytes(20_000_000))
"""


@pytest.fixture(scope="module", params=[Node, NebulaNode], ids=["wireguard", "nebula"])
def sites(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Networks]:
    with networks(tmp_path_factory.mktemp("networks"), NAMES, MTU, request.param) as made:
        eventually(lambda: made.a.reaches(made.b.address), 30)
        yield made


@contextmanager
def program(host: Host, text: str) -> Iterator[subprocess.Popen[str]]:
    """A Python program on a host that has said that it is ready."""
    process = host.start(sys.executable, "-c", text)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def serving(namespace: str, port: int) -> Iterator[None]:
    server = subprocess.Popen(
        ("ip", "netns", "exec", namespace, sys.executable, "-m", "http.server", str(port)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ask = ("ip", "netns", "exec", namespace, "curl", "-s", "-o", "/dev/null")
    try:
        eventually(
            lambda: subprocess.run((*ask, f"http://127.0.0.1:{port}")).returncode == 0,
            10,
        )
        yield
    finally:
        server.kill()
        server.wait()


def answers(host: Host, at: str, port: int) -> bool:
    url = f"http://{at}:{port}"
    return host.run("curl", "-fsS", "--max-time", "1", "-o", "/dev/null", url).returncode == 0


def test_hosts_of_two_networks_reach_each_other_by_their_own_addresses(sites: Networks) -> None:
    assert sites.a.reaches(sites.b.address)
    assert sites.b.reaches(sites.a.address)


def test_an_address_that_is_of_neither_network_does_not_pass(sites: Networks) -> None:
    a, b = sites.a, sites.b
    for host in (a, b):  # the stranger's address is as well known as the others
        inside(host.namespace, "ip", "address", "add", "10.99.0.1/32", "dev", "lo")
    try:
        assert not a.reaches(b.address, "-I", "10.99.0.1")
        inside(a.namespace, "ip", "route", "add", "10.98.0.0/16", "via", address(sites.node("a-1")))
        assert not a.reaches("10.98.0.1")
    finally:
        for host in (a, b):
            inside(host.namespace, "ip", "address", "del", "10.99.0.1/32", "dev", "lo")


def test_nothing_passes_to_the_internet(sites: Networks) -> None:
    a, node = sites.a, sites.node("a-1")
    inside(sites.internet, "ip", "address", "add", "192.0.2.254/24", "dev", "br0")
    inside(sites.internet, "ip", "route", "add", "10.10.0.0/16", "via", node.public_address)
    inside(a.namespace, "ip", "route", "add", "192.0.2.254", "via", address(node))
    assert not a.reaches("192.0.2.254")


def test_an_edge_answers_its_own_network_at_its_own_ports_alone(sites: Networks) -> None:
    edge = sites.node("b-1")
    for port, there in ((443, True), (22, False)):
        with serving(edge.namespace, port):
            assert answers(sites.b, address(edge), port) is there
            assert not answers(sites.a, address(edge), port)


def test_a_syn_says_how_much_a_packet_may_carry(sites: Networks) -> None:
    for near, far in ((sites.a, sites.b), (sites.b, sites.a)):
        with program(far, SNIFF) as sniffer:
            near.run("curl", "--max-time", "1", f"http://{far.address}:5000")
            assert sniffer.stdout
            assert int(sniffer.stdout.readline()) == MTU - 40


def test_twenty_megabytes_pass_and_no_packet_is_split(sites: Networks) -> None:
    before = [fragments(node) for node in sites.nodes]
    with program(sites.b, SINK) as sink:
        sent = sites.a.run(sys.executable, "-c", SEND, sites.b.address)
        assert sent.returncode == 0, sent.stderr
        assert sink.stdout
        assert int(sink.stdout.readline()) == 20_000_000
    assert [fragments(node) for node in sites.nodes] == before


def fragments(node: Node) -> dict[str, str]:
    names, values = sh(
        "ip", "netns", "exec", node.namespace, "grep", "^Ip:", "/proc/net/snmp"
    ).splitlines()
    counters = dict(zip(names.split(), values.split(), strict=True))
    return {name: counters[name] for name in ("FragCreates", "FragFails", "ReasmReqds")}


@KINDS
def test_a_killed_node_is_replaced_by_the_second_one_and_comes_back(
    kind: type[Node], tmp_path: Path
) -> None:
    with networks(tmp_path, NAMES, MTU, kind) as sites:
        first, second = sites.node("b-1"), sites.node("b-2")
        eventually(lambda: sites.a.reaches(sites.b.address), 30)
        first.kill()
        assert not sites.a.reaches(sites.b.address)
        sites.b.route(second)
        eventually(lambda: sites.a.reaches(sites.b.address), 40)
        log = sites.node("a-1").folder / "log"
        assert "b-2 carries 10.20.0.0/16" in log.read_text()
        with running(first):
            eventually(lambda: "b-1 carries 10.20.0.0/16" in log.read_text(), 40)
            sites.b.route(first)
            eventually(lambda: sites.a.reaches(sites.b.address), 30)


@dataclass
class StrangerInB(NebulaNode):
    """A node of b that is to carry its network, and whose certificate does not say so."""

    def __post_init__(self) -> None:
        self.names_network = not self.name.startswith("b")


def test_nebula_takes_nothing_for_a_network_that_the_certificate_does_not_name(
    tmp_path: Path,
) -> None:
    with networks(tmp_path, ["a-1", "b-1"], MTU, StrangerInB) as sites:
        a, b = sites.nodes
        eventually(lambda: a.reaches(b) and b.reaches(a), 30)
        assert not sites.b.reaches(sites.a.address)
        assert not sites.a.reaches(sites.b.address)


@KINDS
def test_a_network_that_is_no_longer_carried_has_no_way(kind: type[Node], tmp_path: Path) -> None:
    with networks(tmp_path, ["a-1", "b-1"], MTU, kind) as sites:
        eventually(lambda: sites.a.reaches(sites.b.address), 30)
        for node in sites.nodes:
            node.network = None
        for node in sites.nodes:
            node.told([each.described(MTU) for each in sites.nodes])
        eventually(lambda: not sites.a.reaches(sites.b.address), 20)
        one = sites.node("a-1")
        eventually(lambda: "10.20.0.0/16" not in one.run("ip", "route", "show"), 10)
        if kind is Node:  # Nebula takes packets for a network from whose certificate names it
            shown = ("wg", "show", "all", "allowed-ips")
            eventually(lambda: "10.20.0.0/16" not in one.run(*shown), 10)
