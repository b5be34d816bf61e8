"""`trunkline traffic`: tables, JSON and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from doubles.services.analytics_engine import AnalyticsEngine
from support.analytics import TOKEN, point, served
from support.command import trunkline
from support.examples import ROOT

FREE = str(ROOT / "tests" / "golden" / "topologies" / "free-plan.yaml")


@pytest.fixture(scope="module")
def env() -> Iterator[Mapping[str, str]]:
    engine = AnalyticsEngine("0123456789abcdef0123456789abcdef", TOKEN)
    for milliseconds in range(1, 1_201):
        engine.write("free_plan", point(milliseconds=float(milliseconds)))
    engine.write("free_plan", point(site="", route="", status=404.0, milliseconds=0.0))
    engine.write("free_plan", point(site="", status=503.0, failed="aws: UH", milliseconds=3.0))
    with served(engine) as found:
        yield found


def test_a_table_has_the_groups_and_all_of_them(env: Mapping[str, str]) -> None:
    done = trunkline("traffic", FREE, env=env)
    assert done.returncode == 0, done.stderr
    first, *rows = done.stdout.splitlines()
    assert first == "1,202 requests in 24h: 1 error (0.08%), 0 failovers"
    assert [row.split() for row in rows] == [
        ["route", "site", "requests", "errors", "failovers", "p50", "ms", "p95", "ms", "p99", "ms"],
        ["/", "aws", "1,200", "0", "0", "600", "1,140", "1,188"],
        *([["no", "route", "the", "Worker", "1", "0", "0", "0", "0", "0"]]),
        ["/", "the", "Worker", "1", "1", "0", "3", "3", "3"],
        ["all", "1,202", "1", "0", "599", "1,140", "1,188"],
    ]


def test_over_time_it_has_a_row_for_each_interval_and_site(env: Mapping[str, str]) -> None:
    done = trunkline("traffic", FREE, "--every", "1d", "--since", "2d", "--site", "aws", env=env)
    assert done.stdout.startswith("1,200 requests in 2d, site aws: 0 errors, 0 failovers\n")
    assert "00:00:00  aws" in done.stdout


def test_csv_has_the_groups_alone(env: Mapping[str, str]) -> None:
    done = trunkline("traffic", FREE, "--by", "failed", "--format", "csv", env=env)
    assert done.stdout.splitlines() == [
        "failed,requests,errors,failovers,p50_ms,p95_ms,p99_ms",
        ",1201,0,0,600.0,1140.0,1188.0",
        "aws: UH,1,1,0,3.0,3.0,3.0",
    ]


def test_json_has_what_was_asked_and_every_figure(env: Mapping[str, str]) -> None:
    done = trunkline("traffic", FREE, "--since", "1h", "--format", "json", env=env)
    found = json.loads(done.stdout)
    assert found["topology"] == "free-plan"
    assert (found["since"], found["every"], found["by"]) == ("1h", "", ["route", "site"])
    assert found["total"]["requests"] == sum(each["requests"] for each in found["groups"])


def test_a_time_that_is_none_is_an_error(tmp_path: Path) -> None:
    done = trunkline("traffic", FREE, "--every", "hourly", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "--every 'hourly' is not a time; write minutes, hours or days: 15m, 24h, 7d\n"
    )
