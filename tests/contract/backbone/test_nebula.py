"""The program that joins a machine to the backbone, with real Nebula."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from contract.backbone.nebula import FIRST, TODAY, NebulaNode, authority
from contract.backbone.nodes import Node, nodes, running, sh
from contract.backbone.test_wireguard import Pings
from support.examples import ROOT
from support.loopback import eventually
from support.needs import needs
from support.nodes import keys_for

from trunkline.deploy.nodes import Nodes
from trunkline.payload.nebula import pem
from trunkline.probing.key import generate_key
from trunkline.topology import load

NEEDED = ("Linux", "root", "ip", "nsenter", "unshare", "nft", "ping", "/dev/net/tun")
pytestmark = [pytest.mark.slow, needs(*NEEDED, "nebula", "nebula-cert")]

TOPOLOGY = ROOT / "tests" / "golden" / "topologies" / "nebula.yaml"
MTU = 1340
HEADERS = 28  # of IPv4 and ICMP


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NebulaNode]]:
    folder = tmp_path_factory.mktemp("mesh")
    with nodes(["aws-1", "google-1", "azure-1"], folder, MTU, make=NebulaNode) as made:
        for node in made:
            for other in made:
                if node is not other:
                    eventually(partial(node.reaches, other), 30)
        yield only_nebula(made)


def only_nebula(made: list[Node]) -> list[NebulaNode]:
    return [node for node in made if isinstance(node, NebulaNode)]


def tell(mesh: list[NebulaNode], *who: NebulaNode) -> None:
    for node in who or mesh:
        node.told([each.described(MTU) for each in mesh])


def test_nebulas_own_tool_takes_the_certificates(tmp_path: Path) -> None:
    topology = load(TOPOLOGY)
    nodes_ = Nodes.of(topology).following(keys_for(topology), TODAY.isoformat())
    backbone = nodes_.joined().backbone
    assert backbone
    ca, host = tmp_path / "ca.crt", tmp_path / "host.crt"
    [trusted] = backbone.authorities
    ca.write_text(pem("CERTIFICATE", trusted.certificate))
    for node in (each for members in backbone.nodes.values() for each in members):
        [key] = node.keys
        host.write_text(pem("CERTIFICATE", key.certificate))
        sh("nebula-cert", "verify", "-ca", str(ca), "-crt", str(host))
        said = json.loads(sh("nebula-cert", "print", "-json", "-path", str(host)))["details"]
        assert said["name"] == node.name
        assert said["ips"] == [f"{node.address}/24"]
        assert said["subnets"] == [topology.carried_networks[node.name.rpartition("-")[0]]]
        assert said["groups"] == ["edge", node.name.rpartition("-")[0]]
        assert said["publicKey"] == base64.b64decode(key.public_key).hex()
        assert said["notAfter"].startswith(key.expires)
    assert date.fromisoformat(trusted.expires) > date.fromisoformat(key.expires)


def test_every_node_reaches_every_other_though_no_port_is_open(mesh: list[NebulaNode]) -> None:
    for node in mesh:
        assert all(node.reaches(other) for other in mesh if other is not node)


def test_a_packet_may_have_all_bytes_of_the_mtu_and_not_one_more(mesh: list[NebulaNode]) -> None:
    aws, google, _ = mesh
    assert aws.reaches(google, "-M", "do", "-s", str(MTU - HEADERS))
    assert not aws.reaches(google, "-M", "do", "-s", str(MTU - HEADERS + 1))


def test_the_longest_packet_fills_the_path_to_the_byte(mesh: list[NebulaNode]) -> None:
    aws, google, _ = mesh
    for underlay, whole in ((MTU + 60, True), (MTU + 59, False)):
        aws.run("ip", "link", "set", "eth0", "mtu", str(underlay))
        before = fragments(aws)
        assert aws.reaches(google, "-s", str(MTU - HEADERS))
        assert (fragments(aws) == before) is whole
    aws.run("ip", "link", "set", "eth0", "mtu", "1500")


def fragments(node: Node) -> int:
    """How many fragments a machine has made."""
    names, values = (line.split() for line in node.run("cat", "/proc/net/snmp").splitlines()[:2])
    return int(values[names.index("FragCreates")])


def test_a_node_that_comes_back_is_reached_within_seconds(tmp_path: Path) -> None:
    with nodes(["aws-1", "google-1"], tmp_path, MTU, make=NebulaNode) as mesh:
        aws, google = mesh
        eventually(lambda: aws.reaches(google), 30)
        google.kill()
        assert not aws.reaches(google)
        with running(google):
            eventually(lambda: aws.reaches(google), 40)


def test_keys_and_authority_are_rotated_node_by_node_without_a_lost_second(tmp_path: Path) -> None:
    second = authority(generate_key())
    with nodes(["aws-1", "google-1"], tmp_path, MTU, make=NebulaNode) as made:
        aws, google = mesh = only_nebula(made)
        eventually(lambda: aws.reaches(google), 30)
        lost = Pings(aws, google)
        for node in mesh:  # trunkline keys --rotate backbone, and each site's apply
            node.keys = [(generate_key(), 51821), *node.keys]
            node.trusted = [second, FIRST]
            tell(mesh, node)
            time.sleep(4)
        for node in mesh:  # trunkline keys --retire backbone
            node.keys, node.signer = node.keys[:1], second
            tell(mesh, node)
            time.sleep(4)
        assert lost.end() < 10  # of five in a second
        for node in mesh:  # and nobody trusts the first any more
            node.trusted = [second]
            tell(mesh, node)
        time.sleep(4)
        eventually(lambda: aws.reaches(google), 30)


def test_who_has_another_authority_gets_no_answer(tmp_path: Path) -> None:
    with nodes(["aws-1", "google-1", "other-1"], tmp_path, MTU, make=NebulaNode) as made:
        aws, google, other = mesh = only_nebula(made)
        eventually(lambda: other.reaches(aws), 30)
        other.trusted = [FIRST, stranger := authority(generate_key())]
        other.signer = stranger
        other.keys = [(generate_key(), 51820)]
        other.kill()
        tell(mesh, other)
        with running(other):
            time.sleep(12)
            assert not other.reaches(aws)
            assert aws.reaches(google)


@dataclass
class GuestOfAws(NebulaNode):
    """A node that aws-1 knows, but with a certificate of another group."""

    def __post_init__(self) -> None:
        if self.name != "aws-1":
            self.groups = ("guest",)


def test_who_is_not_of_the_group_gets_no_answer(tmp_path: Path) -> None:
    with nodes(["aws-1", "guest-1"], tmp_path, MTU, make=GuestOfAws) as (aws, guest):
        time.sleep(12)
        assert not guest.reaches(aws)
        assert aws.reaches(guest)  # the path is there
