"""An edge's logs and statistics reach a collector, and a collector that is away harms nobody."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from support.certificates import Authority
from support.collector import collector
from support.loopback import ask, eventually, free_port

from trunkline.envoy import Collector
from trunkline.model import Otlp

pytestmark = pytest.mark.slow

SITE = {"service.name": "trunkline-edge", "trunkline.site": "aws"}
ZONE = {"cloud.availability_zone": "us-east-1a"}


def reporting_to(endpoint: str, ca: str | None = None) -> Collector:
    upstream = Otlp(endpoint=endpoint, ca=ca).upstream
    return Collector(upstream=upstream, attributes={**SITE, **ZONE}, seconds=1)


def test_logs_and_statistics_arrive_with_site_and_zone(start: Any) -> None:
    with (
        collector() as received,
        start(collector=reporting_to(f"http://127.0.0.1:{received.port}")) as envoy,
    ):
        assert ask(envoy.port, "/api/v5/orders?token=hidden").status == 200
        eventually(lambda: "GET /api/v5/orders 200" in [each["body"] for each in received.records])
        eventually(lambda: "envoy.http.downstream_rq_total" in received.metric_names)
        [record] = [each for each in received.records if each["path"] == "/api/v5/orders"]
    assert record["route"] == "/api/v5" and record["status"] == "200"
    for kind, found in received.resources.items():
        assert found, kind
        assert all({**SITE, **ZONE}.items() <= each.items() for each in found), kind
    assert "hidden" not in f"{received.logs}{received.metrics}"
    assert not any("x-forwarded-for" in each for each in received.metadata)


@pytest.mark.parametrize(("trusted", "arrives"), [("own", True), ("other", False)])
def test_it_sends_only_to_the_collector_that_its_authority_vouches_for(
    start: Any, tmp_path: Path, trusted: str, arrives: bool
) -> None:
    authorities = {name: Authority(tmp_path, name) for name in ("own", "other")}
    pair = authorities["own"].pair("localhost")
    chain = [(Path(pair.key).read_bytes(), Path(pair.certificate).read_bytes())]
    ca = Path(authorities[trusted].certificate).read_text()
    with collector(grpc.ssl_server_credentials(chain)) as received:
        to = reporting_to(f"https://localhost:{received.port}", ca)
        with start(collector=to) as envoy:
            assert ask(envoy.port, "/api/v5").status == 200
            if arrives:
                eventually(lambda: received.logs and received.metrics)
            else:
                eventually(lambda: _statistic(envoy, "cluster.otlp.ssl.fail_verify_error") > 0)
                assert not received.logs and not received.metrics


@pytest.mark.parametrize("away", ["nobody listens", "no such name", "it never answers"])
def test_a_collector_that_is_away_harms_no_request(start: Any, away: str) -> None:
    with collector() as received:
        received.silent = away == "it never answers"
        endpoint = {
            "nobody listens": f"http://127.0.0.1:{free_port()}",
            "no such name": "https://otel.invalid:4317",
            "it never answers": f"http://127.0.0.1:{received.port}",
        }[away]
        began = time.monotonic()
        with start(collector=reporting_to(endpoint)) as envoy:
            assert time.monotonic() - began < 5
            memory = _memory(envoy)
            for _ in range(5000):
                assert ask(envoy.port, "/api/v5").status == 200
            assert _memory(envoy) - memory < 20 * 2**20
            eventually(lambda: _statistic(envoy, "open_telemetry_access_log.logs_dropped") > 0)


def _statistic(envoy: Any, name: str) -> int:
    lines = envoy.admin(f"/stats?filter={name}").decode().splitlines()
    return sum(int(line.rpartition(": ")[2]) for line in lines if name in line)


def _memory(envoy: Any) -> int:
    """The bytes that the Envoy of this folder has, which it is told on its command line."""
    [process] = [
        each
        for each in psutil.process_iter(["cmdline"])
        if f"{envoy.folder}/envoy.json" in (each.info["cmdline"] or ())
    ]
    return int(process.memory_info().rss)
