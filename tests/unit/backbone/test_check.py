"""`trunkline backbone check`: what edges answer, as people and tools read it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.command import Done, trunkline
from support.examples import ROOT, THREE
from support.nodes import file_with_nodes, loaded

from trunkline.backbone.check import check_backbone, entries
from trunkline.backbone.check_client import CheckClient, CheckUnavailableError, Entry
from trunkline.errors import ConfigurationError
from trunkline.model import EDGE_KEY_HEADER
from trunkline.topology import load

FILE = ROOT / "topologies" / "backbone.yaml"
KEY = "5e" * 32
EXPIRES = 4_102_444_800  # in 2100
NODES = [f"{site}-{number}" for site in ("aws", "google", "azure") for number in (1, 2)]


class Edges:
    """What each node answers, where a test does not say something else."""

    def __init__(self) -> None:
        self.paths: dict[tuple[str, str], dict[str, Any]] = {}
        self.services: list[dict[str, Any]] = []
        self.silent: dict[str, str] = {}
        self.streams: list[tuple[str, str]] = []
        self.rate: float | None = 480.0

    def ask(self, entry: Entry, node: str, *what: str) -> dict[str, Any]:
        if node in self.silent:
            raise CheckUnavailableError(self.silent[node])
        match what:
            case ("paths",):
                return {"paths": [self._path(node, each) for each in NODES if each != node]}
            case ("throughput", target):
                self.streams.append((node, target))
                if self.rate is None:
                    raise CheckUnavailableError("no stream")
                return {"mbit_per_second": self.rate}
        return {"services": self.services if node == "aws-1" else []}

    def _path(self, node: str, target: str) -> dict[str, Any]:
        good = {"sent": 20, "lost": 0, "round_trip_ms": 1.4, "mtu": 1340, "configured_mtu": 1340}
        return {"node": target, **good, **self.paths.get((node, target), {})}


@pytest.fixture
def edges(monkeypatch: pytest.MonkeyPatch) -> Edges:
    made = Edges()
    monkeypatch.setattr(CheckClient, "ask", lambda _, *what: made.ask(*what))
    return made


def run(tmp_path: Path, *options: str, file: Path = FILE, **more: Any) -> Done:
    file = file_with_nodes(file, tmp_path)
    env = {"TF_VAR_edge_key": KEY}
    return trunkline("backbone", "check", file, *options, folder=tmp_path, env=env, **more)


def report(tmp_path: Path, *options: str, file: Path = FILE) -> tuple[int, dict[str, Any]]:
    done = run(tmp_path, "--format", "json", *options, file=file)
    return done.returncode, json.loads(done.stdout)


def test_every_site_is_measured_to_every_other(edges: Edges, tmp_path: Path) -> None:
    status, found = report(tmp_path)
    assert (status, found["healthy"]) == (0, True)
    assert len(found["paths"]) == 6 * 4
    measured = [path for path in found["paths"] if path["mbit_per_second"]]
    assert [(path["source"], path["target"]) for path in measured] == edges.streams
    assert len({(a[:-2], b[:-2]) for a, b in edges.streams}) == len(edges.streams) == 6
    assert all(path["key_days"] >= 0 for path in found["paths"])


def test_nothing_is_sent_without_throughput(edges: Edges, tmp_path: Path) -> None:
    assert report(tmp_path, "--no-throughput")[0] == 0
    assert edges.streams == []


@pytest.mark.parametrize(
    ("measured", "problem"),
    [
        ({"round_trip_ms": None, "lost": 20}, "not reachable"),
        ({"lost": 3}, "3 of 20 packets were lost"),
        ({"mtu": 1233}, "packets up to 1233 bytes arrive, and 1340 are sent"),
        ({"mtu": None}, "no packet of 576 bytes arrive, and 1340 are sent"),
        ({"error": "may not ping"}, "may not ping"),
    ],
)
def test_a_bad_path_is_a_problem(
    edges: Edges, tmp_path: Path, measured: dict[str, Any], problem: str
) -> None:
    edges.paths["aws-1", "google-1"] = measured
    status, found = report(tmp_path)
    assert (status, found["healthy"]) == (1, False)
    assert [path["problem"] for path in found["paths"] if path["problem"]] == [problem]


def test_one_lost_packet_is_none(edges: Edges, tmp_path: Path) -> None:
    edges.paths["aws-1", "google-1"] = {"lost": 1}
    assert report(tmp_path)[0] == 0


def test_a_stream_that_fails_is_a_problem(edges: Edges, tmp_path: Path) -> None:
    edges.rate = None
    status, found = report(tmp_path)
    assert status == 1
    assert found["paths"][0]["problem"] == "throughput: no stream"


def test_a_node_without_an_answer_does_not_lose_the_others(edges: Edges, tmp_path: Path) -> None:
    edges.silent["azure-1"] = "does not answer"
    done = run(tmp_path)
    assert done.returncode == 1
    assert "azure-1: does not answer" in done.stderr
    assert "4 problems, 1 node without an answer" in done.stderr
    assert "not measured: azure-1 has not answered" in done.stdout
    assert "1.4 ms" in done.stdout


def seen(**more: Any) -> dict[str, Any]:
    certificate = {"names": ["x.googleapis.com"], "issuer": "Google", "expires": EXPIRES}
    fixed = {"service": "vertex-ai", "host": "us-east4-aiplatform.googleapis.com", "far": False}
    return {**fixed, "certificate": certificate, "first_byte_ms": 12.5, "status": 404, **more}


def test_a_service_is_shown_with_its_way_and_its_certificate(edges: Edges, tmp_path: Path) -> None:
    edges.services = [seen(), seen(far=True)]
    done = run(tmp_path)
    assert done.returncode == 0
    [first, second] = [line for line in done.stdout.splitlines() if "vertex-ai" in line]
    assert first.split()[:5] == ["aws-1", "vertex-ai", seen()["host"], "aws", ">"]
    assert "Google, until 2100-01-01" in first
    assert "12.5 ms" in first
    assert " aws " in second and "google" not in second.replace(seen()["host"], "")


def test_a_private_endpoint_is_on_the_way_to_a_service(edges: Edges, tmp_path: Path) -> None:
    host = "    hosts: [bedrock-runtime.us-east-1.amazonaws.com]"
    file = tmp_path / "private.yaml"
    file.write_text(FILE.read_text().replace(host, f"{host}\n    private: true"))
    edges.services = [seen(service="bedrock"), seen(service="azure-openai")]
    done = run(tmp_path, file=file)
    assert [line.count("aws > private endpoint ") for line in done.stdout.splitlines()[-2:]] == [
        1,
        0,
    ]
    found = report(tmp_path, file=file)[1]["services"]
    assert [each["private"] for each in found] == [True, False]


def test_a_certificate_that_expires_soon_is_a_problem(edges: Edges, tmp_path: Path) -> None:
    old = {"names": [], "issuer": "x", "expires": 1_000_000_000}
    edges.services = [seen(certificate=old)]
    status, found = report(tmp_path)
    assert status == 1
    assert found["services"][0]["problem"] == "its certificate expires on 2001-09-09"


def test_a_service_that_does_not_answer_is_a_problem(edges: Edges, tmp_path: Path) -> None:
    edges.services = [seen(error="closes the connection", certificate=None, first_byte_ms=None)]
    assert report(tmp_path)[0] == 1


def lines(tmp_path: Path, *options: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """State and finding of what `trunkline check --backbone` says of backbone and services."""
    file = file_with_nodes(FILE, tmp_path)
    env = {"TF_VAR_edge_key": KEY}
    command = ("check", file, "--backbone", "--format", "json", *options)
    done = trunkline(*command, folder=tmp_path, env=env)
    checks = json.loads(done.stdout)["checks"]
    found = [each for each in checks if each["what"] in ("backbone", "service")]
    return done.returncode, {each["where"]: (each["state"], each["said"]) for each in found}


def test_check_has_a_line_for_each_way_and_each_service(edges: Edges, tmp_path: Path) -> None:
    edges.services = [seen()]
    _, found = lines(tmp_path)
    assert found["aws to google"] == ("ok", "4 of 4 paths are well, 1.4 ms")
    assert len([where for where in found if " to " in where]) == 6
    [service] = [said for where, said in found.items() if where.endswith("at aws-1")]
    assert service[0] == "ok"
    assert edges.streams == [], "a check measures no throughput"


def test_some_bad_paths_of_a_way_are_a_warning_and_all_a_failure(
    edges: Edges, tmp_path: Path
) -> None:
    for number in (1, 2):
        for other in (1, 2):
            edges.paths[f"aws-{number}", f"azure-{other}"] = {"round_trip_ms": None}
    edges.paths["google-1", "azure-2"] = {"lost": 20, "round_trip_ms": None}
    _, found = lines(tmp_path)
    assert found["aws to azure"][0] == "failed"
    assert found["google to azure"] == (
        "warning",
        "3 of 4 paths are well; google-1 to azure-2: not reachable",
    )


def test_an_edge_that_does_not_measure_and_a_bad_service_are_failures(
    edges: Edges, tmp_path: Path
) -> None:
    edges.silent["google-1"] = "does not answer"
    edges.services = [seen(error="no answer")]
    status, found = lines(tmp_path)
    assert status == 1
    assert found["google-1"] == ("failed", "it does not measure: does not answer")
    assert any(state == "failed" for where, (state, _) in found.items() if "at aws-1" in where)


def test_check_refuses_a_backbone_that_is_not_there(tmp_path: Path) -> None:
    done = trunkline("check", THREE, "--backbone", folder=tmp_path, env={"TF_VAR_edge_key": KEY})
    assert done.returncode == 2
    assert "has no backbone to check" in done.stderr


def test_progress_is_for_a_terminal(edges: Edges, tmp_path: Path) -> None:
    assert run(tmp_path).stderr == ""
    assert run(tmp_path, terminal=True).returncode == 0


def test_the_edge_key_is_asked_for(tmp_path: Path) -> None:
    file = file_with_nodes(FILE, tmp_path)
    done = trunkline("backbone", "check", file, folder=tmp_path, env={"TF_VAR_edge_key": None})
    assert done.returncode == 2
    assert "the edge key is missing" in done.stderr


def test_a_topology_needs_a_backbone_and_its_keys() -> None:
    with pytest.raises(ConfigurationError, match="has no backbone to check"):
        check_backbone(load(THREE), CheckClient([KEY]))
    with pytest.raises(ConfigurationError, match="no keys yet for the edges of aws"):
        check_backbone(load(FILE), CheckClient([KEY]))


def test_replicas_behind_a_tunnel_share_a_hostname() -> None:
    found = entries(loaded(FILE))
    assert list(found) == NODES
    assert found["aws-1"] == found["aws-2"] == Entry("aws", "backbone-edge-aws.example.com")


# --- the client, before edges that answer something else


@contextmanager
def edge(status: int, headers: dict[str, str] | None = None) -> Iterator[tuple[Entry, list[str]]]:
    """An edge that answers everything so, and the edge keys that it has seen."""
    keys: list[str] = []

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.append(self.headers[EDGE_KEY_HEADER])
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Entry("aws", "127.0.0.1", server.server_address[1], tls=False), keys
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "of an earlier version; apply its stack edge-aws"),
        (503, "look at the machine's log"),
        (200, "without a valid signature; the answer is not used"),
        (403, "it has another edge key"),
    ],
)
def test_an_answer_without_a_signature_is_not_used(status: int, said: str) -> None:
    with edge(status) as (at, _), pytest.raises(CheckUnavailableError, match=said):
        CheckClient([KEY]).ask(at, "aws-1", "paths")


def test_both_keys_are_tried_while_one_is_rotated() -> None:
    with edge(403) as (at, keys), pytest.raises(CheckUnavailableError):
        CheckClient([KEY, "7a" * 32]).ask(at, "aws-1", "paths")
    assert keys == [KEY, "7a" * 32]


def test_a_time_that_the_edge_has_not_signed_is_not_used() -> None:
    headers = {"x-trunkline-time": "1.000", "x-trunkline-signature": "0" * 64}
    with edge(403, headers) as (at, keys), pytest.raises(CheckUnavailableError):
        CheckClient([KEY]).ask(at, "aws-1", "paths")
    assert len(keys) == 1


def test_an_edge_that_is_not_there_is_said() -> None:
    with pytest.raises(CheckUnavailableError, match="does not answer"):
        CheckClient([KEY]).ask(Entry("aws", "127.0.0.1", 9, tls=False), "aws-1", "paths")
    with pytest.raises(CheckUnavailableError, match="does not answer"):
        CheckClient([KEY], timeout=2).ask(Entry("aws", "127.0.0.1", 9), "aws-1", "paths")
