"""The output of the load tools becomes figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trunkline.bench import load

WRK = """\
Running 2s test @ http://127.0.0.1:8000/api/v5
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.60ms    1.12ms  21.30ms   93.33%
    Req/Sec    10.37k     1.07k   11.53k    85.00%
  Latency Distribution
     50%  850.00us
     75%    1.79ms
     90%    2.29ms
     99%    1.02s
  20633 requests in 2.00s, 5.35MB read
  Socket errors: connect 0, read 1, write 2, timeout 3
  Non-2xx or 3xx responses: 4
Requests/sec:  10300.55
Transfer/sec:      2.67MB
"""


def test_units_and_errors_of_wrk_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_output", lambda command: WRK)
    assert load._wrk("wrk", "http://127.0.0.1") == load.Load("wrk", 10300.55, 0.85, 1020.0, 10)


def test_a_deviation_of_wrk_that_ends_like_a_percentile_is_not_read_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    output = WRK.replace("93.33%", "87.50%").replace("85.00%", "84.99%")
    monkeypatch.setattr(load, "_output", lambda command: output)
    assert load._wrk("wrk", "http://127.0.0.1") == load.Load("wrk", 10300.55, 0.85, 1020.0, 10)


def test_a_clean_run_of_wrk_has_no_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    clean = "".join(
        line for line in WRK.splitlines(True) if "errors" not in line and "Non" not in line
    )
    monkeypatch.setattr(load, "_output", lambda command: clean)
    result = load._wrk("wrk", "http://127.0.0.1")
    assert result.errors == 0
    assert str(result) == "10,301 requests/s, p50 0.85 ms, p99 1020.00 ms"


def test_json_of_autocannon_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = {
        "requests": {"average": 1500.5},
        "latency": {"p50": 7, "p99": 24},
        "errors": 1,
        "non2xx": 2,
    }
    monkeypatch.setattr(load, "_output", lambda command: json.dumps(printed))
    result = load._run_autocannon(Path("autocannon.js"), "http://127.0.0.1")
    assert result == load.Load("autocannon", 1500.5, 7.0, 24.0, 3)
    assert str(result).endswith(", 3 errors")


def test_only_installed_tools_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert dict(load.tools()) == {}
    (tmp_path / "wrk").write_text("#!/bin/sh\n")
    (tmp_path / "wrk").chmod(0o755)
    script = tmp_path / "node_modules" / "autocannon" / "autocannon.js"
    script.parent.mkdir(parents=True)
    script.touch()
    assert list(load.tools()) == ["wrk", "autocannon"]


def test_output_of_another_format_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "_output", lambda command: "wrk 9.9: everything is new")
    with pytest.raises(load.LoadError, match="printed no line like Requests"):
        load._wrk("wrk", "http://127.0.0.1")
    with pytest.raises(load.LoadError, match="printed '2m' for a time"):
        load._milliseconds("2m")


def test_a_tool_that_fails_is_an_error() -> None:
    with pytest.raises(load.LoadError, match="failed: Command"):
        load._output(["false"])
