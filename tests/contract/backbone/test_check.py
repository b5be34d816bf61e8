"""What `trunkline backbone check` has nodes measure, over real WireGuard (wireguard-go)."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from contract.backbone.nodes import Node, nodes
from contract.backbone.test_wireguard import NEEDED
from support.loopback import eventually
from support.needs import needs

from trunkline.model import CHECK_PORT
from trunkline.payload.unit import machine_program

pytestmark = [pytest.mark.slow, needs(*NEEDED, "setpriv", "sysctl", "/usr/bin/python3")]

MTU = 1340
KEY = "5" * 64
# Asks the program as an edge's Envoy does, in the namespace of the node.
ASK = """
import http.client, json, runpy, sys
check = runpy.run_path(sys.argv[1])
path = check["PREFIX"] + sys.argv[2]
link = http.client.HTTPConnection("127.0.0.1", check["LOCAL_PORT"], timeout=60)
link.request("GET", path, headers=check["signed"](sys.argv[3], "GET", path))
answer = link.getresponse()
print(json.dumps([answer.status, json.loads(answer.read() or "null")]))
"""


def ask(node: Node, path: str) -> tuple[int, Any]:
    file = str(node.folder / "backbone-check.py")
    status, answer = json.loads(node.run(sys.executable, "-c", ASK, file, path, KEY))
    return status, answer


@contextmanager
def checking(node: Node, mesh: list[Node], **more: Any) -> Iterator[None]:
    """The program of a node, as nobody; it may ping, as the machine's sysctl says."""
    config = {
        "keys": [KEY],
        "zone": "z",
        "names": {"z": node.name},
        "port": CHECK_PORT,
        "nodes": [
            {"name": e.name, "site": e.name[:-2], "address": e.address, "mtu": MTU} for e in mesh
        ],
        "networks": [],
        "services": [],
        **more,
    }
    (node.folder / "check.json").write_text(json.dumps(config))
    file = node.folder / "backbone-check.py"
    file.write_text(machine_program("backbone_check"))
    node.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647")
    assert node.program
    inside = ("nsenter", "--target", str(node.program.pid), "--net", "--")
    command = (*inside, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    process = subprocess.Popen([*command, "/usr/bin/python3", "-I", str(file), str(node.folder)])
    try:
        eventually(partial(node.succeeds, "curl", "-s", "http://127.0.0.1:8082/"), 10)
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def open_folder() -> Iterator[Path]:
    """One that other users may read: pytest's are root's alone."""
    with tempfile.TemporaryDirectory(prefix="mesh") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def mesh() -> Iterator[list[Node]]:
    with open_folder() as folder, nodes(["aws-1", "aws-2", "google-1"], folder, MTU) as made:
        for node in made:
            node.told([each.described(MTU) for each in made], ports=(8443, CHECK_PORT))
        for node in made:
            for other in made:
                if node is not other:
                    eventually(partial(node.reaches, other), 20)
        with ExitStack() as stack:
            for node in made:
                stack.enter_context(checking(node, made))
            yield made


def paths(node: Node) -> dict[str, Any]:
    status, answer = ask(node, f"{node.name}/paths")
    assert status == 200
    return {each["node"]: each for each in answer["paths"]}


def test_every_path_has_a_round_trip_and_the_configured_mtu(mesh: list[Node]) -> None:
    found = paths(mesh[0])
    assert set(found) == {"aws-2", "google-1"}
    for path in found.values():
        assert (path["lost"], path["mtu"]) == (0, MTU)
        assert path["round_trip_ms"] > 0


def test_a_path_that_carries_less_shows_its_own_mtu(mesh: list[Node]) -> None:
    aws, _, google = mesh
    route = ("ip", "route", "replace", f"{google.address}/32", "dev", "tl51820", "mtu")
    aws.run(*route, "1233")
    try:
        assert paths(aws)["google-1"]["mtu"] == 1233
    finally:
        aws.run(*route, str(MTU))


def test_a_stream_between_nodes_is_counted_at_its_end(mesh: list[Node]) -> None:
    status, answer = ask(mesh[0], "aws-1/throughput/google-1")
    assert status == 200, answer
    assert answer["to"] == "google-1"
    assert answer["mbit_per_second"] > 10
    assert 0 < answer["bytes"] <= 128 * 2**20


def test_a_node_answers_for_another_of_the_backbone_over_it(mesh: list[Node]) -> None:
    status, answer = ask(mesh[0], "aws-2/paths")
    assert (status, answer["node"]) == (200, "aws-2")


def test_nothing_but_nodes_can_be_named(mesh: list[Node]) -> None:
    for path in ("aws-1/throughput/10.254.0.3", "other-1/paths", "aws-1/throughput/aws-1"):
        status, answer = ask(mesh[0], path)
        assert status == 404
        assert answer["error"]


def test_the_overlay_takes_no_unsigned_request(mesh: list[Node]) -> None:
    aws, _, google = mesh
    url = f"http://{google.address}:{CHECK_PORT}/.trunkline/backbone/google-1/paths"
    said = aws.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url)
    assert said == "404"


def test_a_dead_node_is_a_path_without_an_answer() -> None:
    with open_folder() as folder, nodes(["aws-1", "google-1"], folder, MTU) as made:
        aws, google = made
        eventually(lambda: aws.reaches(google), 20)
        with checking(aws, made):
            google.kill()
            eventually(lambda: not aws.reaches(google), 20)
            path = paths(aws)["google-1"]
            assert path["lost"] == path["sent"] > 0
            assert "round_trip_ms" not in path
            status, answer = ask(aws, "google-1/paths")
            assert status == 502
            assert "has no answer of google-1" in answer["error"]
