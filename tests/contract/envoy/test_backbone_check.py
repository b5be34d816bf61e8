"""The program that measures the backbone, as its machine gets it, behind the real Envoy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from contract.envoy.test_configuration import NEW, OLD, Edge, running_edge
from support.loopback import eventually

from trunkline.backbone.check_client import CheckClient, CheckUnavailableError, Entry
from trunkline.envoy import CHECK_PREFIX
from trunkline.payload.unit import machine_program

pytestmark = pytest.mark.slow

PATH = f"{CHECK_PREFIX}/aws-1/paths"
CONFIG = {
    "zone": "@ZONE@",
    "names": {"us-east-1a": "aws-1"},
    "port": 8445,
    "nodes": [{"name": "aws-1", "site": "aws", "address": "127.0.0.1", "mtu": 1340}],
    "networks": [],
    "services": [],
}


@pytest.fixture(scope="module")
def edge(envoy_path: str) -> Iterator[Edge]:
    """An edge of a backbone, with a route for everything."""
    with running_edge(envoy_path) as made:
        made.store(
            "/",
            keys=[NEW, OLD],
            check={"program": machine_program("backbone_check"), "config": CONFIG},
        )
        program = made.folder / "backbone-check.py"
        eventually(program.exists)
        command = [sys.executable, "-I", str(program), str(made.folder)]
        with subprocess.Popen(command) as process:
            eventually(lambda: made.status(PATH) == 404)
            yield made
            process.kill()


def entry(edge: Edge) -> Entry:
    return Entry("aws", "127.0.0.1", edge.port, tls=False)


def test_a_request_that_is_signed_with_a_key_of_the_edge_is_answered(edge: Edge) -> None:
    for key in (OLD, NEW):
        answer = CheckClient([key]).ask(entry(edge), "aws-1", "paths")
        assert answer == {"node": "aws-1", "paths": []}


def test_without_the_edge_key_nothing_comes_so_far(edge: Edge) -> None:
    assert edge.status(PATH, key=None) == 403
    assert edge.status(PATH, host="www.example.com") == 403
    with pytest.raises(CheckUnavailableError, match="it has another edge key"):
        CheckClient(["other" * 10]).ask(entry(edge), "aws-1", "paths")


def test_the_edge_key_alone_is_not_enough(edge: Edge) -> None:
    """The public hostname's requests come with it, where a route takes every path."""
    assert edge.status(PATH) == 404
    assert edge.status("/anything") == 200


def test_an_edge_without_a_backbone_has_no_such_path(envoy_path: str) -> None:
    with running_edge(envoy_path) as made:
        assert made.status(PATH) == 404
        said = "of an earlier version; apply its stack edge-aws"
        with pytest.raises(CheckUnavailableError, match=said):
            CheckClient([OLD]).ask(entry(made), "aws-1", "paths")
