"""The program that joins a machine to the backbone, with real WireGuard (wireguard-go)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from contract.backbone.nodes import Node, nodes, running
from support.loopback import eventually
from support.needs import needs

from trunkline.probing.key import generate_key

NEEDED = (
    "Linux",
    "root",
    "ip",
    "nsenter",
    "unshare",
    "nft",
    "wg",
    "wireguard-go",
    "ping",
    "curl",
    "/dev/net/tun",
)
pytestmark = [pytest.mark.slow, needs(*NEEDED)]

MTU = 1340


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    with nodes(["aws-1", "google-1", "azure-1"], tmp_path_factory.mktemp("mesh"), MTU) as made:
        for node in made:
            for other in made:
                if node is not other:
                    eventually(partial(node.reaches, other), 20)
        yield made


def tell(mesh: list[Node], *who: Node) -> None:
    for node in who or mesh:
        node.told([each.described(MTU) for each in mesh])


def test_every_node_reaches_every_other_though_no_port_is_open(mesh: list[Node]) -> None:
    for node in mesh:
        assert all(node.reaches(other) for other in mesh if other is not node)


def test_a_packet_may_have_all_bytes_of_the_mtu_and_not_one_more(mesh: list[Node]) -> None:
    aws, google, _ = mesh
    headers = 28  # of IPv4 and ICMP
    assert aws.reaches(google, "-M", "do", "-s", str(MTU - headers))
    assert not aws.reaches(google, "-M", "do", "-s", str(MTU - headers + 1))


def test_only_the_edges_own_ports_answer_on_the_overlay(mesh: list[Node]) -> None:
    aws, google, _ = mesh
    assert google.program
    inside = ("nsenter", "--target", str(google.program.pid), "--net", "--")
    ask = ("curl", "-fsS", "--max-time", "2", "-o", "/dev/null")
    for port, answers in ((8443, True), (22, False)):
        serve = (*inside, "python3", "-m", "http.server", str(port), "--bind", "0.0.0.0")
        server = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(partial(google.succeeds, *ask, f"http://127.0.0.1:{port}"), 10)
            assert aws.succeeds(*ask, f"http://{google.address}:{port}") is answers
        finally:
            server.kill()
            server.wait()


def test_a_node_that_comes_back_is_reached_within_seconds(tmp_path: Path) -> None:
    with nodes(["aws-1", "google-1"], tmp_path, MTU) as mesh:
        aws, google = mesh
        eventually(lambda: aws.reaches(google), 20)
        google.kill()
        assert not aws.reaches(google)
        with running(google):
            eventually(lambda: aws.reaches(google), 20)


def test_keys_are_rotated_site_by_site_without_a_lost_second(tmp_path: Path) -> None:
    with nodes(["aws-1", "google-1"], tmp_path, MTU) as mesh:
        aws, google = mesh
        eventually(lambda: aws.reaches(google), 20)
        old = {node.name: node.keys for node in mesh}
        lost = Pings(aws, google)
        for node in mesh:  # trunkline keys --rotate backbone
            node.keys = [(generate_key(), 51821), *node.keys]
        for node in mesh:  # each site's apply
            tell(mesh, node)
            time.sleep(4)
        eventually(lambda: "tl51821" in aws.run("ip", "route", "get", google.address), 20)
        for node in mesh:  # trunkline keys --retire backbone
            node.keys = node.keys[:1]
        for node in mesh:
            tell(mesh, node)
            time.sleep(4)
        assert lost.end() < 10  # of five in a second
        for node in mesh:
            said = node.run("wg", "show", "interfaces")
            assert said.split() == ["tl51821"]
            assert node.keys != old[node.name]


def test_a_new_address_of_a_name_is_found(tmp_path: Path) -> None:
    with nodes(["aws-1", "google-1"], tmp_path, MTU) as mesh:
        aws, google = mesh
        eventually(lambda: aws.reaches(google), 20)
        google.run("ip", "address", "del", f"{google.public_address}/24", "dev", "eth0")
        google.run("ip", "address", "add", "192.0.2.77/24", "dev", "eth0")
        assert not aws.reaches(google)
        hosts = "192.0.2.1 aws-1.test\n192.0.2.77 google-1.test\n"
        aws.run("sh", "-c", "cat > /etc/hosts", text=hosts)
        eventually(lambda: aws.reaches(google), 30)


def test_a_stranger_gets_no_answer(tmp_path: Path) -> None:
    with nodes(["aws-1", "google-1", "other-1"], tmp_path, MTU) as mesh:
        aws, google, other = mesh
        tell([aws, google])  # neither knows the third
        eventually(lambda: aws.reaches(google), 20)
        time.sleep(6)  # longer than its keepalive
        assert not other.reaches(aws)
        assert not aws.reaches(other)


def test_a_key_that_the_nodes_file_does_not_know_is_said(tmp_path: Path) -> None:
    with nodes(["aws-1", "google-1"], tmp_path, MTU) as mesh:
        aws, google = mesh
        eventually(lambda: aws.reaches(google), 20)
        described = [each.described(MTU) for each in mesh]
        aws.keys = [(generate_key(), 51820)]
        aws.told(described)
        log = aws.folder / "log"
        eventually(lambda: "knows none of this machine's keys" in log.read_text(), 10)
        assert aws.reaches(google)  # what is in place stays


class Pings:
    """One ping in 0.2 s from a node to another, until the end."""

    def __init__(self, node: Node, other: Node) -> None:
        assert node.program
        inside = ("nsenter", "--target", str(node.program.pid), "--net", "--")
        command = (*inside, "ping", "-i0.2", "-W1", other.address)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def end(self) -> int:
        """How many were lost."""
        self.process.send_signal(2)
        said = self.process.communicate()[0]
        sent, received = (int(word) for word in said.split("--- ")[1].split() if word.isdigit())
        return sent - received
