"""A link between two clouds beside the internet: which path the traffic takes (wireguard-go)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import pytest
from contract.backbone.nodes import Node, inside, nodes
from contract.backbone.test_wireguard import NEEDED
from support.loopback import eventually
from support.needs import needs

pytestmark = [pytest.mark.slow, needs(*NEEDED)]

MTU = 1340
SECONDS = 20
ONE_WAY = """
table inet cut {
  chain out { type filter hook output priority 0; oifname "eth2" drop; }
}
"""


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    folder = tmp_path_factory.mktemp("mesh")
    with nodes(["aws-1", "google-1"], folder, MTU, linked=True) as made:
        aws, google = made
        eventually(partial(aws.reaches, google), SECONDS)
        yield made


def path(node: Node, other: Node) -> str:
    """The interface over which the node sends to the other one."""
    [route] = json.loads(node.run("ip", "-json", "route", "get", other.address))
    return str(route["dev"])


def takes(mesh: list[Node], interface: str) -> bool:
    aws, google = mesh
    return path(aws, google) == path(google, aws) == interface


def set_link(node: Node, state: str) -> None:
    """Cut the link at a node, or mend it."""
    inside(f"{node.scene}-net", "ip", "link", "set", f"eth2n{node.number}", state)


def carried(node: Node, interface: str) -> int:
    """The bytes that the node has sent over an interface of its machine."""
    [told] = json.loads(node.run("ip", "-json", "-stats", "link", "show", interface))
    return int(told["stats64"]["tx"]["bytes"])


def test_traffic_takes_the_link_encrypted(mesh: list[Node]) -> None:
    aws, google = mesh
    eventually(lambda: takes(mesh, "tl51822"), SECONDS)
    link, internet = carried(aws, "eth2"), carried(aws, "eth0")
    assert aws.succeeds("ping", "-q", "-c", "50", "-i", "0.01", "-s", "1000", google.address)
    assert carried(aws, "eth2") - link > 50_000
    assert carried(aws, "eth0") - internet < 10_000
    ends = {line.split()[-1] for line in google.run("wg", "show", "all", "endpoints").splitlines()}
    assert ends == {f"{aws.public_address}:51820", f"{aws.private_address}:51822"}


def test_without_the_link_traffic_takes_the_internet_and_comes_back(mesh: list[Node]) -> None:
    aws, google = mesh
    eventually(lambda: takes(mesh, "tl51822"), SECONDS)
    set_link(google, "down")
    eventually(partial(aws.reaches, google), SECONDS)
    eventually(lambda: takes(mesh, "tl51820"), SECONDS)
    set_link(google, "up")
    eventually(lambda: takes(mesh, "tl51822"), 2 * SECONDS)
    assert aws.reaches(google)


def test_a_link_that_carries_packets_one_way_alone_is_left_by_both(mesh: list[Node]) -> None:
    aws, google = mesh
    eventually(lambda: takes(mesh, "tl51822"), 2 * SECONDS)
    google.run("nft", "-f", "-", text=ONE_WAY)
    eventually(lambda: takes(mesh, "tl51820"), SECONDS)
    assert aws.reaches(google)
    google.run("nft", "delete", "table", "inet", "cut")
    eventually(lambda: takes(mesh, "tl51822"), 2 * SECONDS)
