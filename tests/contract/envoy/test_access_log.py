"""A flood of requests fills no log, and hides no failure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.loopback import ask, eventually

from trunkline.envoy import log_limit
from trunkline.model import Forwarding, Upstream

Start = Callable[..., Any]

NOBODY = Upstream.from_url("http://127.0.0.1:1")  # no server listens there


@pytest.fixture
def limit(tmp_path: Path) -> str:
    """The limit, with a bucket of ten lines that stays empty."""
    content = log_limit()
    bucket = content["resources"][0]["resource"]
    bucket.update(max_tokens=10, tokens_per_fill=1, fill_interval="3600s")
    file = tmp_path / "limit.json"
    file.write_text(json.dumps(content))
    return str(file)


def test_a_flood_is_cut_to_the_limit_and_failures_are_not(start: Start, limit: str) -> None:
    failing = {"/down": Forwarding(upstream="down")}
    with start(routes=failing, upstreams={"down": NOBODY}, log_limit=limit) as envoy:
        before = _denied(envoy)
        for _ in range(30):
            assert ask(envoy.port, "/api/v5").status == 200
            assert ask(envoy.port, "/down").status == 503
        eventually(lambda: Counter(line["status"] for line in envoy.log()) == {200: 10, 503: 30})
        passed = sum(line["path"] == "/api/v5" for line in envoy.log())
        assert _denied(envoy) - before == 30 - passed


def _denied(envoy: Any) -> int:
    """How many lines were not written, as a statistic says."""
    return int(envoy.admin("/stats?filter=process_ratelimit.denied").split()[-2])


def test_the_limit_is_one_that_envoy_takes(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "limit.json"
    file.write_text(json.dumps(log_limit()))
    with start(log_limit=str(file)) as envoy:
        assert ask(envoy.port, "/api/v5").status == 200
        eventually(lambda: "/api/v5" in [line["path"] for line in envoy.log()])
        assert b"limit_discovery.update_rejected: 0" in envoy.admin("/stats?filter=discovery")
        assert (envoy.folder / "stderr").read_text() == ""
