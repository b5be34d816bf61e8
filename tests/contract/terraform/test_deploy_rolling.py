"""`trunkline apply` replaces the machines of one edge one after another.

Terraform itself, doubles of the providers, and a double of Cloudflare's API whose connectors are
the machines that the stack's state holds.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from contract.terraform.test_deploy import Operator
from support.examples import ROOT

from trunkline.deploy.keys import Keys
from trunkline.deploy.machines import machines_of
from trunkline.deploy.rolling import OVERRIDE
from trunkline.terraform.commands import Commands
from trunkline.terraform.plan import read_plan
from trunkline.topology import load

pytestmark = pytest.mark.slow

REPLICAS = ROOT / "tests" / "rehearsal" / "topologies" / "replicas.yaml"
ONLY = ("--only", "edge")
TUNNEL = "cloudflare_zero_trust_tunnel_cloudflared"
MACHINES = ("aws_instance", "google_compute_instance", "azurerm_linux_virtual_machine")


class Connected:
    """What Cloudflare's API says of the tunnel: a connector for each machine of a state.

    `seen` are the connectors of each answer that differs from the one before; `dead` machines have
    none.
    """

    def __init__(self) -> None:
        self.state: Path | None = None
        self.seen: list[set[str]] = []
        self.dead = 0

    def answer(self, path: str) -> list[dict[str, object]]:
        held = json.loads(self.state.read_text())["resources"] if self.state else []
        ids = {
            kind: sorted(
                each["attributes"]["id"]
                for resource in held
                if resource["type"] in kinds
                for each in resource["instances"]
            )
            for kind, kinds in (("tunnel", (TUNNEL,)), ("machine", MACHINES))
        }
        if not path.endswith("/connections"):
            return [{"id": each, "name": "replicas-edge-aws"} for each in ids["tunnel"]]
        if not self.seen or self.seen[-1] != set(ids["machine"]):
            self.seen.append(set(ids["machine"]))
        new = set(ids["machine"]) - self.seen[0]
        alive = sorted(set(ids["machine"]) - new) + sorted(new)[self.dead :]
        return [{"id": each, "conns": [{"is_pending_reconnect": False}]} for each in alive]


@contextmanager
def api(connected: Connected) -> Iterator[str]:
    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["authorization"] == "Bearer token"
            body = json.dumps({"result": connected.answer(urlsplit(self.path).path)}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def connected() -> Connected:
    return Connected()


@pytest.fixture
def operator(
    tmp_path: Path, running_env: Mapping[str, str], connected: Connected
) -> Iterator[Operator]:
    with api(connected) as url:
        found = Operator(tmp_path, {**running_env, "CLOUDFLARE_BASE_URL": url}, REPLICAS)
        applied = found.run("apply", "--yes", "--wait", "0", *ONLY)
        assert applied.returncode == 0, applied.stderr
        connected.state = found.state("edge-aws")
        yield found


def test_the_second_machine_goes_once_the_new_first_one_serves(
    operator: Operator, connected: Connected
) -> None:
    operator.change("edge:\n", "edge:\n  versions: {envoy: 1.39.0}\n")
    assert operator.plan(*ONLY)["edge-aws"] == (
        "replaces 2 machines of the edge of aws, one after another: its site has another one "
        "meanwhile"
    )
    done = operator.run("apply", "--yes", "--wait", "20", *ONLY)
    assert done.returncode == 0, done.stderr
    first, second, third = connected.seen
    assert [len(first), len(first & second), len(second & third), len(first & third)] == [
        2,
        1,
        1,
        0,
    ]
    assert set(operator.plan(*ONLY).values()) == {"nothing to do"}
    assert not list(operator.folder.rglob(OVERRIDE))


def test_no_other_machine_goes_where_the_new_one_does_not_serve(
    operator: Operator, connected: Connected
) -> None:
    operator.change("edge:\n", "edge:\n  versions: {envoy: 1.39.0}\n")
    connected.dead = 1
    failed = operator.run("apply", "--yes", "--wait", "4", *ONLY)
    assert failed.returncode == 1
    assert "the new machine does not serve (its tunnel has no new connector)" in failed.stderr
    assert len(connected.seen) == 2
    assert operator.plan(*ONLY)["edge-aws"] == (
        "replaces 1 machine of the edge of aws: its site has 1 other"
    )
    refused = operator.run("apply", "--yes", "--wait", "4", *ONLY)
    assert "not begun: no other machine of its site serves" in refused.stderr
    connected.dead = 0
    done = operator.run("apply", "--yes", "--wait", "20", *ONLY)
    assert done.returncode == 0, done.stderr
    assert set(operator.plan(*ONLY).values()) == {"nothing to do"}


@pytest.mark.parametrize("exposure", ["exposure: public, ", ""])
def test_all_clouds_hold_one_machine_while_another_is_replaced(
    tmp_path: Path, running_env: Mapping[str, str], exposure: str
) -> None:
    file = ROOT / "tests" / "golden" / "topologies" / "public-replicas.yaml"
    operator = Operator(tmp_path, running_env, file)
    operator.change("exposure: public, ", exposure)
    applied = operator.run("apply", "--yes", "--wait", "0", *ONLY)
    assert applied.returncode == 0, applied.stderr
    for site in ("aws", "google", "azure"):
        if not exposure:
            assert not _rolls_with_a_new_tunnel(operator, site)
    operator.change("edge: {", "edge: {versions: {envoy: 1.39.0}, ")
    applied = operator.run("apply", "--yes", "--wait", "0", *ONLY)
    assert applied.returncode == 0, applied.stderr
    for site in ("aws", "google", "azure"):
        log = (tmp_path / "cdktf.out" / "logs" / f"edge-{site}.log").read_text()
        assert (log.count("$ plan "), log.count("$ apply ")) == (3, 2)
        assert f"edge-{site}: replacing machines, 2 of 2" in applied.stderr
    assert set(operator.plan(*ONLY).values()) == {"nothing to do"}


def _rolls_with_a_new_tunnel(operator: Operator, site: str) -> bool:
    """Whether the machines go one after another where the tunnel that they hold is replaced."""
    folder = operator.folder / "cdktf.out" / "stacks" / f"edge-{site}"
    keys = Keys.read(operator.folder / "keys.env").environment()
    given = {name: value for name, value in operator.env.items() if value is not None}
    commands = Commands("terraform", {**os.environ, **given, **keys})
    resources = json.loads((folder / "cdk.tf.json").read_text())["resource"]
    [tunnel] = resources[TUNNEL]
    planned = commands.read(folder, ["plan", f"-replace={TUNNEL}.{tunnel}", "-out=a.plan"])
    assert planned.returncode == 0, planned.stderr
    plan = read_plan(commands.read(folder, ["show", "-json", "a.plan"]).stdout)
    machines = machines_of(load(operator.file).site(site), plan)
    assert machines.replaced == 2
    return machines.rolling
